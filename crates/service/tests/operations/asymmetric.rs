//! Asymmetric keys and HMAC keys: every algorithm, named versions, limits.

use claviger_base::SecretBytes;
use claviger_crypto::Message;
use claviger_crypto::asymmetric::{KeySpec as CryptoSpec, PublicKey, SignatureAlgorithm};
use claviger_crypto::mac::hmac_sha256;
use claviger_model::{Key, KeySpec, KeyUsage};
use claviger_service::{
    Decrypt, DecryptSource, Encrypt, KeyRef, MessageType, Service, ServiceError, Signing, VersionChoice,
};

use crate::fixture::{aes_key, all_rights, by_id, decrypt, default_service, encrypt, intent, key_of, refused};

/// RSA_2048 stands for all RSA specs here, because longer keys take seconds to generate. The conformance suites use every spec.
const SPECS: [KeySpec; 4] = [KeySpec::Rsa2048, KeySpec::EcP256, KeySpec::EcP256k, KeySpec::EcSm2];

fn signing(key: &Key, algorithm: &str, message_type: &str, message: &[u8]) -> Signing {
    Signing {
        rights: all_rights(),
        key: by_id(key),
        named_version: None,
        algorithm: algorithm.to_owned(),
        message_type: message_type.to_owned(),
        message: message.to_vec(),
        digest: Vec::new(),
    }
}

fn pem_der(pem: &str) -> Vec<u8> {
    claviger_crypto::pem::decode(claviger_crypto::pem::Label::PublicKey, pem.as_bytes()).unwrap()
}

async fn exported(service: &Service, key: &Key) -> PublicKey {
    let read = service.get_public_key(&by_id(key), None, &all_rights()).await.unwrap();
    let spec = CryptoSpec::ALL.into_iter().find(|spec| format!("{spec:?}") == format!("{:?}", key.spec)).unwrap();
    PublicKey::from_spki_der(spec, &pem_der(&read.pem)).unwrap()
}

#[tokio::test]
async fn signatures_verify_here_and_with_the_exported_key() {
    let service = default_service();
    for spec in SPECS {
        let key = key_of(&service, spec, Some(KeyUsage::SignVerify), false);
        let public = exported(&service, &key).await;
        for algorithm in spec.algorithms(KeyUsage::SignVerify) {
            let crypto = SignatureAlgorithm::ALL.into_iter().find(|known| known.name() == algorithm.name()).unwrap();
            let raw = signing(&key, algorithm.name(), "RAW", b"message");
            let signed = service.sign(raw.clone()).await.unwrap();
            assert_eq!((signed.algorithm, signed.message_type), (*algorithm, MessageType::Raw));
            assert!(public.verify(crypto, Message::Raw(b"message"), &signed.result).is_ok());
            assert!(service.verify(raw.clone(), signed.result.clone()).await.unwrap().result);
            let other = Signing { message: b"massage".to_vec(), ..raw };
            assert!(!service.verify(other, signed.result).await.unwrap().result);
            let digest = signing(&key, algorithm.name(), "DIGEST", &[7; 32]);
            let signed = service.sign(digest.clone()).await.unwrap();
            assert!(public.verify(crypto, Message::Digest(&[7; 32]), &signed.result).is_ok());
            // The legacy field contains the same digest.
            let legacy = Signing { message: Vec::new(), digest: vec![7; 32], message_type: String::new(), ..digest };
            let verified = service.verify(legacy, signed.result).await.unwrap();
            assert_eq!((verified.result, verified.message_type), (true, MessageType::Digest));
        }
    }
}

#[tokio::test]
async fn what_is_sealed_to_a_public_key_opens() {
    let service = default_service();
    for spec in SPECS {
        let key = key_of(&service, spec, Some(KeyUsage::EncryptDecrypt), false);
        for algorithm in spec.algorithms(KeyUsage::EncryptDecrypt) {
            let asked = encrypt(&key, VersionChoice::Initial, b"hello");
            let sealed = service.encrypt(Encrypt { algorithm: algorithm.name().to_owned(), ..asked }).await.unwrap();
            assert_eq!((sealed.iv.is_empty(), sealed.algorithm), (true, *algorithm));
            let open = |ciphertext: &[u8]| Decrypt {
                algorithm: algorithm.name().to_owned(),
                ..decrypt(DecryptSource::Key(by_id(&key)), ciphertext, &[])
            };
            assert_eq!(service.decrypt(open(&sealed.ciphertext)).await.unwrap().plaintext.reveal(), b"hello");
            let mut altered = sealed.ciphertext.clone();
            *altered.last_mut().unwrap() ^= 1;
            for wrong in [altered.as_slice(), &sealed.ciphertext[1..], &[0; 5]] {
                assert!(matches!(service.decrypt(open(wrong)).await, Err(ServiceError::DoesNotOpen)));
            }
        }
    }
}

#[tokio::test]
async fn plaintexts_end_where_the_algorithm_does() {
    let service = default_service();
    let rsa = key_of(&service, KeySpec::Rsa2048, Some(KeyUsage::EncryptDecrypt), false);
    let sm2 = key_of(&service, KeySpec::EcSm2, Some(KeyUsage::EncryptDecrypt), false);
    for (key, algorithm, longest) in
        [(&rsa, "RSAES_OAEP_SHA_256", 190), (&rsa, "RSAES_OAEP_SHA_1", 214), (&rsa, "", 190), (&sm2, "SM2PKE", 6047)]
    {
        let ask = |len: usize| Encrypt {
            algorithm: algorithm.to_owned(),
            plaintext: SecretBytes::new(vec![1; len]),
            ..encrypt(key, VersionChoice::Initial, b"x")
        };
        assert!(service.encrypt(ask(longest)).await.is_ok(), "{algorithm}");
        assert_eq!(refused(service.encrypt(ask(longest + 1)).await), "Plaintext", "{algorithm}");
    }
    let with_aad = Encrypt { aad: vec![1], ..encrypt(&rsa, VersionChoice::Initial, b"x") };
    assert_eq!(refused(service.encrypt(with_aad).await), "Aad");
    let with_iv = Encrypt { iv: vec![1; 12], ..encrypt(&rsa, VersionChoice::Initial, b"x") };
    assert_eq!(refused(service.encrypt(with_iv).await), "Iv");
}

#[tokio::test]
async fn a_named_version_is_the_one_that_works() {
    let service = default_service();
    let key = key_of(&service, KeySpec::EcP256, Some(KeyUsage::SignVerify), false);
    let second = service.create_key_version(&by_id(&key), &intent()).unwrap();
    let with = |version: &claviger_base::id::KeyVersionId| Signing {
        named_version: Some(version.clone()),
        ..signing(&key, "", "", b"m")
    };
    let by_default = service.sign(signing(&key, "", "", b"m")).await.unwrap();
    assert_eq!(by_default.key_version_id, key.initial_version);
    let by_second = service.sign(with(&second.id)).await.unwrap();
    assert_eq!(by_second.key_version_id, second.id);
    assert!(service.verify(with(&second.id), by_second.result.clone()).await.unwrap().result);
    assert!(!service.verify(with(&key.initial_version), by_second.result).await.unwrap().result);
    let (first, other) = (
        service.get_public_key(&by_id(&key), None, &all_rights()).await.unwrap(),
        service.get_public_key(&by_id(&key), Some(&second.id), &all_rights()).await.unwrap(),
    );
    assert_ne!(first.pem, other.pem);
    let stranger = key_of(&service, KeySpec::EcP256, Some(KeyUsage::SignVerify), false);
    assert_eq!(refused(service.sign(with(&stranger.initial_version)).await), "x-kms-migrationkeyversionid");
    let gone = claviger_base::id::KeyVersionId::generate(&key.id).unwrap();
    assert!(matches!(service.sign(with(&gone)).await, Err(ServiceError::KeyNotFound)));
    // An asymmetric key does not rotate: it has no schedule, and its first version stays the default.
    let interval = claviger_model::RotationInterval::from_s(30 * 86_400);
    assert!(matches!(
        service.update_rotation_policy(&by_id(&key), interval, &intent()),
        Err(ServiceError::Unsupported)
    ));
    assert_eq!(service.describe_key(&by_id(&key)).unwrap().primary_version, key.initial_version);
}

#[tokio::test]
async fn signing_refuses_in_its_order() {
    let service = default_service();
    let key = key_of(&service, KeySpec::EcP256, Some(KeyUsage::SignVerify), false);
    let nobody = KeyRef::Id(claviger_base::id::KeyId::generate().unwrap());
    let empty = Signing { key: nobody.clone(), ..signing(&key, "", "", b"") };
    assert_eq!(refused(service.sign(empty).await), "Message");
    assert_eq!(refused(service.verify(signing(&key, "", "", b"m"), Vec::new()).await), "Signature");
    let unknown = Signing { key: nobody, ..signing(&key, "odd", "odd", b"m") };
    assert!(matches!(service.sign(unknown).await, Err(ServiceError::KeyNotFound)));
    assert_eq!(refused(service.sign(signing(&key, "RSA_PSS_SHA_256", "", b"m")).await), "Algorithm");
    assert_eq!(refused(service.sign(signing(&key, "ECDSA_SHA_256", "raw", b"m")).await), "MessageType");
    for len in [1, 20, 31, 33, 64] {
        assert_eq!(refused(service.sign(signing(&key, "", "DIGEST", &vec![1; len])).await), "Message", "{len}");
    }
    let raw_without = Signing { digest: vec![1; 32], ..signing(&key, "", "RAW", b"") };
    assert_eq!(refused(service.sign(raw_without).await), "Message");
    let aes = aes_key(&service);
    assert!(matches!(service.sign(signing(&aes, "", "", b"m")).await, Err(ServiceError::Unsupported)));
    let sealing = key_of(&service, KeySpec::EcP256, Some(KeyUsage::EncryptDecrypt), false);
    assert!(matches!(service.sign(signing(&sealing, "", "", b"m")).await, Err(ServiceError::Unsupported)));
    let rights = all_rights();
    let read = service.get_public_key(&by_id(&aes), None, &rights).await;
    assert!(matches!(read, Err(ServiceError::Unsupported)));
}

#[tokio::test]
async fn sm4_and_hmac_keys_work_and_hmac_keys_do_not_rotate() {
    let service = default_service();
    let sm4 = key_of(&service, KeySpec::AliyunSm4, None, true);
    for choice in [VersionChoice::Initial, VersionChoice::Primary] {
        let sealed = service.encrypt(encrypt(&sm4, choice, b"hello")).await.unwrap();
        assert_eq!(sealed.algorithm.name(), "SM4_GCM");
        let source = DecryptSource::Version { version: sealed.key_version_id, key: None };
        let opened = service.decrypt(decrypt(source, &sealed.ciphertext, &sealed.iv)).await.unwrap();
        assert_eq!(opened.plaintext.reveal(), b"hello");
    }
    let key = key_of(&service, KeySpec::HmacSha256, None, false);
    let tagged = service.hmac(&by_id(&key), b"message", &all_rights()).await.unwrap();
    assert_eq!(tagged.tag, service.hmac(&by_id(&key), b"message", &all_rights()).await.unwrap().tag);
    assert_ne!(tagged.tag, hmac_sha256(&[0; 32], b"message"));
    assert_eq!(refused(service.hmac(&by_id(&key), b"", &all_rights()).await), "Message");
    assert!(matches!(service.hmac(&by_id(&sm4), b"m", &all_rights()).await, Err(ServiceError::Unsupported)));
    assert!(matches!(service.create_key_version(&by_id(&key), &intent()), Err(ServiceError::Unsupported)));
}

#[test]
fn create_key_takes_the_pairs_of_spec_and_usage_and_refuses_the_rest() {
    let service = default_service();
    let slow = [KeySpec::Rsa2048, KeySpec::Rsa3072, KeySpec::Rsa4096];
    for spec in KeySpec::ALL.into_iter().filter(|spec| !slow.contains(spec)) {
        for usage in KeyUsage::ALL {
            let request = claviger_service::CreateKey {
                spec,
                usage: Some(usage),
                description: String::new(),
                rotation_interval: None,
                creator: String::new(),
            };
            let made = service.create_key(request.clone(), &intent());
            assert_eq!(made.is_ok(), spec.is_software() && !spec.algorithms(usage).is_empty(), "{spec:?} {usage:?}");
            let rotation_interval = claviger_model::RotationInterval::from_s(30 * 86_400);
            let rotating = service.create_key(claviger_service::CreateKey { rotation_interval, ..request }, &intent());
            assert_eq!(rotating.is_ok(), made.is_ok() && spec.is_symmetric(), "{spec:?} {usage:?}");
        }
    }
}
