//! RSA with every padding, and ECDSA on both curves.

use claviger_crypto::asymmetric::{EncryptionAlgorithm, KeySpec, SignatureAlgorithm};
use claviger_crypto::{Message, VerifyFailed, digest};

use crate::{Bench, MESSAGE};

const RSA: [KeySpec; 3] = [KeySpec::Rsa2048, KeySpec::Rsa3072, KeySpec::Rsa4096];

fn signature_len(spec: KeySpec) -> usize {
    match spec {
        KeySpec::Rsa2048 => 256,
        KeySpec::Rsa3072 => 384,
        _ => 512,
    }
}

/// OpenSSL's options for signing with the algorithm.
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
        // Half of all ECDSA signatures have the higher s; several are made, so that both cases occur.
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
fn pss_signatures_with_salts_of_any_length() {
    RSA.into_iter().for_each(salts_of_any_length);
}

fn salts_of_any_length(spec: KeySpec) {
    let Some(bench) = Bench::new(spec) else { return };
    bench.write("digest", &digest::sha256(MESSAGE));
    let longest = signature_len(spec) - 34;
    let verify = |salt: &str| {
        let signature = bench.openssl(&format!(
            "pkeyutl -sign -inkey key.pem -in digest -pkeyopt digest:sha256 -pkeyopt rsa_padding_mode:pss \
             -pkeyopt rsa_pss_saltlen:{salt}"
        ));
        let public = bench.key.public_key();
        let verify = |message| public.verify(SignatureAlgorithm::RsaPssSha256, Message::Raw(message), &signature);
        assert_eq!(verify(MESSAGE), Ok(()), "{spec:?} {salt}");
        assert_eq!(verify(b"another message"), Err(VerifyFailed), "{spec:?} {salt}");
    };
    ["digest", "max"].into_iter().for_each(verify);
    for salt in [0, 1, 20, 31, 32, 33, 64, 100, longest - 1, longest] {
        verify(&salt.to_string());
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
