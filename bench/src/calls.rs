//! The operations other than key pairs: symmetric, asymmetric and random, each called as fast as the server answers.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use claviger_client::{AccessKey, Endpoint, InstanceClient, RpcClient};
use claviger_wire::instance::Operation;
use claviger_wire::instance::message::{
    AdvanceEncryptResponse, AdvanceGenerateDataKeyRequest, AdvanceGenerateDataKeyResponse, DecryptRequest,
    DecryptResponse, EncryptRequest, EncryptResponse, GenerateDataKeyRequest, GenerateDataKeyResponse,
    GenerateRandomRequest, GenerateRandomResponse, GetPublicKeyRequest, GetPublicKeyResponse, HmacRequest,
    HmacResponse, SignRequest, SignResponse, VerifyRequest, VerifyResponse,
};
use claviger_wire::rpc::Action;
use claviger_wire::rpc::keys::KeyAnswer;
use prost::Message;

use crate::operation::{OperationRow, measure_operation};

/// The message that is signed and encrypted.
pub(crate) const MESSAGE: [u8; 64] = [0x5a; 64];

/// Measures every operation with a given number of clients.
pub(crate) struct Calls<'a> {
    pub(crate) client: &'a Arc<InstanceClient>,
    pub(crate) clients: usize,
    pub(crate) rows: &'a mut Vec<OperationRow>,
}

/// Keys of every kind that the operations need.
pub(crate) struct Keys {
    aes: String,
    sm4: String,
    hmac: String,
    signing: Vec<(&'static str, String)>,
    sealing: Vec<(&'static str, String)>,
}

impl Keys {
    /// Creates the keys through the control plane.
    pub(crate) async fn create(endpoint: Endpoint, dir: &Path) -> Result<Self, Box<dyn Error>> {
        let rpc = RpcClient::new(endpoint, AccessKey::read(&dir.join("access-key.json"))?);
        let (mut signing, mut sealing) = (Vec::new(), Vec::new());
        for spec in ["RSA_2048", "RSA_3072", "RSA_4096", "EC_P256", "EC_P256K", "EC_SM2"] {
            signing.push((spec, create(&rpc, spec, "SIGN/VERIFY").await?));
            sealing.push((spec, create(&rpc, spec, "ENCRYPT/DECRYPT").await?));
        }
        Ok(Self {
            aes: create(&rpc, "Aliyun_AES_256", "ENCRYPT/DECRYPT").await?,
            sm4: create(&rpc, "Aliyun_SM4", "ENCRYPT/DECRYPT").await?,
            hmac: create(&rpc, "HMAC_SHA_256", "GENERATE/VERIFY MAC").await?,
            signing,
            sealing,
        })
    }
}

async fn create(rpc: &RpcClient, spec: &str, usage: &str) -> Result<String, Box<dyn Error>> {
    let parameters = [("KeySpec", spec.to_owned()), ("KeyUsage", usage.to_owned())];
    Ok(rpc.call::<KeyAnswer>(Action::CreateKey, &parameters).await?.key_metadata.key_id)
}

impl Calls<'_> {
    /// Measures all operations.
    pub(crate) async fn measure(&mut self, keys: &Keys) -> Result<(), Box<dyn Error>> {
        for (spec, key_id) in [("AES", &keys.aes), ("SM4", &keys.sm4)] {
            self.symmetric(spec, key_id).await?;
        }
        for (spec, key_id) in &keys.signing {
            self.signing(spec, key_id).await?;
        }
        for (spec, key_id) in &keys.sealing {
            self.sealing(spec, key_id).await?;
        }
        let hmac = HmacRequest { key_id: keys.hmac.clone(), message: MESSAGE.to_vec() };
        self.one::<HmacResponse>(Operation::Hmac, "HMAC", hmac).await?;
        let random = GenerateRandomRequest { length: 32 };
        self.one::<GenerateRandomResponse>(Operation::GenerateRandom, "", random).await?;
        Ok(())
    }

    async fn symmetric(&mut self, spec: &'static str, key_id: &str) -> Result<(), Box<dyn Error>> {
        let key_id = key_id.to_owned();
        let encrypt = EncryptRequest { key_id: key_id.clone(), plaintext: MESSAGE.to_vec(), ..Default::default() };
        let sealed: EncryptResponse = self.client.call(Operation::Encrypt, &encrypt, None).await?.message;
        self.one::<AdvanceEncryptResponse>(Operation::AdvanceEncrypt, spec, encrypt.clone()).await?;
        self.one::<EncryptResponse>(Operation::Encrypt, spec, encrypt).await?;
        let (ciphertext_blob, iv) = (sealed.ciphertext_blob, sealed.iv);
        let decrypt = DecryptRequest { key_id: key_id.clone(), ciphertext_blob, iv, ..Default::default() };
        self.one::<DecryptResponse>(Operation::Decrypt, spec, decrypt).await?;
        let made = AdvanceGenerateDataKeyRequest { key_id: key_id.clone(), number_of_bytes: 32, aad: Vec::new() };
        self.one::<AdvanceGenerateDataKeyResponse>(Operation::AdvanceGenerateDataKey, spec, made).await?;
        let made = GenerateDataKeyRequest { key_id, number_of_bytes: 32, ..Default::default() };
        self.one::<GenerateDataKeyResponse>(Operation::GenerateDataKey, spec, made).await
    }

    async fn signing(&mut self, spec: &'static str, key_id: &str) -> Result<(), Box<dyn Error>> {
        let key_id = key_id.to_owned();
        let sign = SignRequest { key_id: key_id.clone(), message: MESSAGE.to_vec(), ..Default::default() };
        let signed: SignResponse = self.client.call(Operation::Sign, &sign, None).await?.message;
        self.one::<SignResponse>(Operation::Sign, spec, sign).await?;
        let (message, signature) = (MESSAGE.to_vec(), signed.signature);
        let verify = VerifyRequest { key_id: key_id.clone(), message, signature, ..Default::default() };
        self.one::<VerifyResponse>(Operation::Verify, spec, verify).await?;
        self.one::<GetPublicKeyResponse>(Operation::GetPublicKey, spec, GetPublicKeyRequest { key_id }).await
    }

    async fn sealing(&mut self, spec: &'static str, key_id: &str) -> Result<(), Box<dyn Error>> {
        let key_id = key_id.to_owned();
        let encrypt = EncryptRequest { key_id: key_id.clone(), plaintext: MESSAGE.to_vec(), ..Default::default() };
        let sealed: EncryptResponse = self.client.call(Operation::Encrypt, &encrypt, None).await?.message;
        self.one::<EncryptResponse>(Operation::Encrypt, spec, encrypt).await?;
        let decrypt = DecryptRequest { key_id, ciphertext_blob: sealed.ciphertext_blob, ..Default::default() };
        self.one::<DecryptResponse>(Operation::Decrypt, spec, decrypt).await
    }

    async fn one<A: Message + Default>(
        &mut self,
        operation: Operation,
        spec: &'static str,
        request: impl Message,
    ) -> Result<(), Box<dyn Error>> {
        self.rows.push(measure_operation::<A>(operation, spec, self.clients, self.client, &request).await?);
        Ok(())
    }
}
