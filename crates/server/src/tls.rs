//! TLS 1.2 and 1.3. Every start issues a server certificate from the authority of the instance; its private key stays in
//! memory. The server requests no client certificate (instance-api 1.8).

use std::sync::Arc;

use claviger_base::{Clock, Timestamp};
use claviger_crypto::tls::CertificateAuthority;
use claviger_model::Instance;
use claviger_vault::TlsAuthority;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use crate::error::StartError;

const HTTP_1_1: &[u8] = b"http/1.1";
const HTTP_2: &[u8] = b"h2";

/// The TLS acceptor of a server.
pub(crate) struct ServerTls {
    pub(crate) acceptor: TlsAcceptor,
    /// In real time.
    pub(crate) certificate_expiry: Timestamp,
}

/// Issues a certificate for localhost, 127.0.0.1, ::1 and `hostnames`.
pub(crate) fn server_tls(
    authority: &TlsAuthority,
    instance: &Instance,
    hostnames: &[String],
    offers_http2: bool,
    clock: &Clock,
) -> Result<ServerTls, StartError> {
    let refuse = |what: &str, reason: &dyn std::fmt::Display| StartError::Tls(format!("{what}: {reason}"));
    let id = instance.id.as_str();
    let authority = CertificateAuthority::from_stored(id, &authority.certificate_pem, &authority.private_key)
        .map_err(|error| refuse("the stored authority", &error))?;
    let issued = authority
        .issue_server_certificate(hostnames, clock.real_now())
        .map_err(|error| refuse("a certificate for these host names", &error))?;
    let chain = issued.certificate_chain_der.into_iter().map(CertificateDer::from).collect();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(issued.private_key_der.reveal().to_vec()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| refuse("protocol versions", &error))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| refuse("the issued certificate", &error))?;
    config.alpn_protocols = offers_http2.then(|| HTTP_2.to_vec()).into_iter().chain([HTTP_1_1.to_vec()]).collect();
    Ok(ServerTls { acceptor: TlsAcceptor::from(Arc::new(config)), certificate_expiry: issued.not_after })
}

#[cfg(test)]
mod tests {
    use claviger_store::MemoryEngine;
    use rustls::pki_types::pem::PemObject;
    use rustls::{ClientConfig, RootCertStore};
    use tokio_rustls::TlsConnector;

    use super::*;
    use crate::fixture::Instance;

    fn server_and_roots(offers_http2: bool) -> (TlsAcceptor, RootCertStore) {
        let Instance { vault, clock, record } = Instance::with_engine(Arc::new(MemoryEngine::default()));
        let authority = vault.single::<TlsAuthority>().unwrap().unwrap().record;
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.certificate_pem.as_bytes()).unwrap()).unwrap();
        (server_tls(&authority, &record, &[], offers_http2, &clock).unwrap().acceptor, roots)
    }

    /// The protocol negotiated with a client that offers these; `None` when the handshake fails.
    async fn negotiated(server: &TlsAcceptor, roots: &RootCertStore, offered: &[&[u8]]) -> Option<Option<Vec<u8>>> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let mut config = config.with_root_certificates(roots.clone()).with_no_client_auth();
        config.alpn_protocols = offered.iter().map(|name| name.to_vec()).collect();
        let (near, far) = tokio::io::duplex(64 * 1024);
        let connector = TlsConnector::from(Arc::new(config));
        let connecting = connector.connect("localhost".try_into().unwrap(), near);
        let (connected, accepted) = tokio::join!(connecting, server.accept(far));
        let (Ok(_connected), Ok(accepted)) = (connected, accepted) else { return None };
        Some(accepted.get_ref().1.alpn_protocol().map(<[u8]>::to_vec))
    }

    #[tokio::test]
    async fn http2_is_negotiated_where_it_is_offered() {
        let (http_2, http_1_1) = (Some(Some(HTTP_2.to_vec())), Some(Some(HTTP_1_1.to_vec())));
        for (offers_http2, both, only_http_2) in [(true, &http_2, &http_2), (false, &http_1_1, &None)] {
            let (server, roots) = server_and_roots(offers_http2);
            assert_eq!(negotiated(&server, &roots, &[HTTP_2, HTTP_1_1]).await, *both);
            assert_eq!(negotiated(&server, &roots, &[HTTP_2]).await, *only_http_2);
            assert_eq!(negotiated(&server, &roots, &[HTTP_1_1]).await, http_1_1);
            assert_eq!(negotiated(&server, &roots, &[]).await, Some(None), "many clients send no ALPN");
        }
    }
}
