//! RustCrypto: one package per algorithm, and dalek's Ed25519 with the same traits.

use ml_dsa::{MlDsa44, MlDsa65, MlDsa87};
use ml_kem::kem::{Decapsulate as _, Encapsulate as _};
use rsa::pkcs1v15;
use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey};
use rsa::sha2::Sha256;
use rsa::signature::{SignatureEncoding, Signer, Verifier};
use sm2::dsa::{Signature as Sm2Signature, SigningKey as Sm2SigningKey, VerifyingKey as Sm2VerifyingKey};

use crate::half::{Form, Library, Private, Public, Read, Readable, error_text, unknown};

pub(crate) const LIBRARY: Library = Library {
    name: "RustCrypto",
    package,
    private: |spec, form, bytes| private(spec, form, bytes).map(Readable::from),
    public,
    bare_public: |_spec, _spki| Err("not needed: it reads the SPKI of every spec whose private key it reads".to_owned()),
};

/// GM/T 0009.
const SM2_IDENTITY: &str = "1234567812345678";

fn package(spec: &str) -> &'static str {
    match spec {
        "EC_P256" => "p256",
        "EC_P256K" => "k256",
        "EC_P384" => "p384",
        "EC_P521" => "p521",
        "EC_SM2" => "sm2",
        "ED25519" => "ed25519-dalek",
        "ML_DSA_44" | "ML_DSA_65" | "ML_DSA_87" => "ml-dsa",
        "ML_KEM_512" | "ML_KEM_768" | "ML_KEM_1024" => "ml-kem",
        _ => "rsa",
    }
}

fn private(spec: &str, form: Form, bytes: &[u8]) -> Read<Private> {
    match spec {
        "RSA_2048" | "RSA_3072" | "RSA_4096" => signs::<pkcs1v15::SigningKey<Sha256>, pkcs1v15::Signature>(form, bytes),
        "EC_P256" => signs::<p256::ecdsa::SigningKey, p256::ecdsa::DerSignature>(form, bytes),
        "EC_P256K" => signs::<k256::ecdsa::SigningKey, k256::ecdsa::DerSignature>(form, bytes),
        "EC_P384" => signs::<p384::ecdsa::SigningKey, p384::ecdsa::DerSignature>(form, bytes),
        "EC_P521" => signs::<p521::ecdsa::SigningKey, p521::ecdsa::DerSignature>(form, bytes),
        "EC_SM2" => {
            let key = decoded_private::<sm2::SecretKey>(form, bytes)?;
            Ok(signer::<_, Sm2Signature>(Sm2SigningKey::new(SM2_IDENTITY, &key).map_err(error_text)?))
        }
        "ED25519" => signs::<ed25519_dalek::SigningKey, ed25519_dalek::Signature>(form, bytes),
        "ML_DSA_44" => signs::<ml_dsa::SigningKey<MlDsa44>, ml_dsa::Signature<MlDsa44>>(form, bytes),
        "ML_DSA_65" => signs::<ml_dsa::SigningKey<MlDsa65>, ml_dsa::Signature<MlDsa65>>(form, bytes),
        "ML_DSA_87" => signs::<ml_dsa::SigningKey<MlDsa87>, ml_dsa::Signature<MlDsa87>>(form, bytes),
        "ML_KEM_512" => ml_kem_512::private(form, bytes),
        "ML_KEM_768" => ml_kem_768::private(form, bytes),
        "ML_KEM_1024" => ml_kem_1024::private(form, bytes),
        _ => unknown(),
    }
}

fn public(spec: &str, form: Form, bytes: &[u8]) -> Read<Public> {
    match spec {
        "RSA_2048" | "RSA_3072" | "RSA_4096" => {
            verifies::<pkcs1v15::VerifyingKey<Sha256>, pkcs1v15::Signature>(form, bytes)
        }
        "EC_P256" => verifies::<p256::ecdsa::VerifyingKey, p256::ecdsa::DerSignature>(form, bytes),
        "EC_P256K" => verifies::<k256::ecdsa::VerifyingKey, k256::ecdsa::DerSignature>(form, bytes),
        "EC_P384" => verifies::<p384::ecdsa::VerifyingKey, p384::ecdsa::DerSignature>(form, bytes),
        "EC_P521" => verifies::<p521::ecdsa::VerifyingKey, p521::ecdsa::DerSignature>(form, bytes),
        "EC_SM2" => {
            let key = decoded_public::<sm2::PublicKey>(form, bytes)?;
            Ok(verifier::<_, Sm2Signature>(Sm2VerifyingKey::new(SM2_IDENTITY, key).map_err(error_text)?))
        }
        "ED25519" => verifies::<ed25519_dalek::VerifyingKey, ed25519_dalek::Signature>(form, bytes),
        "ML_DSA_44" => verifies::<ml_dsa::VerifyingKey<MlDsa44>, ml_dsa::Signature<MlDsa44>>(form, bytes),
        "ML_DSA_65" => verifies::<ml_dsa::VerifyingKey<MlDsa65>, ml_dsa::Signature<MlDsa65>>(form, bytes),
        "ML_DSA_87" => verifies::<ml_dsa::VerifyingKey<MlDsa87>, ml_dsa::Signature<MlDsa87>>(form, bytes),
        "ML_KEM_512" => ml_kem_512::public(form, bytes),
        "ML_KEM_768" => ml_kem_768::public(form, bytes),
        "ML_KEM_1024" => ml_kem_1024::public(form, bytes),
        _ => unknown(),
    }
}

fn decoded_private<K: DecodePrivateKey>(form: Form, bytes: &[u8]) -> Read<K> {
    match form {
        Form::Der => K::from_pkcs8_der(bytes).map_err(error_text),
        Form::Pem => K::from_pkcs8_pem(std::str::from_utf8(bytes).map_err(error_text)?).map_err(error_text),
    }
}

fn decoded_public<K: DecodePublicKey>(form: Form, bytes: &[u8]) -> Read<K> {
    match form {
        Form::Der => K::from_public_key_der(bytes).map_err(error_text),
        Form::Pem => K::from_public_key_pem(std::str::from_utf8(bytes).map_err(error_text)?).map_err(error_text),
    }
}

fn signs<K: DecodePrivateKey + Signer<S> + 'static, S: SignatureEncoding>(form: Form, bytes: &[u8]) -> Read<Private> {
    decoded_private::<K>(form, bytes).map(signer::<K, S>)
}

fn signer<K: Signer<S> + 'static, S: SignatureEncoding>(key: K) -> Private {
    Private::Signs(Box::new(move |message| Ok(key.try_sign(message).map_err(error_text)?.to_vec())))
}

fn verifies<K: DecodePublicKey + Verifier<S> + 'static, S: SignatureEncoding>(
    form: Form,
    bytes: &[u8],
) -> Read<Public> {
    decoded_public::<K>(form, bytes).map(verifier::<K, S>)
}

fn verifier<K: Verifier<S> + 'static, S: SignatureEncoding>(key: K) -> Public {
    Public::Verifies(Box::new(move |message, signature| {
        S::try_from(signature).is_ok_and(|signature| key.verify(message, &signature).is_ok())
    }))
}

macro_rules! ml_kem {
    ($module:ident, $size:ident) => {
        mod $module {
            use super::*;

            type Decapsulation = ml_kem::DecapsulationKey<ml_kem::$size>;
            type Encapsulation = ml_kem::EncapsulationKey<ml_kem::$size>;

            pub(super) fn private(form: Form, bytes: &[u8]) -> Read<Private> {
                let key = decoded_private::<Decapsulation>(form, bytes)?;
                Ok(Private::Decapsulates(Box::new(move |ciphertext| {
                    Ok(key.decapsulate(&ciphertext.try_into().map_err(error_text)?).to_vec())
                })))
            }

            pub(super) fn public(form: Form, bytes: &[u8]) -> Read<Public> {
                let key = decoded_public::<Encapsulation>(form, bytes)?;
                Ok(Public::Encapsulates(Box::new(move || {
                    let (ciphertext, sent) = key.encapsulate();
                    Ok((ciphertext.to_vec(), sent.to_vec()))
                })))
            }
        }
    };
}

ml_kem!(ml_kem_512, MlKem512);
ml_kem!(ml_kem_768, MlKem768);
ml_kem!(ml_kem_1024, MlKem1024);
