//! The first start: creates the records that an instance needs, in one commit.

use claviger_base::id::{AliasName, InstanceId, RuleName};
use claviger_base::limits::CLIENT_KEY_VALIDITY_S;
use claviger_base::{Clock, SecretBytes, random};
use claviger_crypto::client_key::{self, Password};
use claviger_crypto::ed25519::SigningKey;
use claviger_crypto::tls::CertificateAuthority;
use claviger_model::{AccessKey, AccessPoint, Instance, Permission, Policy, TrustedTime};
use claviger_vault::{Audit, AuditAnchor, AuditSigningKey, OutboxEntry, Outcome, TlsAuthority, Vault, VaultError};

use crate::access_keys;
use crate::client_keys::issue::{self, IssueClientKey, IssuedClientKey};
use crate::error::ServiceError;
use crate::intent::{Intent, Subject};

/// Bytes of an Ed25519 seed.
const SEED_BYTES: usize = 32;

/// The credentials of a new instance, which its owner receives once.
#[derive(Debug)]
pub struct FirstStart {
    /// The instance.
    pub instance: Instance,
    /// The root certificate, PEM: `ca.pem`.
    pub ca_pem: String,
    /// The first client key: `client-key.json`.
    pub client_key: IssuedClientKey,
    /// Its password: `client-key-password.txt`.
    pub client_key_password: Password,
    /// The first access key: `access-key.json`.
    pub access_key: AccessKey,
}

/// Initialises an empty vault. `hand_out` gives the owner the credentials before the commit. A start that is interrupted before
/// the commit leaves the vault empty, so the next start begins again. After the commit, nothing is missing.
///
/// # Errors
/// When the vault, the crypto library or the random generator fails; those of `hand_out`.
pub fn first_start<E: From<ServiceError>>(
    vault: &Vault,
    clock: &Clock,
    hand_out: impl FnOnce(&FirstStart) -> Result<(), E>,
) -> Result<Instance, E> {
    let (prepared, tls, audit) = prepare(clock)?;
    let anchor = AuditAnchor { public_key: audit_public_key(&audit.seed)?, seq: 0, chain: [0; 32] };
    let (policy, point) = first_access_point(&prepared.instance)?;
    let records = records(&prepared, clock)?;
    hand_out(&prepared)?;
    let initialise = || -> Result<Outcome, VaultError> {
        let change = vault.change().create(&tls)?.create(&audit)?.create(&anchor)?.create(&prepared.access_key)?;
        let change = change.create(&policy)?.create(&point)?.create(&prepared.client_key.record)?;
        let change = change.put(&TrustedTime::starting_at(clock.real_now()))?;
        change.create(&prepared.instance)?.commit(Audit::Entries(&records))
    };
    match initialise().map_err(ServiceError::from)? {
        Outcome::Done(_) => Ok(prepared.instance),
        Outcome::Conflict => Err(ServiceError::Vault(VaultError::NotEmpty).into()),
    }
}

fn prepare(clock: &Clock) -> Result<(FirstStart, TlsAuthority, AuditSigningKey), ServiceError> {
    let now = clock.now();
    let id = InstanceId::generate()?;
    let instance = Instance { id, account: account_number()?, created: now.whole_second() };
    // Certificates use real time, because clients check them by their own clocks.
    let authority =
        CertificateAuthority::create(instance.id.as_str(), clock.real_now()).map_err(|_failed| tls_failed())?;
    let tls = TlsAuthority {
        certificate_pem: authority.ca_certificate_pem().map_err(|_failed| tls_failed())?,
        private_key: authority.ca_private_key().map_err(|_failed| tls_failed())?,
    };
    let client_key_password = client_key::generate_password().map_err(|_failed| ServiceError::Random)?;
    let client_key = IssueClientKey {
        access_point: first_name()?,
        password: Password::new(client_key_password.reveal())
            .map_err(|_rule| ServiceError::Bug("a generated password is not allowed"))?,
        not_before: now.whole_second(),
        not_after: now.whole_second().plus_s(CLIENT_KEY_VALIDITY_S),
    };
    let client_key = issue::generate(&client_key, now)?;
    let access_key = access_keys::generate(now)?;
    let audit = AuditSigningKey { seed: SecretBytes::random(SEED_BYTES)?, has_log: false, has_anchor: true };
    let ca_pem = tls.certificate_pem.clone();
    Ok((FirstStart { instance, ca_pem, client_key, client_key_password, access_key }, tls, audit))
}

fn audit_public_key(seed: &SecretBytes) -> Result<[u8; 32], ServiceError> {
    let key = SigningKey::from_seed(seed).and_then(|key| key.public_key());
    key.map(|key| *key.as_bytes()).map_err(|_rejected| ServiceError::Bug("a random seed is no signing key"))
}

/// The audit records of the credentials. The log does not exist yet; they reach it through the outbox.
fn records(first: &FirstStart, clock: &Clock) -> Result<Vec<OutboxEntry>, ServiceError> {
    let name = first_name()?;
    let client_key = &first.client_key.record;
    let made = [
        ("CreateAccessKey", Subject::other(first.access_key.id.as_str())),
        ("CreatePolicy", Subject::other(name.as_str())),
        ("CreateApplicationAccessPoint", Subject::other(name.as_str())),
        ("CreateClientKey", Subject::other(client_key.id.as_str()).with_name(&client_key.name)),
    ];
    let now = clock.now();
    made.into_iter().map(|(operation, subject)| Ok(Intent::local(operation)?.entry(subject, now, 0))).collect()
}

fn first_name() -> Result<RuleName, ServiceError> {
    RuleName::parse("first").ok_or(ServiceError::Bug("`first` is not a name"))
}

/// The policy of the first client key allows everything; its owner may restrict it.
fn first_access_point(instance: &Instance) -> Result<(Policy, AccessPoint), ServiceError> {
    let policy = Policy {
        name: first_name()?,
        kms_instance: instance.id.to_string(),
        permissions: Permission::ALL.to_vec(),
        resources: vec!["key/*".to_owned(), "secret/*".to_owned()],
        network_rules: Vec::new(),
        access_control_rules: String::new(),
        description: "made on the first start".to_owned(),
    };
    let point = AccessPoint {
        name: first_name()?,
        policies: vec![policy.name.clone()],
        description: policy.description.clone(),
    };
    Ok((policy, point))
}

fn tls_failed() -> ServiceError {
    ServiceError::Bug("the certificate authority could not be generated")
}

/// The alias of the key that `claviger dev` creates on its first start.
///
/// # Errors
/// Never: the name is a valid constant.
pub fn dev_alias() -> Result<AliasName, ServiceError> {
    AliasName::parse("alias/dev").ok_or(ServiceError::Bug("alias/dev is not an alias"))
}

/// 16 random decimal digits, the first of which is not 0.
fn account_number() -> Result<String, ServiceError> {
    let n = u64::from_be_bytes(random::bytes()?);
    Ok((1_000_000_000_000_000 + n % 9_000_000_000_000_000).to_string())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use claviger_model::ClientKey;
    use claviger_store::MemoryEngine;
    use claviger_vault::FileSeal;

    use super::*;

    fn client_keys(vault: &Vault) -> Vec<String> {
        let page = vault.list::<ClientKey>(None, 10).unwrap();
        page.records.iter().map(|stored| stored.record.id.to_string()).collect()
    }

    #[test]
    fn a_start_that_is_interrupted_leaves_nothing_and_the_next_one_leaves_one_client_key() {
        let dir = tempfile::tempdir().unwrap();
        let seal = FileSeal::create(&dir.path().join("root.key")).unwrap();
        let vault = Vault::create(Arc::new(MemoryEngine::default()), &seal).unwrap();
        let clock = Clock::default();
        let interrupted = first_start(&vault, &clock, |_first| Err(ServiceError::Random));
        assert!(matches!(interrupted, Err(ServiceError::Random)));
        assert!(vault.single::<Instance>().unwrap().is_none());
        assert_eq!(client_keys(&vault), Vec::<String>::new(), "a client key that nobody has");
        let mut handed_out = String::new();
        let started = first_start(&vault, &clock, |first| {
            handed_out = first.client_key.record.id.to_string();
            Ok::<_, ServiceError>(())
        });
        assert_eq!(vault.single::<Instance>().unwrap().unwrap().record, started.unwrap());
        assert_eq!(client_keys(&vault), [handed_out]);
        let again = first_start(&vault, &clock, |_first| Ok::<_, ServiceError>(()));
        assert!(again.is_err(), "an instance is initialised once");
        assert_eq!(client_keys(&vault).len(), 1);
    }
}
