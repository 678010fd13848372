//! Clients that go away while they wait for a pair: their requests are withdrawn, their places become free, and what
//! they did is recorded.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use claviger_client::{ClientError, ClientKey, Endpoint, InstanceClient};
use claviger_keygen::StockSizes;
use claviger_server::{Options, Server};
use claviger_service::PairConcurrency;
use claviger_wire::instance::Operation;
use claviger_wire::instance::message::{AdvanceGenerateDataKeyPairRequest, AdvanceGenerateDataKeyPairResponse};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

/// Longest wait for an expected state.
const LIMIT: Duration = Duration::from_secs(120);

struct Running {
    client: Arc<InstanceClient>,
    admin: SocketAddr,
}

async fn start(dir: &Path, pair_concurrency: PairConcurrency) -> Running {
    let options = Options {
        root_key_file: dir.join("root.key"),
        data_dir: dir.to_owned(),
        listen: ([127, 0, 0, 1], 0).into(),
        admin: ([127, 0, 0, 1], 0).into(),
        admin_allow_remote: false,
        hostnames: Vec::new(),
        pair_concurrency,
        use_policy: claviger_service::UsePolicy::default(),
        arn_accounts: claviger_service::ArnAccounts::default(),
        // One thread, so that requests wait even on the fastest machine.
        keygen: claviger_keygen::Config {
            threads: NonZeroUsize::MIN,
            stock: StockSizes::NONE,
            ..claviger_keygen::Config::default()
        },
        offers_http2: true,
        connections_max: 1024,
        connections_per_source: 1024,
        audit_segment_bytes: 1 << 20,
        is_dev: true,
    };
    let server = Server::start(options).await.unwrap();
    let admin = server.admin_address().unwrap();
    let endpoint = format!("https://{}", server.address().unwrap());
    tokio::spawn(server.run(Box::pin(std::future::pending())));
    let key = ClientKey::read(&dir.join("client-key.json"), &dir.join("client-key-password.txt")).unwrap();
    let endpoint = Endpoint::new(&endpoint, &std::fs::read(dir.join("ca.pem")).unwrap()).unwrap();
    Running { client: Arc::new(InstanceClient::new(endpoint, key)), admin }
}

async fn pair(client: Arc<InstanceClient>, spec: &'static str) -> Result<(), ClientError> {
    let request = AdvanceGenerateDataKeyPairRequest {
        key_id: "alias/dev".to_owned(),
        key_pair_spec: spec.to_owned(),
        key_format: "DER".to_owned(),
        aad: Vec::new(),
    };
    let answered =
        client.call::<AdvanceGenerateDataKeyPairResponse>(Operation::AdvanceGenerateDataKeyPair, &request, None);
    answered.await.map(drop)
}

impl Running {
    /// The value of one line of `/metrics`; 0 when it is not there yet.
    async fn metric(&self, name: &str) -> u64 {
        let mut socket = tokio::net::TcpStream::connect(self.admin).await.unwrap();
        socket.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut text = String::new();
        socket.read_to_string(&mut text).await.unwrap();
        assert!(text.contains("claviger_pair_orders_waiting"), "{text}");
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map_or(0, |value| value.trim().parse().unwrap())
    }

    /// Waits until the metric has the wanted value.
    async fn until(&self, name: &str, is_as_wanted: impl Fn(u64) -> bool) {
        let coming = async {
            while !is_as_wanted(self.metric(name).await) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(LIMIT, coming).await.is_err() {
            panic!("{name} stayed {}", self.metric(name).await);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_of_clients_that_go_away_are_withdrawn_and_recorded() {
    const CLIENTS: u64 = 200;
    let dir = tempfile::tempdir().unwrap();
    let running = start(dir.path(), PairConcurrency::Unlimited).await;
    let mut asking = JoinSet::new();
    for _ in 0..CLIENTS {
        asking.spawn(pair(Arc::clone(&running.client), "RSA_4096"));
    }
    running.until("claviger_pair_orders_waiting", |waiting| waiting > CLIENTS / 4).await;
    asking.shutdown().await;
    running.until("claviger_pair_orders_waiting", |waiting| waiting == 0).await;
    running.until("claviger_pairs_in_flight", |inside| inside == 0).await;
    let served = r#"claviger_pairs_handed_out_total{spec="RSA_4096",source="demand"}"#;
    assert!(running.metric(served).await < CLIENTS, "pairs were made for clients that had gone");
    let gone = r#"claviger_requests_total{plane="instance",operation="AdvanceGenerateDataKeyPair",code="ClientGone"}"#;
    running.until(gone, |gone| gone > CLIENTS / 8).await;
    pair(Arc::clone(&running.client), "RSA_2048").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_one_place_comes_back_when_its_client_goes_away() {
    let dir = tempfile::tempdir().unwrap();
    let running = start(dir.path(), PairConcurrency::AtMost(1)).await;
    for _ in 0..10 {
        let asking = tokio::spawn(pair(Arc::clone(&running.client), "RSA_4096"));
        let has_ended = || asking.is_finished();
        while running.metric("claviger_pair_orders_waiting").await == 0 && !has_ended() {
            tokio::task::yield_now().await;
        }
        if !has_ended() {
            let refused = pair(Arc::clone(&running.client), "EC_P256").await;
            let is_throttled =
                |error: &ClientError| matches!(error, ClientError::Api { code, .. } if code == "Rejected.Throttling");
            // It is not refused if the waiting request got its pair just now, which frees the place.
            assert!(refused.as_ref().err().is_none_or(is_throttled), "{refused:?}");
        }
        asking.abort();
        running.until("claviger_pairs_in_flight", |inside| inside == 0).await;
        pair(Arc::clone(&running.client), "EC_P256").await.unwrap();
    }
}
