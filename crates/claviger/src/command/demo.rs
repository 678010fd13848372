//! `demo`: the main use from start to end, against a real server with a temporary store, through the same client
//! library that any program would use. Exits with 0 only if every step succeeds.

use std::time::Instant;

use claviger_client::{AccessKey, ClientKey, Endpoint, InstanceClient, RpcClient, advance_clock};
use claviger_keygen::PairSpec;
use claviger_server::{Options, Server};
use claviger_service::{PairConcurrency, UsePolicy};
use claviger_wire::instance::Operation;
use claviger_wire::instance::message::{
    AdvanceDecryptResponse, AdvanceGenerateDataKeyPairRequest, AdvanceGenerateDataKeyPairResponse, DecryptRequest,
};
use claviger_wire::rpc::Action;
use serde_json::Value;
use tokio::sync::oneshot;

use crate::failure::Failure;
use crate::output::print_text;

const ALIAS: &str = "alias/demo";
const AAD: &[u8] = b"claviger demo";

pub(crate) async fn run() -> Result<(), Failure> {
    let directory = tempfile::tempdir().map_err(|error| Failure::Demo(error.to_string()))?;
    let data_dir = directory.path().join("data");
    let options = Options {
        root_key_file: data_dir.join("root.key"),
        data_dir: data_dir.clone(),
        listen: ([127, 0, 0, 1], 0).into(),
        admin: ([127, 0, 0, 1], 0).into(),
        admin_allow_remote: false,
        hostnames: Vec::new(),
        pair_concurrency: PairConcurrency::AtMost(1),
        // Without a stock, so that the times shown are those of generating a pair.
        keygen: claviger_keygen::Config {
            stock: claviger_keygen::StockSizes::NONE,
            ..claviger_keygen::Config::default()
        },
        use_policy: UsePolicy::default(),
        arn_accounts: claviger_service::ArnAccounts::default(),
        offers_http2: true,
        connections_max: 64,
        connections_per_source: 64,
        audit_segment_bytes: 1024 * 1024,
        is_dev: true,
    };
    let server = Server::start(options).await?;
    let (endpoint, server_admin) = (format!("https://{}", server.address()?), server.admin_address()?.to_string());
    print_text(&format!("A server on {endpoint} with a temporary store, instance {}\n", server.instance().id))?;
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(server.run(Box::pin(async move {
        // Resolves when the demonstration asks the server to stop, or fails and drops the sender.
        let _either = stopped.await;
    })));
    let shown = show(&endpoint, &server_admin, &data_dir).await;
    let _ended = stop.send(());
    serving.await.map_err(|error| Failure::Demo(error.to_string()))?;
    shown?;
    print_text(
        "\nAll steps succeeded. Next: `claviger dev`, then connect your own program to it (README, \"Your program\").\n",
    )
}

async fn show(endpoint: &str, admin: &str, data_dir: &std::path::Path) -> Result<(), Failure> {
    let file = |name: &str| data_dir.join(name);
    let ca = std::fs::read(file("ca.pem")).map_err(|error| Failure::Demo(error.to_string()))?;
    let key = ClientKey::read(&file("client-key.json"), &file("client-key-password.txt"))?;
    let instance = InstanceClient::new(Endpoint::new(endpoint, &ca)?, key);
    let rpc = RpcClient::new(Endpoint::new(endpoint, &ca)?, AccessKey::read(&file("access-key.json"))?);
    create_key(&rpc).await?;
    let mut pairs = Vec::new();
    print_text(&format!(
        "\n{:10} {:>11} {:>13} {:>13} {:>9} {:>9}\n",
        "pair", "public key", "private key", "wrapped key", "made in", "opened in"
    ))?;
    for spec in PairSpec::ALL.map(PairSpec::name) {
        pairs.push(show_pair(&instance, spec).await?);
    }
    let before = pairs.first().map(|pair| pair.key_version_id.clone()).unwrap_or_default();
    advance_clock(admin, "8d").await?;
    let after = generate(&instance, "EC_P256").await?.key_version_id;
    if after == before {
        return Err(Failure::Demo("the key did not rotate".to_owned()));
    }
    print_text(&format!("\neight days pass, and the key has rotated by itself: {before}\n{:>52}{after}\n", "-> "))?;
    for pair in &pairs {
        check_unwraps(&instance, pair).await?;
    }
    print_text("every private key wrapped before the rotation opens after it\n")
}

/// Creates a symmetric key that rotates automatically every seven days, named [`ALIAS`].
async fn create_key(rpc: &RpcClient) -> Result<(), Failure> {
    let rotation = [("EnableAutomaticRotation", "true".to_owned()), ("RotationInterval", "7d".to_owned())];
    let created: Value = rpc.call(Action::CreateKey, &rotation).await?;
    let key_id = created.pointer("/KeyMetadata/KeyId").and_then(Value::as_str).unwrap_or_default();
    let alias = [("AliasName", ALIAS.to_owned()), ("KeyId", key_id.to_owned())];
    let _answer: Value = rpc.call(Action::CreateAlias, &alias).await?;
    Ok(())
}

/// Generates one pair, unwraps its private key and prints the times.
async fn show_pair(instance: &InstanceClient, spec: &str) -> Result<AdvanceGenerateDataKeyPairResponse, Failure> {
    let started = Instant::now();
    let pair = generate(instance, spec).await?;
    let made_in = started.elapsed();
    let started = Instant::now();
    check_unwraps(instance, &pair).await?;
    print_text(&format!(
        "{spec:10} {:>9} B {:>11} B {:>11} B {:>6.1} ms {:>6.1} ms\n",
        pair.public_key.len(),
        pair.private_key_plaintext.len(),
        pair.private_key_ciphertext_blob.len(),
        made_in.as_secs_f64() * 1000.0,
        started.elapsed().as_secs_f64() * 1000.0
    ))?;
    Ok(pair)
}

async fn generate(client: &InstanceClient, spec: &str) -> Result<AdvanceGenerateDataKeyPairResponse, Failure> {
    let request = AdvanceGenerateDataKeyPairRequest {
        key_id: ALIAS.to_owned(),
        key_pair_spec: spec.to_owned(),
        key_format: "PEM".to_owned(),
        aad: AAD.to_vec(),
    };
    Ok(client.call(Operation::AdvanceGenerateDataKeyPair, &request, None).await?.message)
}

async fn check_unwraps(client: &InstanceClient, pair: &AdvanceGenerateDataKeyPairResponse) -> Result<(), Failure> {
    let request = DecryptRequest {
        ciphertext_blob: pair.private_key_ciphertext_blob.clone(),
        aad: AAD.to_vec(),
        ..DecryptRequest::default()
    };
    let opened: AdvanceDecryptResponse = client.call(Operation::AdvanceDecrypt, &request, None).await?.message;
    if opened.plaintext == pair.private_key_plaintext && opened.key_version_id == pair.key_version_id {
        return Ok(());
    }
    Err(Failure::Demo(format!("a wrapped {} key opened to something else", pair.key_pair_spec)))
}
