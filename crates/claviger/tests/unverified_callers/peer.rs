//! A server process, and clients without credentials.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use claviger_base::Clock;
use claviger_base::id::RequestId;
use claviger_crypto::digest::{Sha256, sha256};
use claviger_crypto::mac::hmac_sha256;
use claviger_wire::headers::Headers;
use claviger_wire::rpc::{header, v3};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Timeout of every wait.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// A `claviger dev` process; killed when dropped.
pub(crate) struct Process {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) dir: tempfile::TempDir,
}

impl Process {
    pub(crate) fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_claviger"));
        command.arg("dev");
        for no_pairs in ["RSA_2048=0", "RSA_3072=0", "RSA_4096=0"] {
            command.args(["--stock", no_pairs]);
        }
        command.args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data-dir"]);
        command.arg(dir.path()).stdout(Stdio::piped());
        command.stderr(std::fs::File::create(dir.path().join("log")).unwrap());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split_whitespace().nth(2).and_then(|url| url.strip_prefix("https://")).unwrap();
        Self { address: address.parse().unwrap(), child, dir }
    }

    /// A line of `/proc/PID/status`, in bytes.
    pub(crate) fn memory(&self, line: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let found = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':')).unwrap();
        found.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// A TLS connection from `source` that trusts the CA of the server.
pub(crate) async fn connect_from(
    source: [u8; 4],
    to: SocketAddr,
    data_dir: &Path,
    protocol: &str,
) -> std::io::Result<TlsStream<TcpStream>> {
    let roots = RootCertStore {
        roots: {
            let pem = std::fs::read(data_dir.join("ca.pem")).unwrap();
            let mut store = RootCertStore::empty();
            store.add(CertificateDer::from_pem_slice(&pem).unwrap()).unwrap();
            store.roots
        },
    };
    tls(tcp_from(source, to).await?, roots, "localhost", protocol).await
}

pub(crate) async fn connect(to: SocketAddr, data_dir: &Path, protocol: &str) -> TlsStream<TcpStream> {
    connect_from([127, 0, 0, 1], to, data_dir, protocol).await.unwrap()
}

/// A TCP connection without TLS.
pub(crate) async fn tcp_from(source: [u8; 4], to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((source, 0).into())?;
    socket.connect(to).await
}

pub(crate) async fn tls(
    socket: TcpStream,
    roots: RootCertStore,
    name: &str,
    protocol: &str,
) -> std::io::Result<TlsStream<TcpStream>> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, socket).await
}

/// Reads until the server closes. An error if the close_notify is missing.
pub(crate) async fn read_to_the_end(stream: &mut TlsStream<TcpStream>) -> std::io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    tokio::time::timeout(LIMIT, stream.read_to_end(&mut answer)).await.expect("the server closes")?;
    Ok(answer)
}

/// Sends the complete request, then reads until the server closes.
pub(crate) async fn exchange(to: SocketAddr, data_dir: &Path, request: &[u8]) -> Answer {
    let mut stream = connect(to, data_dir, "http/1.1").await;
    stream.write_all(request).await.unwrap();
    stream.flush().await.unwrap();
    Answer::parse(&read_to_the_end(&mut stream).await.unwrap())
}

/// The headers of a call to `localhost`, signed with the first access key. The parameters are in the form.
pub(crate) fn signed_call(data_dir: &Path, action: &str, form: &str) -> String {
    let file = std::fs::read(data_dir.join("access-key.json")).unwrap();
    let key: serde_json::Value = serde_json::from_slice(&file).unwrap();
    let payload_hash = hex::encode(sha256(form.as_bytes()));
    let mut headers = vec![
        (header::ACTION, action.to_owned()),
        (header::VERSION, header::API_VERSION_VALUE.to_owned()),
        (header::DATE, Clock::default().real_now().to_string()),
        (header::SIGNATURE_NONCE, RequestId::generate().unwrap().to_string()),
        (header::CONTENT_SHA256, payload_hash.clone()),
        ("content-type", header::FORM_CONTENT_TYPE.to_owned()),
    ];
    let host = ("host", "localhost".to_owned());
    let sent = headers.iter().chain([&host]).map(|(name, value)| (*name, value.as_bytes()));
    let received = Headers::new(sent);
    let signed_headers = v3::signed_headers(&received);
    let payload_hash = payload_hash.as_str();
    let signed = v3::Signed { method: "POST", headers: &received, signed_headers: &signed_headers, payload_hash };
    let mut digest = Sha256::new();
    signed.write_canonical(Vec::new(), &mut |piece| digest.update(piece));
    let to_sign = v3::string_to_sign(&digest.finish());
    let signature = hmac_sha256(key["AccessKeySecret"].as_str().unwrap().as_bytes(), to_sign.as_bytes());
    let access_key_id = key["AccessKeyId"].as_str().unwrap();
    let authorization = v3::Authorization { access_key_id, signed_headers: &signed_headers, signature }.format();
    headers.push((header::AUTHORIZATION, authorization));
    headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect()
}

/// An HTTP/1.1 answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let at = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a complete head");
        let head = String::from_utf8(bytes[..at].to_vec()).unwrap();
        let status = head.get(9..12).unwrap().parse().unwrap();
        Self { status, head, body: bytes[at + 4..].to_vec() }
    }

    /// The `Code` of a control plane error.
    pub(crate) fn json_code(&self) -> String {
        let json: serde_json::Value = serde_json::from_slice(&self.body).expect("JSON");
        json["Code"].as_str().unwrap().to_owned()
    }
}
