//! The list of operations: the request message of each, the subject of its audit record, and its handler.

use claviger_base::id::KeyVersionId;
use claviger_wire::instance::message::{
    AdvanceGenerateDataKeyPairRequest, AdvanceGenerateDataKeyRequest, DecryptRequest, EncryptRequest,
    GenerateDataKeyPairRequest, GenerateDataKeyRequest, GenerateRandomRequest, GetPublicKeyRequest,
    GetSecretValueRequest, HmacRequest, SignRequest, VerifyRequest, WipeSecrets,
};
use claviger_wire::instance::{ApiError, Operation};
use prost::Message;

use super::call::Call;
use super::errors::{BODY, Refusal};
use super::{data_key, data_key_pair, decrypt, encrypt, hmac, random, secret, sign};
use crate::plane::outcome::Outcome;
use crate::request_log::audit_fields::AuditFields;
use crate::request_log::audit_fields::Subject::{self, Key, Nothing, Other};

/// Declares the list. It does not compile if an operation of [`Operation`] is missing.
macro_rules! operations {
    ($($name:ident($request:ty) about $subject:expr => $handler:path;)+) => {
        async fn handle(
            operation: Operation,
            body: &[u8],
            call: &Call<'_>,
            fields: &mut AuditFields,
        ) -> Result<Outcome<Vec<u8>>, Refusal> {
            match operation {
                $(Operation::$name => {
                    let request: $request = decode(body)?;
                    let subject: fn(&$request) -> Subject<'_> = $subject;
                    // Set before anything can fail or panic, so that every record has it.
                    fields.set_subject(subject(&request));
                    Ok(encode($handler(call, request).await?))
                })+
            }
        }
    };
}

operations! {
    Encrypt(EncryptRequest) about |request| Key(&request.key_id) => encrypt::encrypt;
    AdvanceEncrypt(EncryptRequest) about |request| Key(&request.key_id) => encrypt::advance_encrypt;
    Decrypt(DecryptRequest) about |request| Key(&request.key_id) => decrypt::decrypt;
    AdvanceDecrypt(DecryptRequest) about |request| Key(&request.key_id) => decrypt::advance_decrypt;
    GenerateDataKey(GenerateDataKeyRequest) about |request| Key(&request.key_id) => data_key::generate;
    AdvanceGenerateDataKey(AdvanceGenerateDataKeyRequest) about |request| Key(&request.key_id)
        => data_key::advance_generate;
    GenerateDataKeyPair(GenerateDataKeyPairRequest) about |request| Key(&request.key_id) => data_key_pair::generate;
    GenerateDataKeyPairWithoutPlaintext(GenerateDataKeyPairRequest) about |request| Key(&request.key_id)
        => data_key_pair::generate_without_plaintext;
    AdvanceGenerateDataKeyPair(AdvanceGenerateDataKeyPairRequest) about |request| Key(&request.key_id)
        => data_key_pair::advance_generate;
    AdvanceGenerateDataKeyPairWithoutPlaintext(AdvanceGenerateDataKeyPairRequest) about |request| Key(&request.key_id)
        => data_key_pair::advance_generate_without_plaintext;
    Sign(SignRequest) about |request| Key(&request.key_id) => sign::sign;
    Verify(VerifyRequest) about |request| Key(&request.key_id) => sign::verify;
    GetPublicKey(GetPublicKeyRequest) about |request| Key(&request.key_id) => sign::get_public_key;
    GetSecretValue(GetSecretValueRequest) about |request| Other(&request.secret_name) => secret::get_value;
    GenerateRandom(GenerateRandomRequest) about |_request| Nothing => random::generate;
    Hmac(HmacRequest) about |request| Key(&request.key_id) => hmac::hmac;
}

/// An encoded answer and the key version that was used.
pub(super) type Served = (Vec<u8>, Option<KeyVersionId>);

/// Performs one call. Fills in `fields`, even if the call is refused.
pub(super) async fn perform(
    operation: Operation,
    body: &[u8],
    call: &Call<'_>,
    fields: &mut AuditFields,
) -> Result<Served, ApiError> {
    match handle(operation, body, call, fields).await {
        Ok(Outcome { answer, audit }) => {
            let version = audit.key_version_id.clone();
            fields.add(audit);
            Ok((answer, version))
        }
        Err(Refusal { error, audit }) => {
            fields.add(*audit);
            fields.find_named_key(call.service).await;
            Err(error)
        }
    }
}

/// A body that does not decode is an invalid parameter.
fn decode<M: Message + Default>(body: &[u8]) -> Result<M, ApiError> {
    M::decode(body).map_err(|_malformed| ApiError::InvalidParameter(BODY))
}

fn encode<M: Message + WipeSecrets>(outcome: Outcome<M>) -> Outcome<Vec<u8>> {
    let Outcome { answer: mut message, audit } = outcome;
    let answer = message.encode_to_vec();
    message.wipe_secrets();
    Outcome { answer, audit }
}
