//! Access keys: exchanged at a running server, replaced with the root key.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::fixture::{Instance, must_fail, must_succeed};

/// In commit b11ca39 the only access key could not be replaced.
#[test]
fn access_keys_are_exchanged_at_a_running_server() {
    let instance = Instance::made();
    instance.on_loopback();
    let server = instance.serve();
    let first = "claviger-credentials";
    let listed = instance.json(&server, first, &["access-key", "list"]);
    let old = listed["AccessKeys"][0]["AccessKeyId"].as_str().unwrap().to_owned();
    assert_eq!(listed["AccessKeys"][0]["SignsHere"], true, "{listed}");
    for action in ["disable", "delete"] {
        let own = instance.call(&server, first, &["access-key", action, &old]);
        must_fail(&own, "is the key that this command signs with (claviger-credentials/access-key.json)");
        must_fail(&own, "give --yes");
        must_fail(&instance.call(&server, first, &["access-key", action, &old, "--yes"]), "last active access key");
    }
    fs::create_dir(instance.path("second")).unwrap();
    fs::copy(instance.path("data/ca.pem"), instance.path("second/ca.pem")).unwrap();
    let create = ["access-key", "create", "--out", "second/access-key.json"];
    let made = instance.json(&server, first, &create);
    assert_eq!(fs::metadata(instance.path("second/access-key.json")).unwrap().permissions().mode() & 0o777, 0o600);
    must_fail(&instance.call(&server, first, &create), "exists already and is not overwritten");
    must_fail(&instance.call(&server, first, &["access-key", "create"]), "LimitExceeded.User.AccessKey");
    assert!(!made.to_string().contains("Secret"), "{made}");
    let listed = instance.json(&server, "second", &["access-key", "list"]);
    for key in listed["AccessKeys"].as_array().unwrap() {
        assert_eq!(key["SignsHere"], key["AccessKeyId"] == made["AccessKeyId"], "{listed}");
    }
    must_succeed(&instance.call(&server, "second", &["access-key", "disable", &old]));
    must_fail(&instance.call(&server, first, &["key", "list"]), "InvalidAccessKeyId.Inactive");
    must_succeed(&instance.call(&server, "second", &["access-key", "enable", &old]));
    must_succeed(&instance.call(&server, first, &["key", "list"]));
    must_succeed(&instance.call(&server, "second", &["access-key", "delete", &old]));
    must_fail(&instance.call(&server, first, &["key", "list"]), "InvalidAccessKeyId.NotFound");
    must_fail(&instance.call(&server, "second", &["access-key", "delete", &old]), "EntityNotExist.User.AccessKey");
    let in_this_directory = instance.json(&server, "second", &["access-key", "create"]);
    let id = in_this_directory["AccessKeyId"].as_str().unwrap();
    assert!(instance.path(&format!("access-key-{id}.json")).exists(), "{in_this_directory}");
}

#[test]
fn creating_an_access_key_prints_the_next_step() {
    let instance = Instance::made();
    instance.on_loopback();
    let server = instance.serve();
    let run = |arguments: &[&str]| {
        let with = ["--endpoint", &server.endpoint, "--data-dir", "claviger-credentials"];
        must_succeed(&instance.run(&[arguments, &with].concat()))
    };
    let listed = run(&["access-key", "list"]);
    let old = listed.split_whitespace().find(|word| word.starts_with("LTAI")).unwrap();
    let made = run(&["access-key", "create", "--out", "new.json"]);
    for words in [
        "next: copy new.json to claviger-credentials/access-key.json",
        &format!("then `claviger access-key disable {old}`"),
    ] {
        assert!(made.contains(words), "{words} in: {made}");
    }
    // As the output says.
    fs::copy(instance.path("new.json"), instance.path("claviger-credentials/access-key.json")).unwrap();
    run(&["access-key", "disable", old]);
    run(&["key", "list"]);
}

/// In commit b11ca39 a lost access key locked its owner out permanently.
#[test]
fn a_lost_access_key_is_replaced_with_the_root_key() {
    let instance = Instance::made();
    instance.on_loopback();
    let listed = must_succeed(&instance.run(&["access-key", "list", "--config", "claviger.toml", "--output", "json"]));
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let lost = listed["AccessKeys"][0]["AccessKeyId"].as_str().unwrap();
    let server = instance.serve();
    let offline = ["--root-key-file", "root.key", "--data-dir", "data"];
    let run = |arguments: &[&str]| instance.run(&[arguments, &offline].concat());
    must_fail(&run(&["access-key", "create"]), "another process has the store");
    drop(server);
    fs::remove_file(instance.path("claviger-credentials/access-key.json")).unwrap();
    must_succeed(&run(&["access-key", "create", "--out", "claviger-credentials/access-key.json"]));
    must_succeed(&run(&["access-key", "delete", lost]));
    must_fail(&run(&["access-key", "delete", lost]), "no such access key");
    let server = instance.serve();
    must_succeed(&instance.call(&server, "claviger-credentials", &["key", "create"]));
    drop(server);
    must_succeed(&instance.run(&["audit", "verify", "--data-dir", "data"]));
    fs::write(instance.path("other.key"), format!("claviger-root-key-v1 {}\n", "0".repeat(64))).unwrap();
    fs::set_permissions(instance.path("other.key"), fs::Permissions::from_mode(0o600)).unwrap();
    let wrong = ["access-key", "list", "--root-key-file", "other.key", "--data-dir", "data"];
    must_fail(&instance.run(&wrong), "use the root key file this store was made with");
}
