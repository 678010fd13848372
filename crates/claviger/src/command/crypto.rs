//! `encrypt`, `decrypt`, `sign`, `verify`: calls of the Instance API with the client key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claviger_wire::instance::Operation;
use claviger_wire::instance::message::{
    AdvanceDecryptResponse, AdvanceEncryptResponse, DecryptRequest, DecryptResponse, EncryptRequest, EncryptResponse,
    SignRequest, SignResponse, VerifyRequest, VerifyResponse,
};
use serde_json::json;
use zeroize::Zeroizing;

use super::input::{read, read_encoded, read_some};
use crate::cli::{Decrypt, Encrypt, Sign, Verify};
use crate::failure::Failure;
use crate::output::{Output, print_text, print_unstored};

pub(crate) async fn encrypt(command: Encrypt) -> Result<(), Failure> {
    let Encrypt { target, aad, key_id, algorithm, raw, file } = command;
    let client = target.instance()?;
    let mut request = EncryptRequest {
        key_id,
        plaintext: read_some(&file, "encrypt")?.to_vec(),
        algorithm: algorithm.clone().unwrap_or_default(),
        aad: aad.bytes()?,
        ..EncryptRequest::default()
    };
    // AdvanceEncrypt takes symmetric keys only; its ciphertext names key and version.
    let answered = if algorithm.is_some() {
        let answer = client.call::<EncryptResponse>(Operation::Encrypt, &request, None).await;
        answer.map(|answer| (answer.message.key_id, answer.message.ciphertext_blob))
    } else {
        let answer = client.call::<AdvanceEncryptResponse>(Operation::AdvanceEncrypt, &request, None).await;
        answer.map(|answer| (answer.message.key_id, answer.message.ciphertext_blob))
    };
    drop(Zeroizing::new(std::mem::take(&mut request.plaintext)));
    let (key_id, blob) = answered.map_err(|error| Failure::for_key_or_default(error, &request.key_id))?;
    match target.output {
        Output::Json => target.output.print(&json!({ "KeyId": key_id, "CiphertextBlob": STANDARD.encode(&blob) })),
        Output::Text => write(&blob, raw),
    }
}

pub(crate) async fn decrypt(command: Decrypt) -> Result<(), Failure> {
    let Decrypt { target, aad, key_id, algorithm, raw, file } = command;
    let client = target.instance()?;
    let is_asymmetric = algorithm.is_some();
    let request = DecryptRequest {
        ciphertext_blob: read_encoded(&file, raw)?,
        key_id: key_id.unwrap_or_default(),
        algorithm: algorithm.unwrap_or_default(),
        aad: aad.bytes()?,
        ..DecryptRequest::default()
    };
    let (key_id, plaintext) = if is_asymmetric {
        let answered = client.call::<DecryptResponse>(Operation::Decrypt, &request, None).await;
        let message = answered.map_err(|error| Failure::for_key(error, &request.key_id))?.message;
        (message.key_id, Zeroizing::new(message.plaintext))
    } else {
        let message = client.call::<AdvanceDecryptResponse>(Operation::AdvanceDecrypt, &request, None).await?.message;
        (message.key_id, Zeroizing::new(message.plaintext))
    };
    match target.output {
        Output::Json => target.output.print(&json!({ "KeyId": key_id, "Plaintext": STANDARD.encode(&*plaintext) })),
        Output::Text => write(&plaintext, true),
    }
}

pub(crate) async fn sign(command: Sign) -> Result<(), Failure> {
    let Sign { target, key_id, algorithm, digest, raw, file } = command;
    let request = SignRequest {
        key_id,
        algorithm: algorithm.unwrap_or_default(),
        message: read(&file)?.to_vec(),
        message_type: message_type(digest),
        ..SignRequest::default()
    };
    let answered = target.instance()?.call::<SignResponse>(Operation::Sign, &request, None).await;
    let answer = answered.map_err(|error| Failure::for_key(error, &request.key_id))?.message;
    match target.output {
        Output::Json => target.output.print(&json!({
            "KeyId": answer.key_id,
            "Algorithm": answer.algorithm,
            "Signature": STANDARD.encode(&answer.signature),
        })),
        Output::Text => write(&answer.signature, raw),
    }
}

pub(crate) async fn verify(command: Verify) -> Result<(), Failure> {
    let Verify { target, key_id, algorithm, digest, raw, signature, file } = command;
    let request = VerifyRequest {
        key_id,
        algorithm: algorithm.unwrap_or_default(),
        signature: read_encoded(&signature, raw)?,
        message: read(&file)?.to_vec(),
        message_type: message_type(digest),
        ..VerifyRequest::default()
    };
    let answered = target.instance()?.call::<VerifyResponse>(Operation::Verify, &request, None).await;
    let answer = answered.map_err(|error| Failure::for_key(error, &request.key_id))?.message;
    if !answer.value {
        return Err(Failure::NotValid);
    }
    match target.output {
        Output::Json => {
            target.output.print(&json!({ "KeyId": answer.key_id, "Algorithm": answer.algorithm, "Value": true }))
        }
        Output::Text => print_text("valid\n"),
    }
}

fn message_type(is_digest: bool) -> String {
    if is_digest { "DIGEST" } else { "RAW" }.to_owned()
}

/// Writes the bytes unchanged, or as one line of Base64.
fn write(bytes: &[u8], is_raw: bool) -> Result<(), Failure> {
    if !is_raw {
        return print_text(&format!("{}\n", STANDARD.encode(bytes)));
    }
    print_unstored(bytes)
}
