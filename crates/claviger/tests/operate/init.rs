//! `init`: names, credentials, and kills at any moment.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;

use crate::fixture::{Instance, must_fail, must_succeed};

/// Commit b11ca39 wrote the credentials into the directory that is backed up, and `hostnames = []`.
#[test]
fn init_names_the_server_and_keeps_credentials_out_of_the_data() {
    let instance = Instance::nothing();
    let printed = must_succeed(&instance.init(&["--hostname", "kms.example.org", "--hostname", "10.1.2.3"]));
    assert!(printed.contains("kms.example.org, 10.1.2.3") && printed.contains("edit `hostnames`"), "{printed}");
    let config = fs::read_to_string(instance.path("claviger.toml")).unwrap();
    assert!(config.contains("hostnames = [\"kms.example.org\", \"10.1.2.3\"]"), "{config}");
    for name in ["access-key.json", "client-key.json", "client-key-password.txt"] {
        assert!(!instance.path("data").join(name).exists(), "{name}");
        let kept = fs::metadata(instance.path("claviger-credentials").join(name)).unwrap();
        assert_eq!(kept.permissions().mode() & 0o777, 0o600, "{name}");
    }
    assert_eq!(fs::metadata(instance.path("claviger-credentials")).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::read_dir(instance.path("claviger-credentials")).unwrap().count(), 4, "no mark is left");
    instance.on_loopback();
    let server = instance.serve();
    let made = instance.json(&server, "claviger-credentials", &["key", "create"]);
    assert!(made["KeyMetadata"]["KeyId"].is_string(), "{made}");
    must_fail(&Instance::nothing().init(&["--hostname", "no name"]), "--hostname");
}

/// In commit b11ca39 the second `init` answered "already holds Claviger data" for most of these moments.
#[test]
fn init_killed_anywhere_is_finished_by_the_same_command() {
    let mut was_cut_off = 0;
    for round in 0..10 {
        let instance = Instance::nothing();
        let mut child = instance.init_command(&[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(round * round * 8));
        child.kill().unwrap();
        let has_ended = child.wait().unwrap().success();
        was_cut_off += usize::from(!has_ended);
        if has_ended {
            must_fail(&instance.init(&[]), "exists already");
        } else if instance.path("claviger.toml").exists() {
            // Between its last two steps, or between the last one and its output.
            let _either = instance.init(&[]);
        } else {
            must_succeed(&instance.init(&[]));
        }
        instance.on_loopback();
        drop(instance.serve());
    }
    assert!(was_cut_off > 0, "at least the first is killed before it did anything");
    // The moment that commit b11ca39 could not recover from: everything exists but the configuration.
    let instance = Instance::made();
    fs::remove_file(instance.path("claviger.toml")).unwrap();
    must_fail(&instance.init(&[]), "already holds Claviger data");
    fs::write(instance.path("claviger-credentials/init-is-not-finished"), b"").unwrap();
    let key = fs::read(instance.path("claviger-credentials/access-key.json")).unwrap();
    must_succeed(&instance.init(&[]));
    assert_eq!(fs::read(instance.path("claviger-credentials/access-key.json")).unwrap(), key);
    instance.on_loopback();
    let server = instance.serve();
    must_succeed(&instance.call(&server, "claviger-credentials", &["key", "list"]));
}

/// In commit b11ca39 a root key of this name was its own unfinished file, and `init` always failed.
#[test]
fn a_root_key_may_end_in_unfinished() {
    let instance = Instance::nothing();
    let arguments = ["init", "--data-dir", "data", "--root-key-file", "root.unfinished", "--config", "claviger.toml"];
    must_succeed(&instance.run(&arguments));
    must_succeed(&instance.run(&["serve", "--check"]));
}
