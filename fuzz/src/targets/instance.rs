//! Targets of the Instance API: headers with the string to sign, and every protobuf message (instance-api 1.2, 1.3, 3).

use claviger_base::Timestamp;
use claviger_wire::headers::{Headers, Single};
use claviger_wire::instance::date;
use claviger_wire::instance::message;
use claviger_wire::instance::request::{HashedRequest, RequestHeaders};
use prost::Message;

/// Input: lines of `name: value`. Takes the current time from `date` and the body hash from `content-sha256`, so that these
/// checks do not stop the fuzzer.
pub(super) fn headers(input: &[u8]) {
    let headers = header_lines(input);
    let now = match headers.single("date") {
        Single::Once(text) => date::parse(text).unwrap_or(Timestamp::from_unix_s(0)),
        Single::Absent | Single::Unusable => Timestamp::from_unix_s(0),
    };
    let mut body_sha256 = [0; 32];
    if let Single::Once(digits) = headers.single("content-sha256") {
        // If the value is not 64 hexadecimal digits, the check must fail.
        let _not_a_digest = hex::decode_to_slice(digits, &mut body_sha256);
    }
    let received = HashedRequest {
        method: "POST",
        path: "/",
        headers: &headers,
        body_bytes: input.len(),
        body_sha256: &body_sha256,
    };
    if let Ok(request) = RequestHeaders::check(&received, now) {
        assert!(request.string_to_sign.starts_with(b"POST\n") && request.string_to_sign.ends_with(b"\n/"));
    }
}

/// Headers from lines of `name: value`, up to an empty line.
pub(super) fn header_lines(text: &[u8]) -> Headers<'_> {
    let lines = text.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty());
    Headers::new(lines.map(|line| {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let name = parts.next().unwrap_or_default();
        (String::from_utf8_lossy(name), parts.next().unwrap_or_default())
    }))
}

/// The first byte selects the message type of the rest. A decoded message must be the same after a round trip.
pub(super) fn message(input: &[u8]) {
    let Some((which, encoded)) = input.split_first() else { return };
    if let Some((_, round_trip)) = MESSAGES.get(usize::from(*which) % MESSAGES.len()) {
        round_trip(encoded);
    }
}

fn round_trip<M: Message + Default + PartialEq>(encoded: &[u8]) {
    if let Ok(message) = M::decode(encoded) {
        let again = M::decode(message.encode_to_vec().as_slice());
        assert!(again.as_ref() == Ok(&message), "the message changes in a round trip");
    }
}

/// The name of a message type, and its round trip.
type MessageType = (&'static str, fn(&[u8]));

macro_rules! message_types {
    ($($name:ident)+) => {
        /// Every message type of the API.
        pub const MESSAGES: &[MessageType] = &[$((stringify!($name), round_trip::<message::$name>)),+];
    };
}

message_types! {
    Error
    EncryptRequest
    EncryptResponse
    AdvanceEncryptRequest
    AdvanceEncryptResponse
    DecryptRequest
    DecryptResponse
    AdvanceDecryptRequest
    AdvanceDecryptResponse
    GenerateDataKeyRequest
    GenerateDataKeyResponse
    AdvanceGenerateDataKeyRequest
    AdvanceGenerateDataKeyResponse
    GenerateDataKeyPairRequest
    GenerateDataKeyPairResponse
    GenerateDataKeyPairWithoutPlaintextRequest
    GenerateDataKeyPairWithoutPlaintextResponse
    AdvanceGenerateDataKeyPairRequest
    AdvanceGenerateDataKeyPairResponse
    AdvanceGenerateDataKeyPairWithoutPlaintextRequest
    AdvanceGenerateDataKeyPairWithoutPlaintextResponse
    SignRequest
    SignResponse
    VerifyRequest
    VerifyResponse
    GetPublicKeyRequest
    GetPublicKeyResponse
    GetSecretValueRequest
    GetSecretValueResponse
    GenerateRandomRequest
    GenerateRandomResponse
    HmacRequest
    HmacResponse
}
