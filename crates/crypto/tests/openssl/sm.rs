//! SM2 signatures and encryption, SM3.

use claviger_crypto::asymmetric::{EncryptionAlgorithm, KeySpec, SignatureAlgorithm};
use claviger_crypto::sm3::sm3;
use claviger_crypto::{Message, OpenFailed, VerifyFailed};
use der::Encode as _;
use der::asn1::{OctetStringRef, UintRef};

use crate::{Bench, MESSAGE};

const RAW: &str = "-rawin -digest sm3 -pkeyopt distid:1234567812345678";

#[test]
fn sm3_digests() {
    let Some(bench) = Bench::new(KeySpec::EcP256) else { return };
    for len in [0, 1, 55, 56, 63, 64, 65, 1000] {
        let message = vec![0x61; len];
        bench.write("message", &message);
        assert_eq!(bench.openssl("dgst -sm3 -binary message"), sm3(&message), "{len}");
    }
}

#[test]
fn sm2_signatures_both_ways() {
    let Some(bench) = Bench::new(KeySpec::EcSm2) else { return };
    let algorithm = SignatureAlgorithm::Sm2Dsa;
    let verify = format!("pkeyutl -verify -pubin -inkey pub.pem -in message -sigfile signature {RAW}");
    let other =
        "pkeyutl -verify -pubin -inkey pub.pem -in message -sigfile signature -rawin -digest sm3 -pkeyopt distid:Alice";
    for _ in 0..8 {
        bench.write("signature", &bench.key.sign(algorithm, Message::Raw(MESSAGE)).unwrap());
        bench.openssl(&verify);
        assert!(bench.refuses(other), "another identity");
        let signature = bench.openssl(&format!("pkeyutl -sign -inkey key.pem -in message {RAW}"));
        let public = bench.key.public_key();
        assert_eq!(public.verify(algorithm, Message::Raw(MESSAGE), &signature), Ok(()));
        assert_eq!(public.verify(algorithm, Message::Raw(b"another message"), &signature), Err(VerifyFailed));
    }
}

/// The caller's digest is e = SM3(Z_A || M): signed here as a digest, and verified by OpenSSL from the message.
#[test]
fn sm2_signatures_by_digest() {
    let Some(bench) = Bench::new(KeySpec::EcSm2) else { return };
    let spki = bench.key.public_key().spki_der();
    let curve = "fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc\
                 28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93\
                 32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7\
                 bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0";
    let identity = [&[0x00, 0x80], &b"1234567812345678"[..], &hex::decode(curve).unwrap(), &spki[spki.len() - 64..]];
    let e = sm3(&[&sm3(&identity.concat())[..], MESSAGE].concat());
    bench.write("signature", &bench.key.sign(SignatureAlgorithm::Sm2Dsa, Message::Digest(&e)).unwrap());
    bench.openssl(&format!("pkeyutl -verify -pubin -inkey pub.pem -in message -sigfile signature {RAW}"));
}

/// The parts of C1 || C3 || C2 in the SEQUENCE of GM/T 0009, the only form that OpenSSL reads.
fn to_asn1(sealed: &[u8]) -> Vec<u8> {
    let mut fields = UintRef::new(&sealed[1..33]).unwrap().to_der().unwrap();
    fields.extend(UintRef::new(&sealed[33..65]).unwrap().to_der().unwrap());
    fields.extend(OctetStringRef::new(&sealed[65..97]).unwrap().to_der().unwrap());
    fields.extend(OctetStringRef::new(&sealed[97..]).unwrap().to_der().unwrap());
    der::asn1::AnyRef::new(der::Tag::Sequence, &fields).unwrap().to_der().unwrap()
}

#[test]
fn sm2_encryption_both_ways() {
    let Some(bench) = Bench::new(KeySpec::EcSm2) else { return };
    let algorithm = EncryptionAlgorithm::Sm2Pke;
    for len in [1, 31, 32, 33, 200, 6047] {
        let plaintext: Vec<u8> = (0..len).map(|at| u8::try_from(at % 253).unwrap()).collect();
        let sealed = bench.key.public_key().encrypt(algorithm, &plaintext).unwrap();
        bench.write("sealed", &to_asn1(&sealed));
        assert_eq!(bench.openssl("pkeyutl -decrypt -inkey key.pem -in sealed"), plaintext, "{len}");
        assert_eq!(bench.key.decrypt(algorithm, &to_asn1(&sealed)).unwrap().reveal(), plaintext, "{len}");
        bench.write("plaintext", &plaintext);
        let mut sealed = bench.openssl("pkeyutl -encrypt -pubin -inkey pub.pem -in plaintext");
        assert_eq!(bench.key.decrypt(algorithm, &sealed).unwrap().reveal(), plaintext, "{len}");
        *sealed.last_mut().unwrap() ^= 1;
        assert_eq!(bench.key.decrypt(algorithm, &sealed).unwrap_err(), OpenFailed, "{len}");
    }
}
