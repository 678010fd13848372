//! `client-key`: permissions and networks, and an access point that is created with its first key or not at all.

use serde_json::Value;

use crate::fixture::Workplace;

#[test]
fn a_refused_call_says_where_to_look() {
    let place = Workplace::open();
    place.text(&["client-key", "create", "abroad", "--network", "10.0.0.0/8"]);
    for name in ["client-key.json", "client-key-password.txt"] {
        let own = name.replace("client-key", "abroad");
        std::fs::copy(place.path(&own), place.path("claviger-data").join(name)).unwrap();
    }
    let refused = place.fails(&["data-key-pair", "generate", "--spec", "EC_P256"], 3);
    assert!(refused.contains("Forbidden.NoPermission"), "{refused}");
    assert!(refused.contains("try: `claviger client-key list` shows what this client key may use"), "{refused}");
    assert!(refused.contains("the source address must be in its networks too"), "{refused}");
    let listed = place.text(&["client-key", "list"]);
    let row = listed.lines().find(|line| line.contains("abroad")).unwrap();
    place.text(&["client-key", "revoke", row.split_whitespace().next().unwrap()]);
    let refused = place.fails(&["data-key-pair", "generate", "--spec", "EC_P256"], 3);
    assert!(refused.contains("Unauthorized") && refused.contains("`claviger client-key create NAME`"), "{refused}");
}

#[test]
fn networks_and_resources_are_shown() {
    let place = Workplace::open();
    let restricted = ["client-key", "create", "near", "--network", "10.0.0.0/8", "--network", "fd00::/8"];
    let made = place.text(&restricted);
    let line = |name: &str| made.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{made}"));
    assert!(line("Networks").ends_with(" 10.0.0.0/8, fd00::/8"), "{made}");
    assert!(line("Resources").ends_with(" key/*"), "{made}");
    assert!(made.lines().all(|line| !line.is_empty()), "no stray line: {made}");
    assert!(place.text(&["client-key", "create", "far"]).contains("everywhere"));
    let listed = place.text(&["client-key", "list"]);
    assert!(listed.lines().next().unwrap().ends_with("NETWORKS"), "{listed}");
    let row = |name: &str| listed.lines().find(|line| line.contains(name)).unwrap();
    assert!(row("near").ends_with("  10.0.0.0/8, fd00::/8"), "{listed}");
    assert!(row("far").ends_with("everywhere"), "{listed}");
    let json: Value = serde_json::from_str(&place.text(&["client-key", "list", "--output", "json"])).unwrap();
    let keys = json["ClientKeys"].as_array().unwrap();
    let near = keys.iter().find(|key| key["AapName"] == "near").unwrap();
    assert_eq!(near["Policies"][0]["Networks"], serde_json::json!(["10.0.0.0/8", "fd00::/8"]));
}

/// Formerly, the access point remained, and the corrected command was refused.
#[test]
fn a_create_that_fails_leaves_no_access_point() {
    let place = Workplace::open();
    let create = ["client-key", "create", "fresh", "--network", "127.0.0.0/8"];
    let with = |begin, end| [create.as_slice(), &["--not-before", begin, "--not-after", end]].concat();
    let past = place.fails(&with("2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"), 1);
    assert!(past.contains("--not-after 2021-01-01T00:00:00Z has passed"), "{past}");
    let turned = place.fails(&with("2091-01-01T00:00:00Z", "2090-01-01T00:00:00Z"), 1);
    assert!(turned.contains("is not after --not-before 2091-01-01T00:00:00Z"), "{turned}");
    let malformed = place.fails(&with("2090-01-01", "2091-01-01"), 2);
    assert!(malformed.contains("2027-01-01T00:00:00Z"), "{malformed}");
    assert_eq!(place.files(), Vec::<String>::new());
    place.text(&create);
}
