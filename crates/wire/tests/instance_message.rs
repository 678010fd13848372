//! Every field number of every message against the table of instance-api 3, decoded independently of prost.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

use claviger_wire::instance::message::*;
use proptest::prelude::*;
use prost::Message;

/// Decodes a message into (field number, content); the content of an integer is its decimal text.
fn fields(mut bytes: &[u8]) -> Vec<(u64, String)> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = bytes[0];
            *bytes = &bytes[1..];
            value |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                return value;
            }
        }
    }
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let value = varint(&mut bytes);
        match tag & 7 {
            0 => out.push((tag >> 3, value.to_string())),
            2 => {
                let (content, rest) = bytes.split_at(usize::try_from(value).unwrap());
                out.push((tag >> 3, String::from_utf8(content.to_vec()).unwrap()));
                bytes = rest;
            }
            other => panic!("wire type {other}"),
        }
    }
    out
}

/// Fills each text or bytes field with its own name and expects that name under the number. A field that is missing from
/// the list does not compile.
macro_rules! text_fields {
    ($($message:ident: $($number:literal $field:ident),+;)+) => {
        $({
            let message = $message { $($field: stringify!($field).into()),+ };
            let expected: Vec<(u64, String)> = vec![$(($number, stringify!($field).to_owned())),+];
            let encoded = message.encode_to_vec();
            assert_eq!(fields(&encoded), expected, stringify!($message));
            assert_eq!($message::decode(encoded.as_slice()), Ok(message));
        })+
    };
}

#[test]
fn text_and_bytes() {
    text_fields! {
        EncryptRequest: 1 key_id, 2 plaintext, 3 algorithm, 4 aad, 5 iv, 6 padding_mode;
        AdvanceEncryptRequest: 1 key_id, 2 plaintext, 3 algorithm, 4 aad, 5 iv, 6 padding_mode;
        EncryptResponse: 1 key_id, 2 ciphertext_blob, 3 iv, 4 request_id, 5 algorithm, 6 padding_mode;
        AdvanceEncryptResponse: 1 key_id, 2 ciphertext_blob, 3 iv, 4 request_id, 5 algorithm, 6 padding_mode, 7 key_version_id;
        DecryptRequest: 1 ciphertext_blob, 2 key_id, 3 algorithm, 4 aad, 5 iv, 6 padding_mode;
        AdvanceDecryptRequest: 1 ciphertext_blob, 2 key_id, 3 algorithm, 4 aad, 5 iv, 6 padding_mode;
        DecryptResponse: 1 key_id, 2 plaintext, 3 request_id, 4 algorithm, 5 padding_mode;
        AdvanceDecryptResponse: 1 key_id, 2 plaintext, 3 request_id, 4 algorithm, 5 padding_mode, 6 key_version_id;
        GenerateDataKeyResponse: 1 key_id, 2 iv, 3 plaintext, 4 ciphertext_blob, 5 request_id, 6 algorithm;
        AdvanceGenerateDataKeyResponse: 1 key_id, 2 iv, 3 plaintext, 4 ciphertext_blob, 5 request_id, 6 algorithm, 7 key_version_id;
        SignRequest: 1 key_id, 2 digest, 3 algorithm, 4 message, 5 message_type;
        SignResponse: 1 key_id, 2 signature, 3 request_id, 4 algorithm, 5 message_type;
        VerifyRequest: 1 key_id, 2 digest, 3 signature, 4 algorithm, 5 message, 6 message_type;
        GetPublicKeyRequest: 1 key_id;
        GetPublicKeyResponse: 1 key_id, 2 public_key, 3 request_id;
        GenerateRandomResponse: 1 random, 2 request_id;
        HmacRequest: 1 key_id, 2 message;
        HmacResponse: 1 key_id, 2 signature, 3 request_id;
    }
}

#[test]
fn data_key_pairs() {
    text_fields! {
        GenerateDataKeyPairRequest: 1 key_id, 2 algorithm, 3 key_pair_spec, 4 key_format, 5 aad;
        GenerateDataKeyPairWithoutPlaintextRequest: 1 key_id, 2 algorithm, 3 key_pair_spec, 4 key_format, 5 aad;
        AdvanceGenerateDataKeyPairRequest: 1 key_id, 2 key_pair_spec, 3 key_format, 4 aad;
        AdvanceGenerateDataKeyPairWithoutPlaintextRequest: 1 key_id, 2 key_pair_spec, 3 key_format, 4 aad;
        GenerateDataKeyPairResponse: 1 key_id, 2 iv, 3 key_pair_spec, 4 private_key_plaintext,
            5 private_key_ciphertext_blob, 6 public_key, 7 request_id, 8 algorithm;
        AdvanceGenerateDataKeyPairResponse: 1 key_id, 2 iv, 3 key_pair_spec, 4 private_key_plaintext,
            5 private_key_ciphertext_blob, 6 public_key, 7 request_id, 8 algorithm, 9 key_version_id;
        GenerateDataKeyPairWithoutPlaintextResponse: 1 key_id, 2 iv, 3 key_pair_spec,
            4 private_key_ciphertext_blob, 5 public_key, 6 request_id, 7 algorithm;
        AdvanceGenerateDataKeyPairWithoutPlaintextResponse: 1 key_id, 2 iv, 3 key_pair_spec,
            4 private_key_ciphertext_blob, 5 public_key, 6 request_id, 7 algorithm, 8 key_version_id;
    }
}

/// The expected fields of `text`: `1=abc 2=def`.
fn expect(text: &str) -> Vec<(u64, String)> {
    let pairs = text.split(' ').map(|pair| pair.split_once('=').unwrap());
    pairs.map(|(number, content)| (number.parse().unwrap(), content.to_owned())).collect()
}

#[test]
fn numbers_booleans_and_lists() {
    let error = Error { status_code: 429, error_code: "c".into(), error_message: "m".into(), request_id: "r".into() };
    assert_eq!(fields(&error.encode_to_vec()), expect("1=429 2=c 3=m 4=r"));
    let request =
        GenerateDataKeyRequest { key_id: "k".into(), algorithm: "a".into(), number_of_bytes: 32, aad: b"d".into() };
    assert_eq!(fields(&request.encode_to_vec()), expect("1=k 2=a 3=32 4=d"));
    let request = AdvanceGenerateDataKeyRequest { key_id: "k".into(), number_of_bytes: 32, aad: b"d".into() };
    assert_eq!(fields(&request.encode_to_vec()), expect("1=k 2=32 3=d"));
    assert_eq!(GenerateRandomRequest { length: 32 }.encode_to_vec(), [0x08, 0x20]);
    let answer = VerifyResponse {
        key_id: "k".into(),
        value: true,
        request_id: "r".into(),
        algorithm: "a".into(),
        message_type: "t".into(),
    };
    assert_eq!(fields(&answer.encode_to_vec()), expect("1=k 2=1 3=r 4=a 5=t"));
    let request = GetSecretValueRequest {
        secret_name: "n".into(),
        version_stage: "s".into(),
        version_id: "v".into(),
        fetch_extended_config: true,
    };
    assert_eq!(fields(&request.encode_to_vec()), expect("1=n 2=s 3=v 4=1"));
}

#[test]
fn secret_values() {
    let answer = GetSecretValueResponse {
        secret_name: "n".into(),
        secret_type: "t".into(),
        secret_data: "d".into(),
        secret_data_type: "dt".into(),
        version_stages: vec!["s1".into(), "s2".into()],
        version_id: "v".into(),
        create_time: "c".into(),
        request_id: "r".into(),
        last_rotation_date: "l".into(),
        next_rotation_date: "x".into(),
        extended_config: "e".into(),
        automatic_rotation: "a".into(),
        rotation_interval: "i".into(),
    };
    let expected = "1=n 2=t 3=d 4=dt 5=s1 5=s2 6=v 7=c 8=r 9=l 10=x 11=e 12=a 13=i";
    assert_eq!(fields(&answer.encode_to_vec()), expect(expected));
}

#[test]
fn secrets_are_not_printed() {
    let secret = b"hunter2".to_vec();
    let printed = [
        format!("{:?}", EncryptRequest { plaintext: secret.clone(), ..Default::default() }),
        format!("{:?}", DecryptResponse { plaintext: secret.clone(), ..Default::default() }),
        format!("{:?}", AdvanceDecryptResponse { plaintext: secret.clone(), ..Default::default() }),
        format!("{:?}", GenerateDataKeyResponse { plaintext: secret.clone(), ..Default::default() }),
        format!("{:?}", AdvanceGenerateDataKeyResponse { plaintext: secret.clone(), ..Default::default() }),
        format!("{:?}", GenerateDataKeyPairResponse { private_key_plaintext: secret.clone(), ..Default::default() }),
        format!(
            "{:?}",
            AdvanceGenerateDataKeyPairResponse { private_key_plaintext: secret.clone(), ..Default::default() }
        ),
        format!("{:?}", GenerateRandomResponse { random: secret.clone(), ..Default::default() }),
        format!("{:?}", HmacRequest { message: secret.clone(), ..Default::default() }),
        format!("{:?}", SignRequest { message: secret.clone(), digest: secret.clone(), ..Default::default() }),
        format!("{:?}", VerifyRequest { message: secret.clone(), digest: secret, ..Default::default() }),
        format!("{:?}", GetSecretValueResponse { secret_data: "hunter2".into(), ..Default::default() }),
    ];
    for text in printed {
        assert!(text.contains("[secret]"), "{text}");
        assert!(!text.contains("hunter2") && !text.contains("104, 117"), "{text}");
    }
}

#[test]
fn unknown_fields_are_ignored_and_malformed_bodies_refused() {
    // Field 99, text "x", after Length = 32.
    let decoded = GenerateRandomRequest::decode([0x08, 0x20, 0x9a, 0x06, 0x01, b'x'].as_slice());
    assert_eq!(decoded, Ok(GenerateRandomRequest { length: 32 }));
    assert!(GenerateRandomRequest::decode([0x08].as_slice()).is_err());
    assert!(EncryptRequest::decode([0x0a, 0x05, b'k'].as_slice()).is_err());
    assert!(EncryptRequest::decode([0x0a, 0x01, 0xff].as_slice()).is_err());
    assert!(EncryptRequest::decode([0x08, 0x01].as_slice()).is_err());
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = AdvanceGenerateDataKeyPairRequest::decode(bytes.as_slice());
        let _ = AdvanceDecryptRequest::decode(bytes.as_slice());
        let _ = GetSecretValueResponse::decode(bytes.as_slice());
        let _ = Error::decode(bytes.as_slice());
    }
}
