//! `GenerateDataKey`, `AdvanceGenerateDataKey`, `GenerateRandom`, and `GetSecretValue`, which has no secrets yet.

use claviger_service::{DecryptSource, GenerateDataKey, GetSecretValue, ServiceError, VersionChoice};

use crate::fixture::{aes_key, all_rights, by_id, data_key, decrypt, default_service, intent, refused};

#[tokio::test]
async fn a_data_key_has_the_length_asked_for_and_opens() {
    let service = default_service();
    let key = aes_key(&service);
    service.create_key_version(&by_id(&key), &intent()).unwrap();
    for choice in [VersionChoice::Initial, VersionChoice::Primary] {
        for bytes in [1, 16, 32, 1024] {
            let made = service.generate_data_key(data_key(&key, choice, bytes)).await.unwrap();
            assert_eq!(made.plaintext.len(), usize::try_from(bytes).unwrap());
            assert_eq!(made.ciphertext.len(), made.plaintext.len() + 16);
            let source = DecryptSource::Version { version: made.key_version_id.clone(), key: None };
            let opened = service.decrypt(decrypt(source, &made.ciphertext, &made.iv)).await.unwrap();
            assert_eq!(opened.plaintext.reveal(), made.plaintext.reveal());
        }
    }
}

#[tokio::test]
async fn lengths_outside_1_to_1024_are_refused() {
    let service = default_service();
    let key = aes_key(&service);
    for bytes in [0, -1, 1025, i32::MAX, i32::MIN] {
        let asked = data_key(&key, VersionChoice::Primary, bytes);
        assert_eq!(refused(service.generate_data_key(asked).await), "NumberOfBytes", "{bytes}");
    }
    let long = GenerateDataKey { aad: vec![0; 8193], ..data_key(&key, VersionChoice::Initial, 32) };
    assert_eq!(refused(service.generate_data_key(long).await), "Aad");
    let other = GenerateDataKey { algorithm: "SM4_GCM".to_owned(), ..data_key(&key, VersionChoice::Initial, 32) };
    assert_eq!(refused(service.generate_data_key(other).await), "Algorithm");
    let named = GenerateDataKey { algorithm: "AES_GCM".to_owned(), ..data_key(&key, VersionChoice::Initial, 32) };
    assert!(service.generate_data_key(named).await.is_ok());
}

#[test]
fn random_bytes_within_1_to_64() {
    let service = default_service();
    for length in [1, 32, 64] {
        assert_eq!(service.generate_random(length).unwrap().len(), usize::try_from(length).unwrap());
    }
    for length in [0, -1, 65, i32::MIN] {
        assert_eq!(refused(service.generate_random(length)), "Length");
    }
    assert_ne!(service.generate_random(32).unwrap().reveal(), service.generate_random(32).unwrap().reveal());
}

#[test]
fn a_secret_with_a_valid_name_is_not_found() {
    let service = default_service();
    let ask = |name: &str, stage: &str| GetSecretValue {
        rights: all_rights(),
        secret_name: name.to_owned(),
        version_stage: stage.to_owned(),
        version_id: String::new(),
    };
    assert!(matches!(service.get_secret_value(&ask("db/main", "")), Err(ServiceError::ResourceNotFound)));
    for name in ["", "a b", "a*"] {
        assert_eq!(refused(service.get_secret_value(&ask(name, ""))), "SecretName");
    }
    assert_eq!(refused(service.get_secret_value(&ask("a", &"x".repeat(65)))), "VersionStage");
}
