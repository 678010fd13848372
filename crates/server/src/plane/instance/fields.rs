//! Test: every `InvalidParameter` error contains the name that the API gives to the invalid field.

use std::net::{IpAddr, Ipv4Addr};

use claviger_model::{KeySpec, KeyUsage};
use claviger_service::Rights;
use claviger_wire::instance::message::{
    AdvanceGenerateDataKeyPairRequest, DecryptRequest, EncryptRequest, GenerateDataKeyRequest, GenerateRandomRequest,
    GetPublicKeyRequest, GetSecretValueRequest, HmacRequest, SignRequest, VerifyRequest,
};
use claviger_wire::instance::{ApiError, Operation};
use prost::Message;

use super::matrix::Fixture;
use crate::disconnect::disconnect_watch;
use crate::request_log::audit_fields::AuditFields;

async fn refused(fixture: &Fixture, operation: Operation, body: Vec<u8>) -> ApiError {
    let ((_guard, disconnect), mut fields) = (disconnect_watch(), AuditFields::default());
    let rights = Rights::everything(IpAddr::V4(Ipv4Addr::LOCALHOST));
    fixture.call_from(&disconnect, operation, &body, &rights, &mut fields).await.unwrap_err()
}

/// Earlier versions answered only "The specified parameter is not valid."
#[tokio::test]
async fn a_refusal_names_the_field() {
    let fixture = Fixture::new();
    let aes = fixture.create((KeySpec::AliyunAes256, KeyUsage::EncryptDecrypt)).id.to_string();
    let ec = fixture.create((KeySpec::EcP256, KeyUsage::SignVerify)).id.to_string();
    let encrypt = EncryptRequest { key_id: aes.clone(), plaintext: vec![1], ..EncryptRequest::default() };
    let decrypt = DecryptRequest {
        key_id: aes.clone(),
        ciphertext_blob: vec![1; 40],
        iv: vec![1; 12],
        ..DecryptRequest::default()
    };
    let pair = AdvanceGenerateDataKeyPairRequest {
        key_id: aes.clone(),
        key_pair_spec: "EC_P256".to_owned(),
        key_format: "PEM".to_owned(),
        ..AdvanceGenerateDataKeyPairRequest::default()
    };
    let data_key =
        GenerateDataKeyRequest { key_id: aes.clone(), number_of_bytes: 32, ..GenerateDataKeyRequest::default() };
    let sign = SignRequest { key_id: ec.clone(), message: vec![1], ..SignRequest::default() };
    let word = || "none".to_owned();
    let cases = [
        (Operation::Encrypt, "KeyId", EncryptRequest { key_id: String::new(), ..encrypt.clone() }.encode_to_vec()),
        (Operation::Encrypt, "Plaintext", EncryptRequest { plaintext: vec![], ..encrypt.clone() }.encode_to_vec()),
        (Operation::Encrypt, "Algorithm", EncryptRequest { algorithm: word(), ..encrypt.clone() }.encode_to_vec()),
        (Operation::Encrypt, "Iv", EncryptRequest { iv: vec![1], ..encrypt.clone() }.encode_to_vec()),
        (Operation::AdvanceEncrypt, "Aad", EncryptRequest { aad: vec![1; 8193], ..encrypt.clone() }.encode_to_vec()),
        (Operation::AdvanceEncrypt, "PaddingMode", EncryptRequest { padding_mode: word(), ..encrypt }.encode_to_vec()),
        (Operation::Decrypt, "KeyId", DecryptRequest { key_id: String::new(), ..decrypt.clone() }.encode_to_vec()),
        (
            Operation::Decrypt,
            "CiphertextBlob",
            DecryptRequest { ciphertext_blob: vec![], ..decrypt.clone() }.encode_to_vec(),
        ),
        (Operation::AdvanceDecrypt, "Iv", DecryptRequest { iv: vec![1], ..decrypt }.encode_to_vec()),
        (
            Operation::AdvanceGenerateDataKeyPair,
            "KeyPairSpec",
            AdvanceGenerateDataKeyPairRequest { key_pair_spec: word(), ..pair.clone() }.encode_to_vec(),
        ),
        (
            Operation::AdvanceGenerateDataKeyPair,
            "KeyFormat",
            AdvanceGenerateDataKeyPairRequest { key_format: word(), ..pair }.encode_to_vec(),
        ),
        (
            Operation::GenerateDataKey,
            "NumberOfBytes",
            GenerateDataKeyRequest { number_of_bytes: 1025, ..data_key }.encode_to_vec(),
        ),
        (Operation::Sign, "Message", SignRequest { message: vec![], ..sign.clone() }.encode_to_vec()),
        (Operation::Sign, "MessageType", SignRequest { message_type: word(), ..sign.clone() }.encode_to_vec()),
        (Operation::Sign, "Algorithm", SignRequest { algorithm: word(), ..sign }.encode_to_vec()),
        (
            Operation::Verify,
            "Signature",
            VerifyRequest { key_id: ec, message: vec![1], ..VerifyRequest::default() }.encode_to_vec(),
        ),
        (Operation::GetPublicKey, "KeyId", GetPublicKeyRequest::default().encode_to_vec()),
        (Operation::Hmac, "KeyId", HmacRequest::default().encode_to_vec()),
        (Operation::GenerateRandom, "Length", GenerateRandomRequest { length: 65 }.encode_to_vec()),
        (Operation::GetSecretValue, "SecretName", GetSecretValueRequest::default().encode_to_vec()),
        (Operation::Encrypt, "request body", vec![0xff]),
    ];
    for (operation, field, body) in cases {
        let error = refused(&fixture, operation, body).await;
        let text = format!("The specified parameter is not valid. ({field})");
        assert_eq!((error.code(), error.to_string()), ("InvalidParameter", text), "{operation:?}");
    }
}
