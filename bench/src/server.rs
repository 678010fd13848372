//! A server to measure, with a temporary store, on free loopback ports.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use claviger_client::{ClientError, ClientKey, Endpoint, InstanceClient};
use claviger_keygen::{Config, PairSpec, StockSizes};
use claviger_server::{Options, Server};
use claviger_service::{PairConcurrency, UsePolicy};
use claviger_wire::instance::Operation;
use claviger_wire::instance::message::{
    AdvanceDecryptResponse, AdvanceGenerateDataKeyPairRequest, AdvanceGenerateDataKeyPairResponse, DecryptRequest,
};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How often the level of the stock is requested.
const LEVEL_PAUSE: Duration = Duration::from_millis(50);

pub(crate) struct Measured {
    directory: TempDir,
    endpoint: String,
    admin: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Measured {
    /// Starts a server that keeps this stock and admits every request.
    pub(crate) async fn start(stock: StockSizes) -> Result<Self, Box<dyn Error>> {
        let directory = tempfile::tempdir()?;
        let data_dir = directory.path().join("data");
        let options = Options {
            root_key_file: data_dir.join("root.key"),
            data_dir,
            listen: ([127, 0, 0, 1], 0).into(),
            admin: ([127, 0, 0, 1], 0).into(),
            admin_allow_remote: false,
            arn_accounts: claviger_service::ArnAccounts::default(),
            hostnames: Vec::new(),
            pair_concurrency: PairConcurrency::Unlimited,
            use_policy: UsePolicy::default(),
            keygen: Config { stock, ..Config::default() },
            offers_http2: true,
            connections_max: 1024,
            connections_per_source: 1024,
            audit_segment_bytes: 64 * 1024 * 1024,
            is_dev: true,
        };
        let server = Server::start(options).await?;
        let (endpoint, admin) = (format!("https://{}", server.address()?), server.admin_address()?);
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(server.run(Box::pin(async move {
            let _either = stopped.await;
        })));
        Ok(Self { directory, endpoint, admin, stop, serving })
    }

    pub(crate) async fn stop(self) -> Result<(), Box<dyn Error>> {
        let _ended = self.stop.send(());
        Ok(self.serving.await?)
    }

    /// The server's data directory.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Waits until the stock has this many pairs of this spec.
    pub(crate) async fn until_ready(&self, spec: PairSpec, level: usize) -> Result<(), Box<dyn Error>> {
        let name = format!("claviger_pair_stock{{spec=\"{}\"}} ", spec.name());
        loop {
            let mut socket = TcpStream::connect(self.admin).await?;
            socket.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
            let mut text = String::new();
            socket.read_to_string(&mut text).await?;
            let ready = text.lines().find_map(|line| line.strip_prefix(&name)?.trim().parse::<usize>().ok());
            if ready.ok_or("the server shows no stock")? >= level {
                return Ok(());
            }
            tokio::time::sleep(LEVEL_PAUSE).await;
        }
    }
}

/// A client with its own connections.
pub(crate) fn client(endpoint: &str, dir: &Path) -> Result<Arc<InstanceClient>, Box<dyn Error>> {
    let key = ClientKey::read(&dir.join("client-key.json"), &dir.join("client-key-password.txt"))?;
    Ok(Arc::new(InstanceClient::new(Endpoint::new(endpoint, &std::fs::read(dir.join("ca.pem"))?)?, key)))
}

/// Requests a pair.
pub(crate) async fn pair(client: &InstanceClient, spec: &str) -> Result<Vec<u8>, ClientError> {
    let request = AdvanceGenerateDataKeyPairRequest {
        key_id: "alias/dev".to_owned(),
        key_pair_spec: spec.to_owned(),
        key_format: "DER".to_owned(),
        aad: Vec::new(),
    };
    let asked = Operation::AdvanceGenerateDataKeyPair;
    let answer = client.call::<AdvanceGenerateDataKeyPairResponse>(asked, &request, None).await?;
    Ok(answer.message.private_key_ciphertext_blob)
}

/// Unwraps a private key.
pub(crate) async fn open(client: &InstanceClient, blob: &[u8]) -> Result<(), ClientError> {
    let request = DecryptRequest { ciphertext_blob: blob.to_vec(), ..DecryptRequest::default() };
    client.call::<AdvanceDecryptResponse>(Operation::AdvanceDecrypt, &request, None).await.map(drop)
}
