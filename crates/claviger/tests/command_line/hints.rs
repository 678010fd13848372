//! Hints that can be typed as shown: they contain the key, the host or the directory that the user named.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::Stdio;

use crate::fixture::{Workplace, stderr_text};

#[test]
fn hints_name_the_key_that_was_asked_for() {
    let place = Workplace::open();
    let id = place.text(&["key", "create", "--quiet"]);
    let id = id.trim_end();
    let generate = ["data-key-pair", "generate", "--spec", "EC_P256", "--key-id"];
    let with = |key| [generate.as_slice(), &[key]].concat();
    for words in [with("alias/none").as_slice(), &["key", "describe", "alias/none"], &["key", "delete", "alias/none"]] {
        let refused = place.fails(words, 3);
        assert!(refused.contains("there is no key 'alias/none'; `claviger key list`"), "{words:?}: {refused}");
    }
    let refused = place.fails(&["client-key", "create", "app", "--resource", "alias/none"], 3);
    assert!(refused.contains("there is no key 'alias/none'"), "{refused}");
    place.text(&["key", "disable", id]);
    let refused = place.fails(&with(id), 3);
    assert!(refused.contains(&format!("try: `claviger key enable {id}`")), "{refused}");
    place.text(&["key", "enable", id]);
    // The state of the key, and the undo command, which works as shown.
    let deleted = place.command(&["key", "delete", id]).output().unwrap();
    let undo = stderr_text(&deleted);
    let until = String::from_utf8(deleted.stdout).unwrap();
    let until = until.lines().find(|line| line.starts_with("DeleteDate")).unwrap().split_whitespace().nth(1).unwrap();
    assert_eq!(undo, format!("to keep it until {until}: claviger key cancel-deletion {id}\n"));
    for words in [with(id).as_slice(), &["key", "enable", id]] {
        let refused = place.fails(words, 3);
        assert!(refused.contains(&format!("`claviger key cancel-deletion {id}` keeps")), "{words:?}: {refused}");
    }
    place.text(&["key", "cancel-deletion", id]);
    place.text(&with(id));
    place.text(&["alias", "delete", "alias/dev"]);
    fs::write(place.path("plain"), "x").unwrap();
    for words in [["encrypt", "plain"].as_slice(), &["data-key-pair", "generate"]] {
        let refused = place.fails(words, 3);
        assert!(refused.contains("there is no key 'alias/dev' (the default); give --key-id"), "{words:?}: {refused}");
    }
    // A program gets the result only.
    let json = place.command(&["key", "delete", id, "--output", "json"]).output().unwrap();
    assert!(json.status.success() && json.stderr.is_empty(), "{}", stderr_text(&json));
}

#[test]
fn hints_say_what_was_meant() {
    let place = Workplace::open();
    for action in [["alias", "create", "main", "alias/dev"].as_slice(), &["alias", "delete", "main"]] {
        let refused = place.fails(action, 2);
        assert!(refused.contains("starts with alias/: try alias/main"), "{refused}");
    }
    let refused = place.fails(&["data-key-pair", "generate", "--spec", "EC_P384"], 3);
    assert!(refused.contains("this server has extended_key_pair_specs off"), "{refused}");
    let refused = place.fails(&["encrypt"], 1);
    assert!(refused.contains("nothing to encrypt on standard input"), "{refused}");
    fs::write(place.path("empty"), "").unwrap();
    let refused = place.fails(&["encrypt", "empty"], 1);
    assert!(refused.contains("empty: is empty; there is nothing to encrypt"), "{refused}");
    let refused = place.fails(&["key", "list", "--endpoint", "http://127.0.0.1:18443"], 1);
    assert!(refused.contains("try: https://127.0.0.1:18443\n"), "{refused}");
    let refused = place.fails(&["dev", "--listen", "127.0.0.1"], 2);
    assert!(refused.contains("for example 127.0.0.1:8443"), "{refused}");
}

#[test]
fn a_data_directory_without_credentials_says_who_needs_them() {
    let place = Workplace::open();
    fs::create_dir(place.path("data")).unwrap();
    fs::copy(place.path("claviger-data/ca.pem"), place.path("data/ca.pem")).unwrap();
    let refused = place.fails(&["key", "list", "--data-dir", "data"], 1);
    for words in ["data/access-key.json", "control-plane commands need it", "must be the credentials directory"] {
        assert!(refused.contains(words), "{words} in: {refused}");
    }
    let refused = place.fails(&["data-key-pair", "generate", "--data-dir", "data"], 1);
    assert!(
        refused.contains("data/client-key.json") && refused.contains("commands that use keys need it"),
        "{refused}"
    );
}

/// Formerly, the instance was created, and the next start did not mention its credentials.
#[test]
fn a_first_start_at_a_used_address_names_the_options_and_creates_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap().to_string();
    for addresses in [[at.as_str(), "127.0.0.1:0"], ["127.0.0.1:0", &at]] {
        let mut dev = std::process::Command::new(env!("CARGO_BIN_EXE_claviger"));
        dev.args(["dev", "--listen", addresses[0], "--admin", addresses[1]]).current_dir(dir.path());
        let ended = dev.output().unwrap();
        let text = stderr_text(&ended);
        assert_eq!(ended.status.code(), Some(1), "{text}");
        assert!(text.contains(&format!("cannot listen on {at}")), "{text}");
        assert!(text.contains("`--listen 127.0.0.1:0 --admin 127.0.0.1:0`"), "{text}");
        assert!(!dir.path().join("claviger-data/client-key.json").exists(), "nothing was made");
    }
    let mut dev = std::process::Command::new(env!("CARGO_BIN_EXE_claviger"));
    dev.args(["dev", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]).current_dir(dir.path());
    let mut child = dev.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let is_told = lines.map(Result::unwrap).any(|line| line.contains("its credentials are in"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(is_told);
}
