//! Refusals name what the operator typed: the option, the directory, the file, the address.

use std::fs;
use std::process::Command;

use crate::fixture::Workplace;

#[test]
fn wrong_values_name_their_option() {
    let place = Workplace::open();
    for wrong in ["6d", "731d", "7", "", "7 d"] {
        for words in [
            ["key", "create", "--rotation-interval", wrong].as_slice(),
            &["key", "rotation", "alias/dev", "on", "--interval", wrong],
        ] {
            let refused = place.fails(words, 2);
            assert!(refused.contains("interval") && refused.contains("7d to 730d"), "{words:?}: {refused}");
        }
    }
    for wrong in ["999.0.0.0/8", "10.0.0.1/8", "::ffff:10.0.0.0/104"] {
        let refused = place.fails(&["client-key", "create", "app", "--network", wrong], 2);
        assert!(refused.contains("--network") && refused.contains("10.0.0.0/8"), "{wrong}: {refused}");
    }
    assert!(place.text(&["key", "list", "--help"]).contains("1 to 3600"));
}

#[test]
fn a_probe_of_the_tls_port_is_told_so() {
    let place = Workplace::open();
    let authority = place.endpoint.strip_prefix("https://").unwrap();
    for address in [authority, &format!("http://{authority}"), &place.endpoint] {
        let refused = place.fails(&["health", "--admin", address], 1);
        assert!(refused.contains("looks like the TLS port") && refused.contains("`admin` address"), "{refused}");
    }
}

#[test]
fn an_endpoint_with_a_password_is_refused_and_not_repeated() {
    let place = Workplace::open();
    let with_password = place.endpoint.replace("https://", "https://user:hunter2@");
    let refused = place.fails(&["key", "list", "--endpoint", &with_password], 1);
    assert!(refused.contains("user or a password") && !refused.contains("hunter2"), "{refused}");
}

#[test]
fn empty_files_and_missing_directories_are_named() {
    let place = Workplace::open();
    fs::write(place.path("empty"), "").unwrap();
    for words in [["data-key-pair", "open", "empty"].as_slice(), &["decrypt", "empty"], &["decrypt", "--raw", "empty"]]
    {
        let refused = place.fails(words, 1);
        assert!(refused.contains("empty: is empty"), "{words:?}: {refused}");
    }
    let generate = ["data-key-pair", "generate", "--spec", "EC_P256", "--out", "no/such"];
    let refused = place.fails(&generate, 1);
    assert!(refused.contains("there is no directory no;") && !refused.contains("unfinished"), "{refused}");
}

/// An intact log must not be set aside by a mistyped command.
#[test]
fn resetting_the_audit_log_asks_first() {
    let mut place = Workplace::open();
    place.end_server();
    let refused = place.fails(&["audit", "reset"], 1);
    assert!(refused.contains("there is no terminal to ask at") && refused.contains("--yes"), "{refused}");
    let audit = place.path("claviger-data/audit");
    assert!(audit.join("head").exists());
    // `script` provides a terminal.
    let on_a_terminal = |answer: &str| {
        let line = format!("echo {answer} | script -qec '{} audit reset' /dev/null", env!("CARGO_BIN_EXE_claviger"));
        Command::new("sh").args(["-c", &line]).current_dir(place.dir.path()).output().unwrap()
    };
    if Command::new("script").arg("--version").output().is_ok() {
        let asked = on_a_terminal("no");
        let text = String::from_utf8_lossy(&asked.stdout).into_owned();
        assert!(text.contains("Reset? [yes/no]") && text.contains("nothing was changed"), "{text}");
        assert!(audit.join("head").exists());
        assert!(on_a_terminal("yes").status.success());
        assert!(!audit.exists());
    } else {
        println!("not looked at: the question itself, for want of `script`");
        place.text(&["audit", "reset", "--yes"]);
        assert!(!audit.exists());
    }
}
