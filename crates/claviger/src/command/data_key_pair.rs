//! `data-key-pair generate` and `open`.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claviger_client::ClientError;
use claviger_keygen::PairSpec;
use claviger_wire::instance::Operation;
use claviger_wire::instance::message::{
    AdvanceDecryptResponse, AdvanceGenerateDataKeyPairRequest, AdvanceGenerateDataKeyPairResponse,
    AdvanceGenerateDataKeyPairWithoutPlaintextResponse, DecryptRequest,
};
use serde_json::json;
use zeroize::Zeroizing;

use super::input::{EMPTY, read};
use super::interrupt::Signals;
use super::new_file::{NewFile, publish_all};
use crate::cli::{DataKeyPair, Target};
use crate::failure::Failure;
use crate::output::{Output, print_unstored};

/// A pair as both operations return it.
struct Made {
    key_id: String,
    key_version_id: String,
    public_key: Vec<u8>,
    private_key: Option<Zeroizing<Vec<u8>>>,
    wrapped: Vec<u8>,
}

pub(crate) async fn run(command: DataKeyPair) -> Result<(), Failure> {
    match command {
        DataKeyPair::Generate { target, key_id, spec, format, aad, without_plaintext, out } => {
            let request = AdvanceGenerateDataKeyPairRequest {
                key_id,
                key_pair_spec: spec.clone(),
                key_format: format.clone(),
                aad: aad.bytes()?,
            };
            // Created before the files, so that no signal can leave them behind.
            let mut signals = Signals::listen()?;
            let files = out.map(|name| PairFiles::reserve(&name, without_plaintext)).transpose()?;
            let made = signals.run_unless_received(generate(&target, &request, without_plaintext)).await?;
            match files {
                Some(files) => files.keep(&made, target.output),
                None => print(&target, &made, &spec, &format),
            }
        }
        DataKeyPair::Open { target, wrapped, aad } => open(&target, &wrapped, aad.bytes()?).await,
    }
}

async fn generate(
    target: &Target,
    request: &AdvanceGenerateDataKeyPairRequest,
    without_plaintext: bool,
) -> Result<Made, Failure> {
    let client = target.instance()?;
    if without_plaintext {
        let operation = Operation::AdvanceGenerateDataKeyPairWithoutPlaintext;
        let answer: AdvanceGenerateDataKeyPairWithoutPlaintextResponse =
            client.call(operation, request, None).await.map_err(|error| refused(error, request))?.message;
        return Ok(Made {
            key_id: answer.key_id,
            key_version_id: answer.key_version_id,
            public_key: answer.public_key,
            private_key: None,
            wrapped: answer.private_key_ciphertext_blob,
        });
    }
    let operation = Operation::AdvanceGenerateDataKeyPair;
    let answered = client.call(operation, request, None).await;
    let answer: AdvanceGenerateDataKeyPairResponse = answered.map_err(|error| refused(error, request))?.message;
    Ok(Made {
        key_id: answer.key_id,
        key_version_id: answer.key_version_id,
        public_key: answer.public_key,
        private_key: Some(Zeroizing::new(answer.private_key_plaintext)),
        wrapped: answer.private_key_ciphertext_blob,
    })
}

/// Why no pair was generated. The spec is the only parameter whose validity depends on the server's settings.
fn refused(error: ClientError, request: &AdvanceGenerateDataKeyPairRequest) -> Failure {
    let is_extended = PairSpec::parse(&request.key_pair_spec).is_none();
    match &error {
        ClientError::Api { code, message, .. }
            if is_extended && code == "InvalidParameter" && message.contains("KeyPairSpec") =>
        {
            let hint = "this server has extended_key_pair_specs off; set it in its configuration, or start it with `claviger dev --extended-key-pair-specs`";
            Failure::Refused { error, hint: hint.to_owned() }
        }
        _ => Failure::for_key_or_default(error, &request.key_id),
    }
}

fn print(target: &Target, made: &Made, spec: &str, format: &str) -> Result<(), Failure> {
    let text = |bytes: &[u8]| match format {
        "PEM" => String::from_utf8_lossy(bytes).into_owned(),
        _ => STANDARD.encode(bytes),
    };
    let answer = json!({
        "KeyId": made.key_id,
        "KeyVersionId": made.key_version_id,
        "KeyPairSpec": spec,
        "PublicKey": text(&made.public_key),
        "PrivateKeyPlaintext": made.private_key.as_ref().map(|key| text(key)),
        "PrivateKeyCiphertextBlob": STANDARD.encode(&made.wrapped),
    });
    target.output.print_with_pem(&answer, &["PublicKey", "PrivateKeyPlaintext"])
}

/// The files of a pair.
struct PairFiles {
    public_key: NewFile,
    wrapped: NewFile,
    private_key: Option<NewFile>,
}

impl PairFiles {
    fn reserve(name: &Path, without_plaintext: bool) -> Result<Self, Failure> {
        let with = |ending: &str| {
            let mut path = name.as_os_str().to_owned();
            path.push(ending);
            PathBuf::from(path)
        };
        let public_key = NewFile::reserve(with(".pub"), 0o644)?;
        let wrapped = NewFile::reserve(with(".wrapped"), 0o644)?;
        let private_key = if without_plaintext { None } else { Some(NewFile::reserve(with(".key"), 0o600)?) };
        Ok(Self { public_key, wrapped, private_key })
    }

    fn keep(mut self, made: &Made, output: Output) -> Result<(), Failure> {
        self.public_key.write(&made.public_key)?;
        self.wrapped.write(&made.wrapped)?;
        if let (Some(file), Some(private_key)) = (&mut self.private_key, &made.private_key) {
            file.write(private_key)?;
        }
        let files = [Some(self.public_key), self.private_key, Some(self.wrapped)];
        let paths = publish_all(files.into_iter().flatten().collect())?;
        output.print(&json!({ "KeyId": made.key_id, "KeyVersionId": made.key_version_id, "Files": paths }))
    }
}

async fn open(target: &Target, wrapped: &Path, aad: Vec<u8>) -> Result<(), Failure> {
    let bytes = read(wrapped)?;
    if bytes.trim_ascii().is_empty() {
        return Err(Failure::File { path: wrapped.to_owned(), reason: EMPTY.to_owned() });
    }
    // Raw blobs begin with `$` and a zero byte, which no Base64 text does.
    let blob = match bytes.first() {
        Some(b'$') => bytes.to_vec(),
        _ => STANDARD.decode(bytes.trim_ascii()).map_err(|_malformed| Failure::File {
            path: wrapped.to_owned(),
            reason: "holds neither a wrapped key nor the Base64 of one".to_owned(),
        })?,
    };
    let request = DecryptRequest { ciphertext_blob: blob, aad, ..DecryptRequest::default() };
    let answer = target.instance()?.call::<AdvanceDecryptResponse>(Operation::AdvanceDecrypt, &request, None).await?;
    let plaintext = Zeroizing::new(answer.message.plaintext);
    match target.output {
        Output::Json => target.output.print(&json!({
            "KeyId": answer.message.key_id,
            "KeyVersionId": answer.message.key_version_id,
            "Plaintext": STANDARD.encode(plaintext.as_slice()),
        })),
        Output::Text => print_unstored(&plaintext),
    }
}
