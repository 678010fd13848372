//! Beyond the API: the limit of encryptions per key version, the warnings about hazardous uses, and the settings that deny
//! them.

use std::future::pending;

use claviger_model::KeySpec;
use claviger_service::{Config, Done, Encrypt, GenerateDataKeyPair, IvLimits, ServiceError, UsePolicy, VersionChoice};

use crate::fixture::{aes_key, all_rights, by_id, data_key, default_service, encrypt, intent, key_of, service};

fn limited(uses_max: u64) -> Config {
    Config { iv_limits: IvLimits { uses_max, block: 4 }, ..Config::default() }
}

fn pair(key: &claviger_model::Key, version: VersionChoice) -> GenerateDataKeyPair {
    GenerateDataKeyPair {
        rights: all_rights(),
        key: by_id(key),
        version,
        key_pair_spec: "EC_P256".to_owned(),
        key_format: "DER".to_owned(),
        algorithm: String::new(),
        aad: Vec::new(),
        client: 0,
    }
}

#[tokio::test]
async fn everything_that_seals_is_counted_and_refused_at_the_limit() {
    let service = service(limited(8));
    let key = aes_key(&service);
    for _ in 0..2 {
        service.encrypt(encrypt(&key, VersionChoice::Initial, b"x")).await.unwrap();
        service.encrypt(Encrypt { iv: vec![1; 12], ..encrypt(&key, VersionChoice::Primary, b"x") }).await.unwrap();
        service.generate_data_key(data_key(&key, VersionChoice::Primary, 32)).await.unwrap();
        service.generate_data_key_pair(pair(&key, VersionChoice::Initial), pending()).await.unwrap();
    }
    let exhausted = |result: Option<ServiceError>| assert!(matches!(result, Some(ServiceError::KeyVersionExhausted)));
    exhausted(service.encrypt(encrypt(&key, VersionChoice::Initial, b"x")).await.err());
    let chosen = Encrypt { iv: vec![2; 12], ..encrypt(&key, VersionChoice::Primary, b"x") };
    exhausted(service.encrypt(chosen).await.err());
    exhausted(service.generate_data_key(data_key(&key, VersionChoice::Primary, 32)).await.err());
    exhausted(service.generate_data_key_pair(pair(&key, VersionChoice::Primary), pending()).await.err());
    // A new version starts at zero for the Advance operations; the basic ones stay with the first version.
    service.create_key_version(&by_id(&key), &intent()).unwrap();
    service.encrypt(encrypt(&key, VersionChoice::Primary, b"x")).await.unwrap();
    exhausted(service.encrypt(encrypt(&key, VersionChoice::Initial, b"x")).await.err());
}

#[tokio::test]
async fn a_key_that_rotates_automatically_gets_a_new_version_before_the_limit() {
    let service = service(limited(40));
    let (rotating, fixed) = (key_of(&service, KeySpec::AliyunAes256, None, true), aes_key(&service));
    let mut rotations = 0;
    let first = rotating.primary_version.clone();
    for used in 1..=200_u32 {
        service
            .encrypt(encrypt(&rotating, VersionChoice::Primary, b"x"))
            .await
            .unwrap_or_else(|e| panic!("{used}: {e}"));
        let mut report = |done: Result<Done, ServiceError>| {
            assert!(matches!(done.unwrap(), Done::Rotated(_)));
            rotations += 1;
        };
        service.do_what_is_due(&mut report).unwrap();
    }
    assert!(rotations >= 4, "{rotations} rotations in 200 uses of at most 40");
    assert_ne!(service.describe_key(&by_id(&rotating)).unwrap().primary_version, first);
    for _ in 0..40 {
        service.encrypt(encrypt(&fixed, VersionChoice::Primary, b"x")).await.unwrap();
        service.do_what_is_due(&mut |done| panic!("{done:?}")).unwrap();
    }
    let refused = service.encrypt(encrypt(&fixed, VersionChoice::Primary, b"x")).await;
    assert!(matches!(refused, Err(ServiceError::KeyVersionExhausted)));
    assert!(service.key_versions_past_half() >= 2);
}

#[tokio::test]
async fn basic_operations_on_a_rotating_key_are_marked() {
    let service = default_service();
    let (rotating, fixed) = (key_of(&service, KeySpec::AliyunAes256, None, true), aes_key(&service));
    for (key, is_hazardous) in [(&rotating, true), (&fixed, false)] {
        for (version, expected) in [(VersionChoice::Initial, is_hazardous), (VersionChoice::Primary, false)] {
            let sealed = service.encrypt(encrypt(key, version, b"x")).await.unwrap();
            let made = service.generate_data_key(data_key(key, version, 16)).await.unwrap();
            let pair = service.generate_data_key_pair(pair(key, version), pending()).await.unwrap();
            for warnings in [sealed.warnings, made.warnings, pair.warnings] {
                assert_eq!(warnings.is_basic_on_rotating_key, expected);
                assert_eq!(warnings.text().is_some(), expected);
            }
        }
    }
    // A key that was rotated manually is a rotating key, too.
    service.create_key_version(&by_id(&fixed), &intent()).unwrap();
    let sealed = service.encrypt(encrypt(&fixed, VersionChoice::Initial, b"x")).await.unwrap();
    assert!(sealed.warnings.is_basic_on_rotating_key);
}

#[tokio::test]
async fn the_settings_deny_hazardous_uses_and_nothing_else() {
    let use_policy = UsePolicy { deny_basic_operations_on_rotating_keys: true, deny_caller_supplied_iv: true };
    let service = service(Config { use_policy, ..Config::default() });
    let (rotating, fixed) = (key_of(&service, KeySpec::AliyunAes256, None, true), aes_key(&service));
    let initial = VersionChoice::Initial;
    let denied = [
        service.encrypt(encrypt(&rotating, initial, b"x")).await.err(),
        service.generate_data_key(data_key(&rotating, initial, 16)).await.err(),
        service.generate_data_key_pair(pair(&rotating, initial), pending()).await.err(),
    ];
    assert!(denied.iter().all(|error| matches!(error, Some(ServiceError::BasicOperationOnRotatingKey))));
    for choice in [VersionChoice::Initial, VersionChoice::Primary] {
        let chosen = Encrypt { iv: vec![1; 12], ..encrypt(&fixed, choice, b"x") };
        assert!(matches!(service.encrypt(chosen).await, Err(ServiceError::CallerSuppliedIv)));
        service.encrypt(encrypt(&fixed, choice, b"x")).await.unwrap();
    }
    service.encrypt(encrypt(&rotating, VersionChoice::Primary, b"x")).await.unwrap();
    service.generate_data_key_pair(pair(&rotating, VersionChoice::Primary), pending()).await.unwrap();
}
