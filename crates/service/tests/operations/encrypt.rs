//! `Encrypt` and `AdvanceEncrypt` with symmetric keys.

use claviger_model::Algorithm;
use claviger_service::{DecryptSource, ServiceError, VersionChoice};

use crate::fixture::{aes_key, by_id, decrypt, default_service, encrypt, intent, refused};

const BOTH: [VersionChoice; 2] = [VersionChoice::Initial, VersionChoice::Primary];

#[tokio::test]
async fn a_ciphertext_opens_under_the_version_in_the_answer() {
    let service = default_service();
    let key = aes_key(&service);
    service.create_key_version(&by_id(&key), &intent()).unwrap();
    let key = service.describe_key(&by_id(&key)).unwrap();
    for (choice, expected) in BOTH.into_iter().zip([&key.initial_version, &key.primary_version]) {
        let sealed = service.encrypt(encrypt(&key, choice, b"hello")).await.unwrap();
        assert_eq!((&sealed.key_version_id, &sealed.key_id), (expected, &key.id));
        assert_eq!((sealed.algorithm, sealed.iv.len(), sealed.ciphertext.len()), (Algorithm::AesGcm, 12, 5 + 16));
        // A named version is ignored for a symmetric key: the operation decides which one it uses.
        let named = claviger_service::Encrypt {
            named_version: Some(
                if choice == VersionChoice::Initial { &key.primary_version } else { &key.initial_version }.clone(),
            ),
            ..encrypt(&key, choice, b"hello")
        };
        assert_eq!(&service.encrypt(named).await.unwrap().key_version_id, expected);
        let source = DecryptSource::Version { version: sealed.key_version_id.clone(), key: None };
        let opened = service.decrypt(decrypt(source, &sealed.ciphertext, &sealed.iv)).await.unwrap();
        assert_eq!((opened.plaintext.reveal(), opened.algorithm), (b"hello".as_slice(), Algorithm::AesGcm));
    }
}

#[tokio::test]
async fn a_callers_iv_is_used_as_it_is() {
    let service = default_service();
    let key = aes_key(&service);
    for choice in BOTH {
        let chosen = encrypt(&key, choice, b"x");
        let sealed = service.encrypt(claviger_service::Encrypt { iv: vec![7; 12], ..chosen }).await.unwrap();
        assert_eq!(sealed.iv, [7; 12]);
        assert!(sealed.warnings.is_caller_supplied_iv);
        let again = claviger_service::Encrypt { iv: vec![7; 12], ..encrypt(&key, choice, b"x") };
        assert_eq!(service.encrypt(again).await.unwrap().ciphertext, sealed.ciphertext);
        assert!(!service.encrypt(encrypt(&key, choice, b"x")).await.unwrap().warnings.is_caller_supplied_iv);
    }
}

#[tokio::test]
async fn random_ivs_differ() {
    let service = default_service();
    let key = aes_key(&service);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..200 {
        let sealed = service.encrypt(encrypt(&key, VersionChoice::Primary, b"x")).await.unwrap();
        assert!(seen.insert(sealed.iv), "an initialization vector was repeated");
    }
}

#[tokio::test]
async fn fields_have_limits_and_known_values() {
    let service = default_service();
    let key = aes_key(&service);
    let ask = || encrypt(&key, VersionChoice::Initial, b"x");
    assert_eq!(refused(service.encrypt(encrypt(&key, VersionChoice::Initial, b"")).await), "Plaintext");
    for len in [1, 11, 13, 16] {
        let wrong = claviger_service::Encrypt { iv: vec![1; len], ..ask() };
        assert_eq!(refused(service.encrypt(wrong).await), "Iv", "{len} bytes");
    }
    let longest = claviger_service::Encrypt { aad: vec![1; 8192], ..ask() };
    assert!(service.encrypt(longest).await.is_ok());
    let longer = claviger_service::Encrypt { aad: vec![1; 8193], ..ask() };
    assert_eq!(refused(service.encrypt(longer).await), "Aad");
    for algorithm in ["AES_CBC", "AES_ECB", "AES_CTR", "SM4_GCM", "aes_gcm", "RSAES_OAEP_SHA_256"] {
        let wrong = claviger_service::Encrypt { algorithm: algorithm.to_owned(), ..ask() };
        assert_eq!(refused(service.encrypt(wrong).await), "Algorithm", "{algorithm}");
    }
    let named = claviger_service::Encrypt { algorithm: "AES_GCM".to_owned(), ..ask() };
    assert!(service.encrypt(named).await.is_ok());
    for padding_mode in ["PKCS7_PADDING", "NO_PADDING"] {
        let known = claviger_service::Encrypt { padding_mode: padding_mode.to_owned(), ..ask() };
        assert!(service.encrypt(known).await.is_ok(), "{padding_mode}");
    }
    let unknown = claviger_service::Encrypt { padding_mode: "ISO7816".to_owned(), ..ask() };
    assert_eq!(refused(service.encrypt(unknown).await), "PaddingMode");
    let large = vec![0x5a; 3_000_000];
    assert_eq!(
        service.encrypt(encrypt(&key, VersionChoice::Primary, &large)).await.unwrap().ciphertext.len(),
        3_000_016
    );
}

#[tokio::test]
async fn missing_parameters_come_before_the_key_and_the_key_before_the_rest() {
    let service = default_service();
    let key = aes_key(&service);
    let nobody = claviger_model::Key { id: claviger_base::id::KeyId::generate().unwrap(), ..key.clone() };
    assert_eq!(refused(service.encrypt(encrypt(&nobody, VersionChoice::Initial, b"")).await), "Plaintext");
    let wrong = claviger_service::Encrypt { iv: vec![1], ..encrypt(&nobody, VersionChoice::Initial, b"x") };
    assert!(matches!(service.encrypt(wrong).await, Err(ServiceError::KeyNotFound)));
    service.disable_key(&by_id(&key), &intent()).unwrap();
    let wrong = claviger_service::Encrypt { iv: vec![1], ..encrypt(&key, VersionChoice::Initial, b"x") };
    assert!(matches!(service.encrypt(wrong).await, Err(ServiceError::State(_))));
}
