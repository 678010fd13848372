//! The commands as users and scripts see them: the fixed names, JSON for programs, and errors
//! that say what to try and leave nothing unfinished.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A development server and a working directory.
struct Workplace {
    dir: TempDir,
    endpoint: String,
    child: Child,
}

impl Workplace {
    fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_claviger"))
            .args(["dev", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data-dir"])
            .arg(dir.path().join("claviger-data"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let words: Vec<_> = line.split_whitespace().collect();
        assert_eq!((words[0], words[1], words[3], words.len()), ("claviger", "ready", "instance", 5), "{line}");
        let endpoint = words[2].to_owned();
        Self { dir, endpoint, child }
    }

    /// Run in the directory, so that the default `./claviger-data` is that of the server.
    fn run(&self, command: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_claviger"))
            .args(command.split(' '))
            .current_dir(self.dir.path())
            .env("CLAVIGER_ENDPOINT", &self.endpoint)
            .output()
            .unwrap()
    }

    fn json(&self, command: &str) -> Value {
        let output = self.run(&format!("{command} --output json"));
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{command}: {error} in {text}"))
    }

    fn must_fail(&self, command: &str, words: &str) {
        let output = self.run(command);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && text.contains(words), "{command}: expected `{words}` in: {text}");
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

fn help(command: &str) -> String {
    let mut words: Vec<_> = command.split_whitespace().collect();
    words.push("--help");
    let output = Command::new(env!("CARGO_BIN_EXE_claviger")).args(words).output().unwrap();
    assert!(output.status.success(), "{command} --help");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_names_and_defaults_that_do_not_change() {
    let dev = help("dev");
    for fixed in
        ["--data-dir", "./claviger-data", "--listen", "127.0.0.1:8443", "--admin", "127.0.0.1:8444", "--hostname"]
    {
        assert!(dev.contains(fixed), "dev --help: {fixed}");
    }
    assert!(help("serve").contains("--config"));
    assert!(help("audit verify").contains("--data-dir"));
    help("demo");
    help("init");
    let with_output = [
        "data-key-pair generate",
        "data-key-pair open",
        "key create",
        "key describe",
        "key list",
        "key rotate",
        "key enable",
        "key disable",
        "key rotation",
        "alias create",
        "alias list",
        "alias delete",
        "client-key create",
        "client-key list",
        "client-key revoke",
        "audit verify",
    ];
    for command in with_output {
        assert!(help(command).contains("--output"), "{command} --help");
    }
}

#[test]
fn every_command_speaks_json() {
    let place = Workplace::open();
    for name in ["ca.pem", "client-key.json", "client-key-password.txt", "access-key.json"] {
        assert!(place.path("claviger-data").join(name).is_file(), "{name}");
    }
    let key = place.json("key create --rotation-interval 365d")["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned();
    assert_eq!(place.json("key list")["TotalCount"], 2);
    assert_eq!(place.json(&format!("key describe {key}"))["KeyMetadata"]["RotationInterval"], "31536000s");
    place.json(&format!("key rotation {key} off"));
    place.json(&format!("key rotation {key} on --interval 7d"));
    let rotated = place.json(&format!("key rotate {key}"));
    place.json(&format!("key disable {key}"));
    place.must_fail(&format!("data-key-pair generate --spec EC_P256 --key-id {key}"), "claviger key enable");
    place.json(&format!("key enable {key}"));
    place.json(&format!("alias create alias/mine {key}"));
    assert_eq!(place.json("alias list")["TotalCount"], 2);
    let made = place.json("data-key-pair generate --spec EC_P256 --key-id alias/mine --aad context");
    assert_eq!(made["KeyVersionId"], rotated["KeyVersion"]["KeyVersionId"]);
    fs::write(place.path("wrapped.txt"), made["PrivateKeyCiphertextBlob"].as_str().unwrap()).unwrap();
    assert_eq!(place.json("data-key-pair open wrapped.txt --aad context")["KeyId"], key);
    place.must_fail("data-key-pair open wrapped.txt --aad other", "wrong Aad");
    place.json("alias delete alias/mine");
    place.must_fail("alias delete alias/mine", "claviger alias list");
    assert_eq!(place.json("audit verify")["Verified"], true);
}

#[test]
fn a_pair_in_files_opens_again_and_no_file_is_overwritten() {
    let place = Workplace::open();
    let made = place.json("data-key-pair generate --spec EC_P256 --out mykey");
    assert_eq!(made["Files"].as_array().unwrap().len(), 3);
    let opened = place.run("data-key-pair open mykey.wrapped");
    assert_eq!(opened.stdout, fs::read(place.path("mykey.key")).unwrap());
    let requests = place.json("audit verify")["Requests"].as_u64().unwrap();
    place.must_fail("data-key-pair generate --spec EC_P256 --out mykey", "choose another name");
    assert_eq!(place.json("audit verify")["Requests"], requests, "no pair was made that could not be kept");
    assert_eq!(opened.stdout, fs::read(place.path("mykey.key")).unwrap());
    place.must_fail("data-key-pair generate --spec rsa_2048 --out other", "--help");
    assert!(!place.path("other.pub").exists() && !place.path("other.key").exists());
}

#[test]
fn a_client_key_that_could_not_be_kept_is_not_made() {
    let place = Workplace::open();
    let made = place.json("client-key create app");
    let count = |place: &Workplace| place.json("client-key list")["ClientKeys"].as_array().unwrap().len();
    assert_eq!(count(&place), 2);
    place.must_fail("client-key create app", "choose another name");
    place.must_fail("client-key create app2 --out nowhere", "nowhere");
    assert_eq!(count(&place), 2);
    let key_file = place.path("app.json");
    let content: Value = serde_json::from_slice(&fs::read(&key_file).unwrap()).unwrap();
    assert_eq!(content["KeyId"], made["ClientKeyId"]);
    place.json(&format!("client-key revoke {}", made["ClientKeyId"].as_str().unwrap()));
    assert_eq!(count(&place), 1);
}

#[test]
fn mistakes_of_newcomers_are_explained() {
    let dir = tempfile::tempdir().unwrap();
    let run = |command: &str, at: &Path| {
        let output = Command::new(env!("CARGO_BIN_EXE_claviger")).args(command.split(' ')).current_dir(at).output();
        let output = output.unwrap();
        assert!(!output.status.success(), "{command}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(run("key list", dir.path()).contains("--data-dir"));
    assert!(run("audit verify", dir.path()).contains("--data-dir"));
    assert!(run("serve", dir.path()).contains("claviger init"));
    assert!(run("init --config no/such.toml", dir.path()).contains("directory does not exist"));
    assert!(run("init --root-key-file no/such.key", dir.path()).contains("check that its directory exists"));
    assert!(!dir.path().join("claviger.toml").exists(), "an init that failed leaves no configuration");
    let place = Workplace::open();
    let nobody = "key list --endpoint https://127.0.0.1:1";
    place.must_fail(nobody, "is the server running");
    place.must_fail("key list --endpoint ftp://x/y", "is not an endpoint");
}
