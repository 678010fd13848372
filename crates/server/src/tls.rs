//! TLS 1.2 and 1.3 with a server certificate issued by the instance's own authority at every start; its private key
//! never leaves memory. No client certificate is asked for (instance-api.md 1.8).

use std::sync::Arc;

use claviger_base::Clock;
use claviger_crypto::tls::CertificateAuthority;
use claviger_vault::{InstanceRecord, TlsAuthority};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use crate::error::StartError;

/// An acceptor whose certificate names localhost, 127.0.0.1, ::1 and `hostnames`.
pub(crate) fn acceptor(
    authority: &TlsAuthority,
    instance: &InstanceRecord,
    hostnames: &[String],
    clock: &Clock,
) -> Result<TlsAcceptor, StartError> {
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
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
