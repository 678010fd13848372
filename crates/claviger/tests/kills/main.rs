//! Kills the server with SIGKILL at random moments while keys are created, changed, rotated and destroyed, aliases
//! bound and pairs generated. After each restart every acknowledged key, version and alias exists, every wrapped key
//! opens to the same bytes, the audit chain verifies, and every change in the store, acknowledged or not, has exactly
//! one audit record. `CLAVIGER_KILLS` sets the number of kills (default 20), `CLAVIGER_BINARY` the binary (default: the
//! one just built).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]
#![allow(clippy::print_stderr, reason = "a failing run must say what it did")]

mod records;
mod writers;

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use claviger_base::random;
use claviger_client::{AccessKey, ClientError, ClientKey, Endpoint, InstanceClient, RpcClient};
use claviger_wire::instance::Operation;
use claviger_wire::instance::message::{
    AdvanceDecryptResponse, AdvanceGenerateDataKeyPairRequest, AdvanceGenerateDataKeyPairResponse, DecryptRequest,
};
use claviger_wire::rpc::Action;
use claviger_wire::rpc::aliases::ListAliasesAnswer;
use claviger_wire::rpc::keys::KeyAnswer;
use claviger_wire::rpc::versions::KeyVersionAnswer;
use serde_json::Value;
use tokio::runtime::Runtime;

use records::Records;
use writers::{Rotating, WRITERS, advance_clock, retire, write};

/// What the server has acknowledged.
#[derive(Default)]
struct Acknowledged {
    keys: Vec<String>,
    versions: Vec<(String, String)>,
    aliases: Vec<(String, String)>,
    blobs: Vec<(Vec<u8>, Vec<u8>)>,
}

struct Server {
    child: Child,
    endpoint: String,
    admin: SocketAddr,
}

fn binary() -> String {
    std::env::var("CLAVIGER_BINARY").unwrap_or_else(|_unset| env!("CARGO_BIN_EXE_claviger").to_owned())
}

impl Server {
    fn start(data_dir: &Path) -> Self {
        let admin = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut child = Command::new(binary())
            .args(["dev", "--listen", "127.0.0.1:0", "--admin", &admin.to_string(), "--data-dir"])
            .arg(data_dir)
            .args(["--data-key-pair-concurrency", "unlimited"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let endpoint = line.strip_prefix("claviger ready ").and_then(|rest| rest.split(' ').next());
        let endpoint = endpoint.unwrap_or_else(|| panic!("not ready: {line:?}")).to_owned();
        Self { child, endpoint, admin }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

struct Clients {
    instance: InstanceClient,
    rpc: RpcClient,
}

impl Clients {
    fn new(server: &Server, dir: &Path) -> Self {
        let endpoint = Endpoint::new(&server.endpoint, &std::fs::read(dir.join("ca.pem")).unwrap()).unwrap();
        let key = ClientKey::read(&dir.join("client-key.json"), &dir.join("client-key-password.txt")).unwrap();
        let rpc = RpcClient::new(endpoint.clone(), AccessKey::read(&dir.join("access-key.json")).unwrap());
        Self { instance: InstanceClient::new(endpoint, key), rpc }
    }

    async fn pair(&self, key: &str) -> Result<AdvanceGenerateDataKeyPairResponse, ClientError> {
        let request = AdvanceGenerateDataKeyPairRequest {
            key_id: key.to_owned(),
            key_pair_spec: "EC_P256".to_owned(),
            key_format: "DER".to_owned(),
            aad: key.as_bytes().to_vec(),
        };
        Ok(self.instance.call(Operation::AdvanceGenerateDataKeyPair, &request, None).await?.message)
    }
}

/// Works until the server is gone.
async fn work(clients: Arc<Clients>, acknowledged: Arc<Mutex<Acknowledged>>) {
    loop {
        let Ok(key) = clients.rpc.call::<KeyAnswer>(Action::CreateKey, &[]).await else { return };
        let key = key.key_metadata.key_id;
        acknowledged.lock().unwrap().keys.push(key.clone());
        let alias = format!("alias/of-{key}");
        let binding = [("AliasName", alias.clone()), ("KeyId", key.clone())];
        if clients.rpc.call::<Value>(Action::CreateAlias, &binding).await.is_err() {
            return;
        }
        acknowledged.lock().unwrap().aliases.push((alias.clone(), key.clone()));
        for _ in 0..3 {
            let Ok(pair) = clients.pair(&alias).await else { return };
            let sealed = (pair.private_key_ciphertext_blob, pair.private_key_plaintext);
            // The associated data is the name that the request gave the key.
            let mut blob = sealed.0;
            blob.splice(0..0, (alias.len() as u32).to_be_bytes().into_iter().chain(alias.bytes()));
            acknowledged.lock().unwrap().blobs.push((blob, sealed.1));
            let rotating = [("KeyId", key.clone())];
            let Ok(made) = clients.rpc.call::<KeyVersionAnswer>(Action::CreateKeyVersion, &rotating).await else {
                return;
            };
            acknowledged.lock().unwrap().versions.push((key.clone(), made.key_version.key_version_id));
        }
    }
}

async fn check(clients: &Clients, acknowledged: &Acknowledged) {
    for key in &acknowledged.keys {
        clients
            .rpc
            .call::<KeyAnswer>(Action::DescribeKey, &[("KeyId", key.clone())])
            .await
            .expect("an acknowledged key is gone");
    }
    for (key, version) in &acknowledged.versions {
        let named = [("KeyId", key.clone()), ("KeyVersionId", version.clone())];
        clients
            .rpc
            .call::<KeyVersionAnswer>(Action::DescribeKeyVersion, &named)
            .await
            .expect("an acknowledged version is gone");
    }
    let mut found = Vec::new();
    for page in 1.. {
        let paging = [("PageNumber", page.to_string()), ("PageSize", "100".to_owned())];
        let listed = clients.rpc.call::<ListAliasesAnswer>(Action::ListAliases, &paging).await.unwrap();
        if listed.aliases.alias.is_empty() {
            break;
        }
        found.extend(listed.aliases.alias.into_iter().map(|entry| (entry.alias_name, entry.key_id)));
    }
    assert!(acknowledged.aliases.iter().all(|alias| found.contains(alias)), "an acknowledged alias is gone");
    for (blob, plaintext) in &acknowledged.blobs {
        let (length, rest) = blob.split_first_chunk::<4>().unwrap();
        let (aad, blob) = rest.split_at(u32::from_be_bytes(*length) as usize);
        let request = DecryptRequest { ciphertext_blob: blob.to_vec(), aad: aad.to_vec(), ..DecryptRequest::default() };
        let opened = clients.instance.call::<AdvanceDecryptResponse>(Operation::AdvanceDecrypt, &request, None).await;
        assert_eq!(&opened.expect("a blob that was handed out does not open").message.plaintext, plaintext);
    }
}

fn audit_verifies(data_dir: &Path) {
    let output = Command::new(binary()).args(["audit", "verify", "--data-dir"]).arg(data_dir).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// One run of the server: works against it, kills it, and returns what it has acknowledged.
fn live(runtime: &Runtime, directory: &Path, rotating: &Rotating) -> (Acknowledged, u64) {
    let acknowledged = Arc::new(Mutex::new(Acknowledged::default()));
    let server = Server::start(directory);
    let clients = Arc::new(Clients::new(&server, directory));
    let mut workers: Vec<_> =
        (0..3).map(|_| runtime.spawn(work(Arc::clone(&clients), Arc::clone(&acknowledged)))).collect();
    let writers = (0..WRITERS).map(|number| runtime.spawn(write(Arc::clone(&clients), number, Arc::clone(rotating))));
    workers.extend(writers);
    let admin = server.admin;
    let clock = runtime.spawn_blocking(move || {
        std::thread::sleep(moment(400));
        // The server may be gone already, or go before it answers.
        drop(advance_clock(admin));
    });
    let moment = moment(600);
    std::thread::sleep(Duration::from_millis(20) + moment);
    server.kill();
    runtime.block_on(async {
        for worker in workers {
            worker.await.unwrap();
        }
        clock.await.unwrap();
    });
    let acknowledged = std::mem::take(&mut *acknowledged.lock().unwrap());
    (acknowledged, u64::try_from(moment.as_millis()).unwrap())
}

fn moment(below_ms: u16) -> Duration {
    Duration::from_millis(u64::from(u16::from_be_bytes(random::bytes().unwrap()) % below_ms))
}

#[test]
fn nothing_acknowledged_is_lost_and_every_change_has_one_record() {
    let kills: u32 =
        std::env::var("CLAVIGER_KILLS").map_or(20, |text| text.parse().expect("CLAVIGER_KILLS is a number"));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let (mut total, mut all, mut records) = (0, Acknowledged::default(), Records::default());
    let rotating = Rotating::default();
    for round in 0..kills {
        let (acknowledged, moment) = live(&runtime, directory.path(), &rotating);
        audit_verifies(directory.path());
        let server = Server::start(directory.path());
        let clients = Clients::new(&server, directory.path());
        runtime.block_on(check(&clients, &acknowledged));
        let retired = std::mem::take(&mut *rotating.lock().unwrap());
        runtime.block_on(async {
            for key in retired {
                retire(&clients, &key).await.expect("the server runs");
            }
        });
        server.kill();
        records.compare(directory.path());
        all.keys.extend(acknowledged.keys.iter().cloned());
        all.versions.extend(acknowledged.versions.iter().cloned());
        all.aliases.extend(acknowledged.aliases.iter().cloned());
        all.blobs.extend(acknowledged.blobs.iter().cloned());
        total += acknowledged.keys.len() + acknowledged.versions.len() + acknowledged.blobs.len();
        let (rotated, destroyed) = records.automatic();
        let recovered = records.recovered();
        eprintln!(
            "kill {round} after {moment} ms: {total} acknowledged so far, none lost; {rotated} keys rotated and \
             {destroyed} destroyed by themselves; each change has one record, {recovered} written after a restart"
        );
    }
    let server = Server::start(directory.path());
    runtime.block_on(check(&Clients::new(&server, directory.path()), &all));
    server.kill();
    records.compare(directory.path());
    assert!(total > 0, "the server was killed before it did anything, every time");
}
