//! The instance's certificate authority and its server certificates (instance-api 1.8).
//!
//! Rule: one self-signed root that signs leaves: the only structure that clients accept whether they use the whole
//! bundle, the root alone, or all but the first certificate. Keys are ECDSA P-256: Java 8 with OkHttp, Go, Python's
//! requests, PHP's curl and .NET all support it, and a handshake signature costs 16 us instead of 257 us for RSA-2048
//! (docs/spec/keygen.md 7).
//!
//! Certificates use real time: pass the real clock, never business time.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use claviger_base::{SecretBytes, Timestamp};
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyUsagePurpose, SanType};

use crate::error::{GenerateFailed, KeyRejected};
use crate::pem::{self, Label};
use crate::{certificate, ec};

const DAY_S: i64 = 86_400;
/// Twenty years, like the root of Alibaba Cloud KMS.
const ROOT_VALIDITY_S: i64 = 20 * 365 * DAY_S + 5 * DAY_S;
/// A client whose clock is a little behind must not refuse a new certificate.
const BACKDATED_S: i64 = 3600;
/// Apple's platforms refuse server certificates of more than 825 days, both ends included.
const LEAF_VALIDITY_S: i64 = 825 * DAY_S - 1;

/// Why no server certificate was created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateRefused {
    /// Neither a DNS name nor an IP address.
    Hostname(String),
    /// The crypto library generated no key or no signature.
    Generate,
}

impl fmt::Display for CertificateRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hostname(name) => write!(f, "{name:?} is neither a dns name nor an ip address"),
            Self::Generate => GenerateFailed.fmt(f),
        }
    }
}

impl std::error::Error for CertificateRefused {}

impl From<GenerateFailed> for CertificateRefused {
    fn from(_failed: GenerateFailed) -> Self {
        Self::Generate
    }
}

/// A server's certificate and key.
#[derive(Debug)]
pub struct ServerCertificate {
    /// The leaf, then the root; DER.
    pub certificate_chain_der: Vec<Vec<u8>>,
    /// The leaf's private key, PKCS#8 DER.
    pub private_key_der: SecretBytes,
    /// End of validity, in real time.
    pub not_after: Timestamp,
}

/// The instance's root, which signs server certificates.
///
/// ```
/// use claviger_base::Timestamp;
/// use claviger_crypto::tls::CertificateAuthority;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let now = Timestamp::from_unix_s(1_767_225_600);
/// let authority = CertificateAuthority::create("kst-example", now)?;
/// let server = authority.issue_server_certificate(&["kms.example.org".to_owned()], now)?;
/// assert_eq!(server.certificate_chain_der.len(), 2);
/// # Ok(())
/// # }
/// ```
pub struct CertificateAuthority {
    certificate_der: Vec<u8>,
    parameters: CertificateParams,
    key: ec::PrivateKey,
}

impl CertificateAuthority {
    /// Creates the root `Claviger <instance> Root CA`.
    ///
    /// # Errors
    /// [`GenerateFailed`] if the library generates no key or there are no random bytes.
    pub fn create(instance: &str, not_before: Timestamp) -> Result<Self, GenerateFailed> {
        let key = ec::PrivateKey::generate()?;
        let parameters = root_parameters(instance, not_before)?;
        let certificate = parameters.self_signed(&key).map_err(|_rcgen| GenerateFailed)?;
        Ok(Self { certificate_der: certificate.der().to_vec(), parameters, key })
    }

    /// Restores a root from its two stored parts.
    ///
    /// # Errors
    /// [`KeyRejected`] if the parts do not parse, or do not form a root of this instance.
    pub fn from_stored(instance: &str, certificate_pem: &str, private_key: &SecretBytes) -> Result<Self, KeyRejected> {
        let certificate_der =
            pem::decode(Label::Certificate, certificate_pem.as_bytes()).map_err(|_rejected| KeyRejected)?;
        let key = ec::PrivateKey::from_pkcs8_der(private_key)?;
        // The root must contain its key and its name in these bytes; otherwise clients would refuse our leaves.
        let name = common_name(instance);
        for expected in [key.spki_der()?.as_slice(), name.as_bytes()] {
            if !certificate_der.windows(expected.len()).any(|window| window == expected) {
                return Err(KeyRejected);
            }
        }
        // The dates matter only for the root's own certificate, which is not created again.
        let parameters = root_parameters(instance, Timestamp::default()).map_err(|_failed| KeyRejected)?;
        Ok(Self { certificate_der, parameters, key })
    }

    /// The root's certificate, the content of `ca.pem`; clients trust it.
    ///
    /// # Errors
    /// [`GenerateFailed`] if it cannot be encoded.
    pub fn ca_certificate_pem(&self) -> Result<String, GenerateFailed> {
        pem::encode_certificate(&self.certificate_der).map_err(|_rejected| GenerateFailed)
    }

    /// The root's private key, PKCS#8 DER; to be stored sealed.
    ///
    /// # Errors
    /// [`GenerateFailed`] if the library cannot encode it.
    pub fn ca_private_key(&self) -> Result<SecretBytes, GenerateFailed> {
        self.key.pkcs8_der().map_err(|_rejected| GenerateFailed)
    }

    /// Creates a key and a certificate for these names and addresses, and always for `localhost`, `127.0.0.1` and
    /// `::1`. It is valid for 825 days, starting an hour before `now`, which is real time.
    ///
    /// # Errors
    /// [`CertificateRefused`] contains the first invalid name.
    pub fn issue_server_certificate(
        &self,
        hostnames: &[String],
        now: Timestamp,
    ) -> Result<ServerCertificate, CertificateRefused> {
        let key = ec::PrivateKey::generate()?;
        let not_before = now.plus_s(-BACKDATED_S);
        let subject = hostnames.first().map_or("localhost", String::as_str);
        let not_after = not_before.plus_s(LEAF_VALIDITY_S);
        let mut leaf = certificate::parameters(common_name_of(subject), not_before, not_after)?;
        leaf.subject_alt_names = subject_alt_names(hostnames)?;
        leaf.is_ca = IsCa::ExplicitNoCa;
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.use_authority_key_identifier_extension = true;
        let issuer = Issuer::from_params(&self.parameters, &self.key);
        let certificate = leaf.signed_by(&key, &issuer).map_err(|_rcgen| CertificateRefused::Generate)?;
        Ok(ServerCertificate {
            certificate_chain_der: vec![certificate.der().to_vec(), self.certificate_der.clone()],
            private_key_der: key.pkcs8_der().map_err(|_rejected| CertificateRefused::Generate)?,
            not_after,
        })
    }
}

/// Checks whether a certificate can be created for these names and addresses.
///
/// # Errors
/// [`CertificateRefused::Hostname`] with the first invalid name.
pub fn check_hostnames(hostnames: &[String]) -> Result<(), CertificateRefused> {
    subject_alt_names(hostnames).map(|_names| ())
}

/// The end of a certificate's validity; `None` if the text is not a PEM certificate.
#[must_use]
pub fn certificate_not_after(certificate_pem: &str) -> Option<Timestamp> {
    let der = pem::decode(Label::Certificate, certificate_pem.as_bytes()).ok()?;
    certificate::not_after(&der)
}

impl fmt::Debug for CertificateAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CertificateAuthority([secret])")
    }
}

fn common_name(instance: &str) -> String {
    format!("Claviger {instance} Root CA")
}

fn root_parameters(instance: &str, not_before: Timestamp) -> Result<CertificateParams, GenerateFailed> {
    let not_after = not_before.plus_s(ROOT_VALIDITY_S);
    let mut root = certificate::parameters(&common_name(instance), not_before, not_after)?;
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(root)
}

/// X.520 limits a common name to 64 characters. Clients read the alternative names, so a longer name is replaced.
fn common_name_of(hostname: &str) -> &str {
    if hostname.len() <= 64 { hostname } else { "Claviger" }
}

fn subject_alt_names(hostnames: &[String]) -> Result<Vec<SanType>, CertificateRefused> {
    let always = [
        dns_name("localhost")?,
        SanType::IpAddress(Ipv4Addr::LOCALHOST.into()),
        SanType::IpAddress(Ipv6Addr::LOCALHOST.into()),
    ];
    let mut names = Vec::with_capacity(hostnames.len() + always.len());
    let asked = hostnames.iter().map(|name| match name.parse::<IpAddr>() {
        Ok(address) => Ok(SanType::IpAddress(address)),
        Err(_not_an_address) => dns_name(name),
    });
    for name in asked.chain(always.into_iter().map(Ok)) {
        let name = name?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

/// A DNS name of letters, digits, `-` and `_`; the first label may be `*`.
fn dns_name(name: &str) -> Result<SanType, CertificateRefused> {
    let refused = || CertificateRefused::Hostname(name.to_owned());
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    // A last label of digits only would be a mistyped address.
    let last_is_a_number = name.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    if name.len() > 253 || last_is_a_number || !name.strip_prefix("*.").unwrap_or(name).split('.').all(label) {
        return Err(refused());
    }
    name.try_into().map(SanType::DnsName).map_err(|_not_ascii| refused())
}
