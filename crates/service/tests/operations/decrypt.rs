//! `Decrypt` and `AdvanceDecrypt` with symmetric keys: which version they use, and the order of refusals.

use claviger_base::id::{KeyId, KeyVersionId};
use claviger_service::{Decrypt, DecryptSource, ServiceError, VersionChoice};

use crate::fixture::{aes_key, by_id, decrypt, default_service, encrypt, intent, refused};

#[tokio::test]
async fn a_blob_of_either_family_opens_in_the_other() {
    let service = default_service();
    let key = aes_key(&service);
    let legacy = service.encrypt(encrypt(&key, VersionChoice::Initial, b"legacy")).await.unwrap();
    let iv: [u8; 12] = legacy.iv.clone().try_into().unwrap();
    // A transfer client builds this from a legacy answer, and AdvanceDecrypt parses it.
    let rebuilt = DecryptSource::SelfDescribing { version: legacy.key_version_id.clone(), iv, key: None };
    let opening = Decrypt { is_advance: true, ..decrypt(rebuilt, &legacy.ciphertext, &[]) };
    assert_eq!(service.decrypt(opening).await.unwrap().plaintext.reveal(), b"legacy");
    service.create_key_version(&by_id(&key), &intent()).unwrap();
    let advance = service.encrypt(encrypt(&key, VersionChoice::Primary, b"advance")).await.unwrap();
    assert_ne!(advance.key_version_id, legacy.key_version_id);
    // A transfer client sends this to legacy Decrypt: the version in the header, and no key.
    let header = DecryptSource::Version { version: advance.key_version_id.clone(), key: None };
    let opened = service.decrypt(decrypt(header, &advance.ciphertext, &advance.iv)).await.unwrap();
    assert_eq!(opened.plaintext.reveal(), b"advance");
    // A request that names only the key uses the initial version, which did not seal this.
    let alone = decrypt(DecryptSource::Key(by_id(&key)), &advance.ciphertext, &advance.iv);
    assert!(matches!(service.decrypt(alone).await, Err(ServiceError::DoesNotOpen)));
}

#[tokio::test]
async fn every_flipped_part_fails_without_detail() {
    let service = default_service();
    let key = aes_key(&service);
    let asked = claviger_service::Encrypt { aad: b"aad".to_vec(), ..encrypt(&key, VersionChoice::Initial, b"hello") };
    let sealed = service.encrypt(asked).await.unwrap();
    let good =
        || Decrypt { aad: b"aad".to_vec(), ..decrypt(DecryptSource::Key(by_id(&key)), &sealed.ciphertext, &sealed.iv) };
    assert_eq!(service.decrypt(good()).await.unwrap().plaintext.reveal(), b"hello");
    let mut altered = vec![Decrypt { aad: Vec::new(), ..good() }, Decrypt { aad: b"aae".to_vec(), ..good() }];
    for at in 0..sealed.ciphertext.len() {
        let mut ciphertext = sealed.ciphertext.clone();
        ciphertext[at] ^= 1;
        altered.push(Decrypt { ciphertext, ..good() });
    }
    for len in 1..16 {
        altered.push(Decrypt { ciphertext: sealed.ciphertext[..len].to_vec(), ..good() });
    }
    let mut iv = sealed.iv.clone();
    iv[0] ^= 1;
    altered.push(Decrypt { iv, ..good() });
    for request in altered {
        assert!(matches!(service.decrypt(request).await, Err(ServiceError::DoesNotOpen)));
    }
}

#[tokio::test]
async fn refusals_in_their_order() {
    let service = default_service();
    let (key, other) = (aes_key(&service), aes_key(&service));
    let sealed = service.encrypt(encrypt(&key, VersionChoice::Initial, b"x")).await.unwrap();
    let from = |source| decrypt(source, &sealed.ciphertext, &sealed.iv);
    let nobody = KeyId::generate().unwrap();
    let gone = KeyVersionId::generate(&nobody).unwrap();
    assert_eq!(refused(service.decrypt(decrypt(DecryptSource::Key(by_id(&key)), &[], &[])).await), "CiphertextBlob");
    let unknown = from(DecryptSource::Version { version: gone, key: None });
    assert!(matches!(service.decrypt(unknown).await, Err(ServiceError::KeyNotFound)));
    let crossed = from(DecryptSource::Version { version: sealed.key_version_id.clone(), key: Some(by_id(&other)) });
    assert_eq!(refused(service.decrypt(crossed).await), "KeyId");
    for len in [0, 11, 13] {
        let wrong = Decrypt { iv: vec![1; len], ..from(DecryptSource::Key(by_id(&key))) };
        assert_eq!(refused(service.decrypt(wrong).await), "Iv", "{len}");
    }
    let wrong = Decrypt { algorithm: "AES_CBC".to_owned(), ..from(DecryptSource::Key(by_id(&key))) };
    assert_eq!(refused(service.decrypt(wrong).await), "Algorithm");
    let long = Decrypt { aad: vec![0; 8193], ..from(DecryptSource::Key(by_id(&key))) };
    assert_eq!(refused(service.decrypt(long).await), "Aad");
    // A self-describing blob contains everything, so the request's fields are ignored.
    let iv: [u8; 12] = sealed.iv.clone().try_into().unwrap();
    let itself = DecryptSource::SelfDescribing { version: sealed.key_version_id.clone(), iv, key: None };
    let odd = Decrypt {
        iv: vec![9; 48],
        algorithm: "AES_CBC".to_owned(),
        padding_mode: "odd".to_owned(),
        is_advance: true,
        ..from(itself)
    };
    assert_eq!(service.decrypt(odd).await.unwrap().plaintext.reveal(), b"x");
    service.disable_key(&by_id(&key), &intent()).unwrap();
    let disabled = Decrypt { iv: Vec::new(), ..from(DecryptSource::Key(by_id(&key))) };
    assert!(matches!(service.decrypt(disabled).await, Err(ServiceError::State(_))));
}
