//! HTTPS to one server, verified with its own CA certificate; connections are pooled.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Request, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::error::ClientError;

/// Default timeout of a request. Generating an RSA_4096 pair takes seconds on a slow machine.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(60);

/// A server whose certificate is verified with its `ca.pem`.
#[derive(Clone, Debug)]
pub struct Endpoint {
    base: String,
    authority: String,
    ca_file: Option<PathBuf>,
    timeout: Duration,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// The HTTP version of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpVersion {
    /// HTTP/1.1, which the official Python and Go SDKs use.
    Http1,
    /// HTTP/2.
    Http2,
}

/// An answer as received.
pub(crate) struct HttpResponse {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Endpoint {
    /// An endpoint `https://HOST:PORT` or `HOST:PORT` that trusts only the certificates in `ca_pem`.
    ///
    /// # Errors
    /// [`ClientError::Endpoint`]; [`ClientError::Connect`] when `ca_pem` holds no certificate.
    pub fn new(endpoint: &str, ca_pem: &[u8]) -> Result<Self, ClientError> {
        Self::with_version(endpoint, ca_pem, HttpVersion::Http1)
    }

    /// Like [`Endpoint::new`], with this HTTP version.
    ///
    /// # Errors
    /// As [`Endpoint::new`].
    pub fn with_version(endpoint: &str, ca_pem: &[u8], version: HttpVersion) -> Result<Self, ClientError> {
        let authority = endpoint.strip_prefix("https://").unwrap_or(endpoint).trim_end_matches('/').to_owned();
        // Checked first, because later errors repeat the endpoint and would show the password.
        if authority.contains('@') {
            return Err(ClientError::EndpointUser);
        }
        let malformed = || ClientError::Endpoint(endpoint.to_owned());
        let uri: Uri = format!("https://{authority}/").parse().map_err(|_malformed| malformed())?;
        if authority.is_empty() || uri.path() != "/" || uri.query().is_some() {
            return Err(malformed());
        }
        let failed = |reason: &str| ClientError::Connect { endpoint: endpoint.to_owned(), reason: reason.to_owned() };
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(ca_pem) {
            let certificate = certificate.map_err(|_malformed| failed("the CA file is not PEM"))?;
            roots.add(certificate).map_err(|_malformed| failed("the CA file holds no usable certificate"))?;
        }
        if roots.is_empty() {
            return Err(failed("the CA file holds no certificate"));
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_no_version| failed("TLS could not be set up"))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new().with_tls_config(config).https_only();
        let connector = match version {
            HttpVersion::Http1 => connector.enable_http1().build(),
            HttpVersion::Http2 => connector.enable_http2().build(),
        };
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
        let base = format!("https://{authority}");
        Ok(Self { base, authority, ca_file: None, timeout: TIMEOUT_DEFAULT, client })
    }

    /// Names the CA file in error messages.
    #[must_use]
    pub fn with_ca_file(mut self, path: PathBuf) -> Self {
        self.ca_file = Some(path);
        self
    }

    /// Sets the timeout of each request, by default 60 s.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// `HOST:PORT`, as the header `host` carries it.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    /// Posts `body` to `path_and_query` with exactly these headers. Boxed, so that only this crate instantiates the HTTP
    /// library, and not every calling crate.
    pub(crate) fn post<'call>(
        &'call self,
        path_and_query: &'call str,
        headers: &'call [(&'call str, String)],
        body: Bytes,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, ClientError>> + Send + 'call>> {
        Box::pin(self.exchange(path_and_query, headers, body))
    }

    async fn exchange(
        &self,
        path_and_query: &str,
        headers: &[(&str, String)],
        body: Bytes,
    ) -> Result<HttpResponse, ClientError> {
        let broken = |reason: String| ClientError::Connect { endpoint: self.base.clone(), reason };
        let mut request = Request::post(format!("{}{path_and_query}", self.base));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(body)).map_err(|error| broken(error.to_string()))?;
        let exchange = async {
            let response = self.client.request(request).await.map_err(|error| self.connect_error(&error))?;
            let (parts, body) = response.into_parts();
            let body = body.collect().await.map_err(|error| broken(with_sources(&error)))?.to_bytes();
            Ok(HttpResponse { status: parts.status.as_u16(), headers: parts.headers, body })
        };
        let answered = tokio::time::timeout(self.timeout, exchange).await;
        answered.map_err(|_elapsed| ClientError::TimedOut {
            endpoint: self.base.clone(),
            seconds: self.timeout.as_secs(),
        })?
    }

    /// Classifies a connection error.
    fn connect_error(&self, error: &(dyn Error + 'static)) -> ClientError {
        let endpoint = self.base.clone();
        let mut cause = Some(error);
        while let Some(inner) = cause {
            let io = inner.downcast_ref::<io::Error>();
            if io.is_some_and(|io| io.kind() == io::ErrorKind::ConnectionRefused) {
                return ClientError::Refused { endpoint };
            }
            if let Some(rustls::Error::InvalidCertificate(why)) = inner.downcast_ref() {
                let reason = rustls::Error::InvalidCertificate(why.clone()).to_string();
                return ClientError::Untrusted { endpoint, ca_file: self.ca_file.clone(), reason };
            }
            // `io::Error::source` skips the wrapped error itself.
            let wrapped = io.and_then(io::Error::get_ref).map(|wrapped| wrapped as &(dyn Error + 'static));
            cause = wrapped.or_else(|| inner.source());
        }
        ClientError::Connect { endpoint, reason: with_sources(error) }
    }
}

/// An error with its sources, outermost first.
fn with_sources(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}
