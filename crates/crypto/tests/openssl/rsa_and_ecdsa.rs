//! RSA with every padding, and ECDSA on both curves.

use claviger_crypto::asymmetric::{EncryptionAlgorithm, KeySpec, SignatureAlgorithm};
use claviger_crypto::{Message, VerifyFailed, digest};

use crate::{Bench, MESSAGE};

const RSA: [KeySpec; 3] = [KeySpec::Rsa2048, KeySpec::Rsa3072, KeySpec::Rsa4096];

/// How OpenSSL is told of each.
fn signing_options(algorithm: SignatureAlgorithm) -> &'static str {
    match algorithm {
        SignatureAlgorithm::RsaPssSha256 => {
            " -pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:digest -pkeyopt rsa_mgf1_md:sha256"
        }
        SignatureAlgorithm::RsaPkcs1Sha256 | SignatureAlgorithm::EcdsaSha256 | SignatureAlgorithm::Sm2Dsa => "",
    }
}

fn sign_both_ways(spec: KeySpec) {
    let Some(bench) = Bench::new(spec) else { return };
    for algorithm in spec.signature_algorithms() {
        let options = signing_options(*algorithm);
        let given = digest::sha256(MESSAGE);
        bench.write("digest", &given);
        for message in [Message::Raw(MESSAGE), Message::Digest(&given)] {
            bench.write("signature", &bench.key.sign(*algorithm, message).unwrap());
            bench.openssl(&format!(
                "pkeyutl -verify -pubin -inkey pub.pem -in digest -sigfile signature -pkeyopt digest:sha256{options}"
            ));
        }
        bench.write("digest", &digest::sha256(b"another message"));
        assert!(bench.refuses(&format!(
            "pkeyutl -verify -pubin -inkey pub.pem -in digest -sigfile signature -pkeyopt digest:sha256{options}"
        )));
        bench.write("digest", &given);
        let sign = format!("pkeyutl -sign -inkey key.pem -in digest -pkeyopt digest:sha256{options}");
        let public = bench.key.public_key();
        // Half of ECDSA's signatures have the higher s: several, so that both kinds come.
        for _ in 0..8 {
            let signature = bench.openssl(&sign);
            assert_eq!(public.verify(*algorithm, Message::Raw(MESSAGE), &signature), Ok(()), "{spec:?} {algorithm:?}");
            assert_eq!(public.verify(*algorithm, Message::Digest(&given), &signature), Ok(()), "{spec:?}");
            assert_eq!(public.verify(*algorithm, Message::Raw(b"m"), &signature), Err(VerifyFailed), "{spec:?}");
        }
    }
}

#[test]
fn rsa_signatures_both_ways() {
    RSA.into_iter().for_each(sign_both_ways);
}

#[test]
fn ecdsa_signatures_both_ways() {
    sign_both_ways(KeySpec::EcP256);
    sign_both_ways(KeySpec::EcP256k);
}

#[test]
fn pss_signatures_with_every_usual_salt() {
    let Some(bench) = Bench::new(KeySpec::Rsa2048) else { return };
    bench.write("digest", &digest::sha256(MESSAGE));
    let verify = |salt: &str| {
        let signature = bench.openssl(&format!(
            "pkeyutl -sign -inkey key.pem -in digest -pkeyopt digest:sha256 -pkeyopt rsa_padding_mode:pss \
             -pkeyopt rsa_pss_saltlen:{salt}"
        ));
        bench.key.public_key().verify(SignatureAlgorithm::RsaPssSha256, Message::Raw(MESSAGE), &signature)
    };
    for salt in ["digest", "max", "0", "20", "28", "32", "48", "64"] {
        assert_eq!(verify(salt), Ok(()), "{salt}");
    }
    // Lengths that no library chooses by itself: the documented limit of this room.
    for salt in ["1", "31", "33"] {
        assert_eq!(verify(salt), Err(VerifyFailed), "{salt}");
    }
}

#[test]
fn oaep_both_ways() {
    for spec in RSA {
        let Some(bench) = Bench::new(spec) else { return };
        for (algorithm, md) in
            [(EncryptionAlgorithm::RsaesOaepSha256, "sha256"), (EncryptionAlgorithm::RsaesOaepSha1, "sha1")]
        {
            let options = format!("-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:{md} -pkeyopt rsa_mgf1_md:{md}");
            let decrypt = format!("pkeyutl -decrypt -inkey key.pem -in sealed {options}");
            let longest = vec![0x5a; spec.plaintext_max(algorithm).unwrap()];
            for plaintext in [&b"x"[..], &longest] {
                let mut sealed = bench.key.public_key().encrypt(algorithm, plaintext).unwrap();
                bench.write("sealed", &sealed);
                assert_eq!(bench.openssl(&decrypt), plaintext, "{spec:?} {algorithm:?}");
                sealed[100] ^= 1;
                bench.write("sealed", &sealed);
                assert!(bench.refuses(&decrypt));
                bench.write("plaintext", plaintext);
                let sealed = bench.openssl(&format!("pkeyutl -encrypt -pubin -inkey pub.pem -in plaintext {options}"));
                assert_eq!(bench.key.decrypt(algorithm, &sealed).unwrap().reveal(), plaintext, "{spec:?}");
            }
        }
    }
}
