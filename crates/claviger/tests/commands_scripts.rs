//! The commands as scripts use them: signals leave nothing behind, ids alone, JSON errors, exit codes, files and pipes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

struct Workplace {
    dir: TempDir,
    endpoint: String,
    child: Child,
}

impl Workplace {
    fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = fs::File::create(dir.path().join("log")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_claviger"))
            .args(["dev", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data-dir"])
            .arg(dir.path().join("claviger-data"))
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let endpoint = line.split_whitespace().nth(2).unwrap().to_owned();
        Self { dir, endpoint, child }
    }

    fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_claviger"));
        command.args(words.split(' ')).current_dir(self.dir.path()).env("CLAVIGER_ENDPOINT", &self.endpoint);
        command
    }

    fn run(&self, words: &str) -> Output {
        self.command(words).output().unwrap()
    }

    fn text(&self, words: &str) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn fails(&self, words: &str, code: i32) -> String {
        let output = self.run(words);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{words}: {error}");
        error
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

#[test]
fn a_signal_during_generate_leaves_nothing_that_blocks_the_next_try() {
    let place = Workplace::open();
    // Accepts connections and never answers, so that the signal arrives while the command waits.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = format!("https://{}", silent.local_addr().unwrap());
    for signal in ["INT", "TERM", "KILL"] {
        let mut child = place.command("data-key-pair generate --spec EC_P256 --out pair");
        let mut child = child.env("CLAVIGER_ENDPOINT", &at).stderr(Stdio::null()).spawn().unwrap();
        let (mut connection, _) = silent.accept().unwrap();
        let _first_byte = connection.read(&mut [0]).unwrap();
        Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
        assert!(!child.wait().unwrap().success());
        for name in ["pair.pub", "pair.key", "pair.wrapped"] {
            assert!(!place.path(name).exists(), "{name} after SIG{signal}");
        }
    }
    place.text("data-key-pair generate --spec EC_P256 --out pair");
}

#[test]
fn wrong_values_name_the_allowed_ones_before_anything_is_sent() {
    let place = Workplace::open();
    let nowhere = "--endpoint https://127.0.0.1:1";
    let spec = place.fails(&format!("data-key-pair generate --spec rsa_2048 {nowhere}"), 2);
    assert!(spec.contains("EC_P256K") && spec.contains("ML_KEM_1024"), "{spec}");
    assert!(place.fails(&format!("data-key-pair generate --format pem {nowhere}"), 2).contains("DER"));
    assert!(place.fails(&format!("key create --spec AES {nowhere}"), 2).contains("Aliyun_AES_256"));
    assert!(place.fails(&format!("key create --usage SIGN {nowhere}"), 2).contains("SIGN/VERIFY"));
}

#[test]
fn aad_of_any_bytes_as_file_and_base64() {
    let place = Workplace::open();
    fs::write(place.path("aad"), [0, 255, 128]).unwrap();
    place.text("data-key-pair generate --spec EC_P256 --out pair --aad-file aad");
    let opened = place.text("data-key-pair open pair.wrapped --aad-base64 AP+A");
    assert_eq!(opened, fs::read_to_string(place.path("pair.key")).unwrap());
    place.fails("data-key-pair open pair.wrapped --aad-base64 AP+B", 3);
    place.fails("data-key-pair open pair.wrapped --aad x --aad-file aad", 2);
}

#[test]
fn lists_are_tables_of_every_page_and_quiet_prints_ids() {
    let place = Workplace::open();
    let id = place.text("key create --quiet --rotation-interval 365d");
    let id = id.trim_end();
    assert!(id.starts_with("key-") && !id.contains(char::is_whitespace), "{id}");
    assert_eq!(place.text(&format!("alias create alias/mine {id} --quiet")), "alias/mine\n");
    // Two keys, one per page.
    let table = place.text("key list --page-size 1");
    assert_eq!(table.lines().count(), 3, "{table}");
    let row = table.lines().find(|line| line.contains(id)).unwrap();
    for word in ["alias/mine", "Aliyun_AES_256", "Enabled", "next 20"] {
        assert!(row.contains(word), "{word} in {row}");
    }
    let json = |words: &str| serde_json::from_str::<Value>(&place.text(words)).unwrap();
    assert_eq!(json("key list --page-size 1 --output json")["Keys"]["Key"].as_array().unwrap().len(), 2);
    assert_eq!(json("key list --page-size 1 --page 2 --output json")["Keys"]["Key"].as_array().unwrap().len(), 1);
    let client_key = place.text(&format!("client-key create app --quiet --resource key/{id}"));
    let clients = place.text("client-key list");
    assert!(clients.contains(client_key.trim_end()) && !clients.contains("BEGIN"), "{clients}");
    place.text("client-key create by-alias --resource alias/mine");
    let refused = place.fails("client-key create wrong --resource key/KEY_ID", 1);
    assert!(refused.contains("claviger key list"), "{refused}");
}

#[test]
fn keys_are_deleted_and_kept_again() {
    let place = Workplace::open();
    let id = place.text("key create --quiet");
    let id = id.trim_end();
    assert!(place.text(&format!("key versions {id}")).contains("KeyVersionId"));
    assert!(place.text(&format!("key delete {id} --pending-days 7")).contains("PendingDeletion"));
    place.text(&format!("key cancel-deletion {id}"));
    assert!(place.text(&format!("key describe {id}")).contains("Enabled"));
}

#[test]
fn files_are_encrypted_and_signed() {
    let place = Workplace::open();
    fs::write(place.path("plain"), [0, 1, 255]).unwrap();
    fs::write(place.path("sealed"), place.text("encrypt --aad context plain")).unwrap();
    assert_eq!(place.run("decrypt --aad context sealed").stdout, [0, 1, 255]);
    place.fails("decrypt --aad other sealed", 3);
    fs::write(place.path("raw"), place.run("encrypt --raw plain").stdout).unwrap();
    let piped = place.command("decrypt --raw").stdin(fs::File::open(place.path("raw")).unwrap()).output().unwrap();
    assert_eq!(piped.stdout, [0, 1, 255]);
    let id = place.text("key create --spec EC_P256 --quiet");
    let id = id.trim_end();
    fs::write(place.path("signature"), place.text(&format!("sign --key-id {id} plain"))).unwrap();
    assert_eq!(place.text(&format!("verify --key-id {id} --signature signature plain")), "valid\n");
    place.fails(&format!("verify --key-id {id} --signature signature sealed"), 5);
}

#[test]
fn errors_are_json_and_say_what_to_do() {
    let place = Workplace::open();
    let error = |words: &str, code| {
        let text = place.fails(&format!("{words} --output json"), code);
        serde_json::from_str::<Value>(&text).unwrap_or_else(|error| panic!("{words}: {error} in {text}"))
    };
    let refused = error("key describe alias/none", 3);
    assert_eq!((refused["Code"].as_str(), refused["Status"].as_u64()), (Some("Forbidden.AliasNotFound"), Some(404)));
    assert!(refused["RequestId"].is_string() && refused["Hint"].is_string(), "{refused}");
    assert_eq!(error("key create --spec AES", 2)["Code"], "Client.Usage");
    let nobody = error("key list --endpoint https://127.0.0.1:1", 4);
    assert!(nobody["Hint"].as_str().unwrap().contains("is the server running?"), "{nobody}");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = silent.local_addr().unwrap();
    let late = error(&format!("key list --timeout 1 --endpoint https://{at}"), 4);
    assert!(late["Message"].as_str().unwrap().contains("within 1 s"), "{late}");
    let other = Workplace::open();
    fs::copy(other.path("claviger-data/ca.pem"), place.path("claviger-data/ca.pem")).unwrap();
    let untrusted = error("key list", 4);
    assert!(untrusted["Message"].as_str().unwrap().contains("./claviger-data/ca.pem"), "{untrusted}");
    let log = fs::read_to_string(place.path("log")).unwrap();
    assert!(log.contains("access-key.json") && log.contains("claviger data-key-pair generate"), "{log}");
}
