//! Policies of application access points: created, kept consistent, and enforced by every operation.

use std::net::IpAddr;
use std::sync::Arc;

use claviger_base::Timestamp;
use claviger_base::id::RuleName;
use claviger_crypto::client_key::{Password, open};
use claviger_crypto::rsa::PrivateKey;
use claviger_model::{AccessPoint, ClientKey, KeySpec, KeyUsage, NetworkRule, Permission, Policy, RevokedClientKey};
use claviger_service::{
    AccessRefusal, Config, Encrypt, GenerateDataKey, GetSecretValue, Invalidity, IssueClientKey, IssuedClientKey,
    PageRequest, Rights, Service, ServiceError, Signing, VersionChoice,
};
use claviger_vault::Audit;

use crate::fixture::{aes_key, by_id, data_key, default_service, encrypt, intent, key_of, with_vault};

const PASSWORD: &str = "correct-Horse-9";

fn name(text: &str) -> RuleName {
    RuleName::parse(text).unwrap()
}

fn policy(called: &str, permissions: &[Permission], resources: &[String], rules: &[&str]) -> Policy {
    Policy {
        name: name(called),
        kms_instance: String::new(),
        permissions: permissions.to_vec(),
        resources: resources.to_vec(),
        network_rules: rules.iter().copied().map(name).collect(),
        access_control_rules: String::new(),
        description: String::new(),
    }
}

fn point(called: &str, policies: &[&str]) -> AccessPoint {
    AccessPoint {
        name: name(called),
        policies: policies.iter().copied().map(name).collect(),
        description: String::new(),
    }
}

fn issue(service: &Service, access_point: &str) -> Result<IssuedClientKey, ServiceError> {
    let now = service.clock().now();
    service.issue_client_key(
        &IssueClientKey {
            access_point: name(access_point),
            password: Password::new(PASSWORD).unwrap(),
            not_before: Timestamp::from_unix_s(now.unix_s() - 10),
            not_after: now.plus_s(86_400),
        },
        &intent(),
    )
}

/// Signs in as the client key, as a request from `source` would.
async fn rights(service: &Service, issued: &IssuedClientKey, source: &str) -> Result<Rights, AccessRefusal> {
    let opened = open(issued.pkcs12.reveal(), PASSWORD).unwrap();
    let key = PrivateKey::from_pkcs8_der(&opened.private_key_pkcs8).unwrap();
    let signature = key.sign_pkcs1_sha256(b"to sign").unwrap();
    let source: IpAddr = source.parse().unwrap();
    let id = issued.record.id.as_str();
    let verified = service.access().verify_client_key(id, b"to sign", &signature, source).await;
    verified.map(|(_caller, rights)| rights)
}

fn is_refused<T>(result: Result<T, ServiceError>, named: &str) -> bool {
    matches!(result, Err(ServiceError::NoPermission(refused)) if refused == named)
}

async fn with_policies(policies: &[Policy]) -> (Arc<Service>, IssuedClientKey) {
    let service = default_service();
    let rule = NetworkRule {
        name: name("office"),
        source_private_ip: vec!["10.0.0.0/8".to_owned()],
        description: String::new(),
    };
    service.create_network_rule(rule, &intent()).unwrap();
    let names: Vec<&str> = policies.iter().map(|policy| policy.name.as_str()).collect();
    for policy in policies {
        service.create_policy(policy.clone(), &intent()).unwrap();
    }
    service.create_access_point(point("app", &names), &intent()).unwrap();
    let issued = issue(&service, "app").unwrap();
    (service, issued)
}

#[tokio::test]
async fn a_policy_on_one_key_grants_that_key_alone() {
    let service = default_service();
    let (mine, other) = (aes_key(&service), aes_key(&service));
    service
        .create_alias(&claviger_base::id::AliasName::parse("alias/other").unwrap(), &by_id(&other), &intent())
        .unwrap();
    service.create_policy(policy("p", &[Permission::KeyUser], &[format!("key/{}", mine.id)], &[]), &intent()).unwrap();
    service.create_access_point(point("app", &["p"]), &intent()).unwrap();
    let issued = issue(&service, "app").unwrap();
    let rights = rights(&service, &issued, "192.0.2.1").await.unwrap();
    let ask = |key| Encrypt { rights: rights.clone(), ..encrypt(key, VersionChoice::Primary, b"x") };
    let sealed = service.encrypt(ask(&mine)).await.unwrap();
    assert!(sealed.key_id == mine.id);
    assert!(is_refused(service.encrypt(ask(&other)).await, other.id.as_str()));
    // Permission depends on the key to which an alias is bound, and the refusal does not say which key that is.
    let alias = || service.key_ref("alias/other").unwrap();
    assert!(is_refused(service.encrypt(Encrypt { key: alias(), ..ask(&mine) }).await, "alias/other"));
    assert!(is_refused(service.get_public_key(&alias(), None, &rights).await, "alias/other"));
    assert!(is_refused(service.hmac(&alias(), b"m", &rights).await, "alias/other"));
    let wrapped = GenerateDataKey { rights: rights.clone(), ..data_key(&other, VersionChoice::Initial, 16) };
    assert!(is_refused(service.generate_data_key(wrapped).await, other.id.as_str()));
    assert!(is_refused(service.get_public_key(&by_id(&other), None, &rights).await, other.id.as_str()));
    assert!(is_refused(service.hmac(&by_id(&other), b"m", &rights).await, other.id.as_str()));
    let secret = GetSecretValue {
        rights: rights.clone(),
        secret_name: "s".to_owned(),
        version_stage: String::new(),
        version_id: String::new(),
    };
    assert!(is_refused(service.get_secret_value(&secret).map(|_| ()), "s"));
    // A caller learns that a key does not exist, but learns the state of a key only with a permission to use it.
    let nobody = claviger_model::Key { id: claviger_base::id::KeyId::generate().unwrap(), ..other.clone() };
    assert!(matches!(service.encrypt(ask(&nobody)).await, Err(ServiceError::KeyNotFound)));
    service.disable_key(&by_id(&other), &intent()).unwrap();
    assert!(is_refused(service.encrypt(ask(&other)).await, other.id.as_str()));
}

#[tokio::test]
async fn signing_and_opening_ask_too() {
    let everything = ["key/*".to_owned(), "secret/*".to_owned()];
    let (service, issued) = with_policies(&[policy("secrets", &[Permission::SecretUser], &everything, &[])]).await;
    let rights = rights(&service, &issued, "127.0.0.1").await.unwrap();
    let key = key_of(&service, KeySpec::EcP256, Some(KeyUsage::SignVerify), false);
    let signing = Signing {
        rights: rights.clone(),
        key: by_id(&key),
        named_version: None,
        algorithm: String::new(),
        message_type: String::new(),
        message: b"m".to_vec(),
        digest: Vec::new(),
    };
    assert!(is_refused(service.sign(signing.clone()).await, key.id.as_str()));
    assert!(is_refused(service.verify(signing, vec![1]).await, key.id.as_str()));
    let aes = aes_key(&service);
    let sealed = service.encrypt(encrypt(&aes, VersionChoice::Primary, b"x")).await.unwrap();
    let source = claviger_service::DecryptSource::Version { version: sealed.key_version_id, key: None };
    let opening = claviger_service::Decrypt {
        rights: rights.clone(),
        ..crate::fixture::decrypt(source, &sealed.ciphertext, &sealed.iv)
    };
    assert!(is_refused(service.decrypt(opening).await, aes.id.as_str()));
    let secret =
        GetSecretValue { rights, secret_name: "s".to_owned(), version_stage: String::new(), version_id: String::new() };
    assert!(matches!(service.get_secret_value(&secret), Err(ServiceError::ResourceNotFound)));
}

#[tokio::test]
async fn a_source_that_no_policy_admits_is_refused_and_networks_apply_per_policy() {
    let keys = ["key/*".to_owned()];
    let (service, issued) = with_policies(&[policy("inside", &[Permission::KeyUser], &keys, &["office"])]).await;
    assert!(matches!(rights(&service, &issued, "192.0.2.1").await, Err(AccessRefusal::SourceNotAdmitted)));
    assert!(rights(&service, &issued, "10.1.2.3").await.is_ok());
    // A second policy allows secrets from every address, and nothing else.
    service
        .create_policy(policy("outside", &[Permission::SecretUser], &["secret/*".to_owned()], &[]), &intent())
        .unwrap();
    service.update_access_point(&name("app"), |point| point.policies.push(name("outside")), &intent()).unwrap();
    let (key, rights) = (aes_key(&service), rights(&service, &issued, "192.0.2.1").await.unwrap());
    let asked = Encrypt { rights, ..encrypt(&key, VersionChoice::Primary, b"x") };
    assert!(is_refused(service.encrypt(asked).await, key.id.as_str()));
}

#[tokio::test]
async fn a_change_of_a_policy_applies_from_the_next_request_on() {
    let keys = ["key/*".to_owned()];
    let (service, issued) = with_policies(&[policy("p", &[Permission::KeyUser], &keys, &[])]).await;
    let key = aes_key(&service);
    let ask = |rights| Encrypt { rights, ..encrypt(&key, VersionChoice::Primary, b"x") };
    let may = rights(&service, &issued, "127.0.0.1").await.unwrap();
    service.encrypt(ask(may)).await.unwrap();
    service.update_policy(&name("p"), |policy| policy.permissions = vec![Permission::SecretUser], &intent()).unwrap();
    let may = rights(&service, &issued, "127.0.0.1").await.unwrap();
    assert!(is_refused(service.encrypt(ask(may)).await, key.id.as_str()));
    service.update_policy(&name("p"), |policy| policy.network_rules = vec![name("office")], &intent()).unwrap();
    assert!(rights(&service, &issued, "127.0.0.1").await.is_err());
    let open = |rule: &mut NetworkRule| rule.source_private_ip = vec!["127.0.0.1".to_owned()];
    service.update_network_rule(&name("office"), open, &intent()).unwrap();
    assert!(rights(&service, &issued, "127.0.0.1").await.is_ok());
}

#[tokio::test]
async fn a_client_key_from_before_there_were_policies_may_do_everything() {
    let (service, vault) = with_vault(Config::default());
    service.create_policy(policy("p", &[Permission::SecretUser], &["secret/*".to_owned()], &[]), &intent()).unwrap();
    service.create_access_point(point("app", &["p"]), &intent()).unwrap();
    let (governed, old) = (issue(&service, "app").unwrap(), issue(&service, "app").unwrap());
    let record = ClientKey { is_governed: false, ..old.record.clone() };
    vault.change().put(&record).unwrap().commit(Audit::NoRecord("a test")).unwrap();
    let key = aes_key(&service);
    let ask = |rights| Encrypt { rights, ..encrypt(&key, VersionChoice::Primary, b"x") };
    let may = rights(&service, &old, "192.0.2.1").await.unwrap();
    service.encrypt(ask(may)).await.unwrap();
    let may = rights(&service, &governed, "192.0.2.1").await.unwrap();
    assert!(is_refused(service.encrypt(ask(may)).await, key.id.as_str()));
}

#[test]
fn three_policies_and_three_client_keys() {
    let service = default_service();
    let keys = ["key/*".to_owned()];
    for called in ["a", "b", "c", "d"] {
        service.create_policy(policy(called, &[Permission::KeyUser], &keys, &[]), &intent()).unwrap();
    }
    for wrong in [&[][..], &["a", "b", "c", "d"], &["a", "a"]] {
        let made = service.create_access_point(point("app", wrong), &intent());
        assert!(matches!(made, Err(ServiceError::InvalidParameter("Policies"))), "{wrong:?}");
    }
    service.create_access_point(point("app", &["a", "b", "c"]), &intent()).unwrap();
    let first = issue(&service, "app").unwrap();
    issue(&service, "app").unwrap();
    issue(&service, "app").unwrap();
    assert!(matches!(issue(&service, "app"), Err(ServiceError::LimitExceeded)));
    service.revoke_client_key(&first.record.id, &intent()).unwrap();
    issue(&service, "app").unwrap();
    assert!(matches!(issue(&service, "nobody"), Err(ServiceError::ResourceNotFound)));
}

#[test]
fn a_resource_cannot_be_deleted_while_another_refers_to_it() {
    let service = default_service();
    let keys = ["key/*".to_owned()];
    let missing = policy("p", &[Permission::KeyUser], &keys, &["nowhere"]);
    assert!(matches!(service.create_policy(missing, &intent()), Err(ServiceError::ResourceNotFound)));
    assert!(matches!(
        service.create_access_point(point("app", &["p"]), &intent()),
        Err(ServiceError::ResourceNotFound)
    ));
    let rule = NetworkRule { name: name("r"), source_private_ip: Vec::new(), description: String::new() };
    service.create_network_rule(rule.clone(), &intent()).unwrap();
    assert!(matches!(service.create_network_rule(rule, &intent()), Err(ServiceError::ResourceExists)));
    let named = policy("p", &[Permission::KeyUser], &keys, &["r"]);
    service.create_policy(named.clone(), &intent()).unwrap();
    assert!(matches!(service.create_policy(named, &intent()), Err(ServiceError::ResourceExists)));
    service.create_access_point(point("app", &["p"]), &intent()).unwrap();
    assert!(matches!(service.create_access_point(point("app", &["p"]), &intent()), Err(ServiceError::ResourceExists)));
    let issued = issue(&service, "app").unwrap();
    assert!(matches!(service.delete_network_rule(&name("r"), &intent()), Err(ServiceError::ResourceInUse)));
    assert!(matches!(service.delete_policy(&name("p"), &intent()), Err(ServiceError::ResourceInUse)));
    assert!(matches!(service.delete_access_point(&name("app"), &intent()), Err(ServiceError::ResourceInUse)));
    service.revoke_client_key(&issued.record.id, &intent()).unwrap();
    service.delete_access_point(&name("app"), &intent()).unwrap();
    service.delete_policy(&name("p"), &intent()).unwrap();
    service.delete_network_rule(&name("r"), &intent()).unwrap();
    assert!(matches!(service.delete_network_rule(&name("r"), &intent()), Err(ServiceError::ResourceNotFound)));
    // The access point of the first client key exists from the first start on.
    let all = PageRequest { number: 1, size: 10 };
    let points = service.list_access_points(all).unwrap();
    assert_eq!((points.total, points.records[0].name.as_str()), (1, "first"));
}

#[test]
fn values_that_the_api_does_not_know_are_refused() {
    let service = default_service();
    let keys = ["key/*".to_owned()];
    for resources in [&[][..], &["key/".to_owned()], &["*".to_owned()], &["key/*".to_owned(), "alias/dev".to_owned()]] {
        let made = service.create_policy(policy("p", &[Permission::KeyUser], resources, &[]), &intent());
        assert!(matches!(made, Err(ServiceError::InvalidParameter("Resources"))), "{resources:?}");
    }
    let made = service.create_policy(policy("p", &[], &keys, &[]), &intent());
    assert!(matches!(made, Err(ServiceError::InvalidParameter("Permissions"))));
    for range in ["10.0.0.0/33", "10.1.2.3/8", "office", ""] {
        let rule =
            NetworkRule { name: name("r"), source_private_ip: vec![range.to_owned()], description: String::new() };
        assert!(
            matches!(
                service.create_network_rule(rule, &intent()),
                Err(ServiceError::InvalidParameter("SourcePrivateIp"))
            ),
            "{range}"
        );
    }
}

fn issue_between(service: &Service, not_before: Timestamp, not_after: Timestamp) -> IssuedClientKey {
    let password = Password::new(PASSWORD).unwrap();
    let request = IssueClientKey { access_point: name("app"), password, not_before, not_after };
    service.issue_client_key(&request, &intent()).unwrap()
}

/// The refusal of a caller who has the id of a client key but not the key itself.
async fn without_the_key(service: &Service, issued: &IssuedClientKey) -> AccessRefusal {
    let verifying = service.access().verify_client_key(
        issued.record.id.as_str(),
        b"to sign",
        &[1; 256],
        "127.0.0.1".parse().unwrap(),
    );
    verifying.await.unwrap_err()
}

/// In earlier versions, every refusal said that the key does not exist.
#[tokio::test]
async fn the_holder_of_a_client_key_is_told_why_it_is_not_valid() {
    let (service, revoked) = with_policies(&[policy("p", &[Permission::KeyUser], &["key/*".to_owned()], &[])]).await;
    let now = service.clock().now().whole_second();
    let early = issue_between(&service, now.plus_s(3600), now.plus_s(7200));
    let refusal = rights(&service, &early, "127.0.0.1").await.unwrap_err();
    let expected = Invalidity::NotYetValid(now.plus_s(3600));
    assert!(matches!(refusal, AccessRefusal::ClientKeyNotValid(why) if why == expected), "{refusal:?}");

    service.clock().advance_s(7200);
    let refusal = rights(&service, &early, "127.0.0.1").await.unwrap_err();
    let expected = Invalidity::Expired(now.plus_s(7200));
    assert!(matches!(refusal, AccessRefusal::ClientKeyNotValid(why) if why == expected), "{refusal:?}");
    assert!(matches!(without_the_key(&service, &early).await, AccessRefusal::SignatureNotMatch));

    assert!(rights(&service, &revoked, "127.0.0.1").await.is_ok());
    service.revoke_client_key(&revoked.record.id, &intent()).unwrap();
    let refusal = rights(&service, &revoked, "127.0.0.1").await.unwrap_err();
    assert!(matches!(refusal, AccessRefusal::ClientKeyNotValid(Invalidity::Revoked(_))), "{refusal:?}");
    assert!(matches!(without_the_key(&service, &revoked).await, AccessRefusal::ClientKeyUnknown));
}

#[tokio::test]
async fn a_revoked_client_key_is_in_no_listing_and_its_record_goes_once_it_would_have_expired() {
    let (service, vault) = with_vault(Config::default());
    service.create_policy(policy("p", &[Permission::KeyUser], &["key/*".to_owned()], &[]), &intent()).unwrap();
    service.create_access_point(point("app", &["p"]), &intent()).unwrap();
    // These are more keys than one access point may have, but revoked keys do not count.
    let mut ids = Vec::new();
    for _ in 0..4 {
        let issued = issue(&service, "app").unwrap();
        service.revoke_client_key(&issued.record.id, &intent()).unwrap();
        assert!(matches!(service.describe_client_key(&issued.record.id), Err(ServiceError::ClientKeyNotFound)));
        assert!(matches!(
            service.revoke_client_key(&issued.record.id, &intent()),
            Err(ServiceError::ClientKeyNotFound)
        ));
        ids.push(issued.record.id);
    }
    let all = service.list_client_keys(PageRequest { number: 1, size: usize::MAX }).unwrap();
    assert!(all.client_keys.iter().all(|key| !ids.contains(&key.id)));
    let kept = || ids.iter().filter(|id| vault.get::<RevokedClientKey>(id).unwrap().is_some()).count();
    assert_eq!(kept(), 4);
    service.clock().advance_s(86_401);
    // The next revocation removes what has expired.
    let issued = issue(&service, "app").unwrap();
    service.revoke_client_key(&issued.record.id, &intent()).unwrap();
    assert_eq!(kept(), 0);
}

#[tokio::test]
async fn a_client_key_that_would_be_expired_is_not_made() {
    let (service, _issued) = with_policies(&[policy("p", &[Permission::KeyUser], &["key/*".to_owned()], &[])]).await;
    let now = service.clock().now();
    for (not_before, not_after) in [(-20, -10), (-20, 0), (20, 10), (20, 20)] {
        let request = IssueClientKey {
            access_point: name("app"),
            password: Password::new(PASSWORD).unwrap(),
            not_before: now.plus_s(not_before),
            not_after: now.plus_s(not_after),
        };
        let refused = service.issue_client_key(&request, &intent());
        assert!(matches!(refused, Err(ServiceError::InvalidParameter("NotAfter"))), "{not_before} {not_after}");
    }
}

/// Earlier versions accepted such a rule, and it admitted nobody.
#[test]
fn an_ipv4_range_in_ipv6_form_is_refused_with_advice() {
    let service = default_service();
    let rule = |range: &str| NetworkRule {
        name: name("office"),
        source_private_ip: vec!["192.0.2.1".to_owned(), range.to_owned()],
        description: String::new(),
    };
    let refused = service.create_network_rule(rule("::ffff:10.0.0.0/104"), &intent());
    let is_advised = |why: &str| why.contains("IPv4 range");
    assert!(matches!(refused, Err(ServiceError::RefusedParameter("SourcePrivateIp", why)) if is_advised(why)));
    service.create_network_rule(rule("10.0.0.0/8"), &intent()).unwrap();
}
