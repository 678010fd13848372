//! Secrets other than private keys that pass through a server: plaintexts, data keys, the password of a client key.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claviger_client::{AccessKey, Endpoint, HttpVersion, InstanceClient, RpcClient};
use claviger_wire::instance::Operation;
use claviger_wire::instance::message::{
    AdvanceDecryptResponse, AdvanceEncryptResponse, AdvanceGenerateDataKeyRequest, AdvanceGenerateDataKeyResponse,
    DecryptRequest, EncryptRequest,
};
use claviger_wire::rpc::Action;

use crate::fragments::{FRAGMENT_BYTES, KeyFragments};
use crate::server::Child;

/// Bytes of a plaintext and of a data key.
const SECRET_BYTES: i32 = 32;

/// Short and long secrets that have passed through the server, each with its name.
pub(crate) async fn other_secrets(
    child: &Child,
    dir: &Path,
    client: &InstanceClient,
    version: HttpVersion,
) -> Vec<(String, Vec<u8>)> {
    let mut secrets = vec![("password".to_owned(), password(child, dir, version).await)];
    for length in [32, 200, 4096] {
        let plaintext = claviger_base::SecretBytes::random(length).unwrap().reveal().to_vec();
        secrets.push((format!("plaintext of {length} bytes"), plaintext.clone()));
        let request = EncryptRequest { key_id: "alias/dev".to_owned(), plaintext, ..EncryptRequest::default() };
        let sealed: AdvanceEncryptResponse =
            client.call(Operation::AdvanceEncrypt, &request, None).await.unwrap().message;
        let request = DecryptRequest { ciphertext_blob: sealed.ciphertext_blob, ..DecryptRequest::default() };
        let _opened: AdvanceDecryptResponse =
            client.call(Operation::AdvanceDecrypt, &request, None).await.unwrap().message;
    }
    let request = AdvanceGenerateDataKeyRequest {
        key_id: "alias/dev".to_owned(),
        number_of_bytes: SECRET_BYTES,
        ..AdvanceGenerateDataKeyRequest::default()
    };
    let made: AdvanceGenerateDataKeyResponse =
        client.call(Operation::AdvanceGenerateDataKey, &request, None).await.unwrap().message;
    secrets.push(("data key".to_owned(), made.plaintext));
    secrets
}

/// What the secrets and `keys` look like in memory.
pub(crate) fn fragments_of(secrets: &[(String, Vec<u8>)], keys: &[(String, Vec<u8>)]) -> KeyFragments {
    let KeyFragments { mut fragments } = KeyFragments::of(keys);
    for (name, secret) in secrets {
        for (form, bytes) in [("raw", secret.clone()), ("Base64", STANDARD.encode(secret).into_bytes())] {
            for (place, window) in bytes.windows(FRAGMENT_BYTES).enumerate().step_by(FRAGMENT_BYTES / 2) {
                fragments.push((window.try_into().unwrap(), format!("{name}: {form} at {place}")));
            }
        }
    }
    KeyFragments { fragments }
}

/// Has a client key created with a new password, and returns the password.
async fn password(child: &Child, dir: &Path, version: HttpVersion) -> Vec<u8> {
    let ca = std::fs::read(dir.join("ca.pem")).unwrap();
    let endpoint = Endpoint::with_version(&child.endpoint, &ca, version).unwrap();
    let rpc = RpcClient::new(endpoint, AccessKey::read(&dir.join("access-key.json")).unwrap());
    let random: [u8; 24] = claviger_base::random::bytes().unwrap();
    let password = format!("Aa1-{}", hex::encode(random));
    let parameters = [("AapName", "first".to_owned()), ("Password", password.clone())];
    let _made: serde_json::Value = rpc.call(Action::CreateClientKey, &parameters).await.unwrap();
    password.into_bytes()
}
