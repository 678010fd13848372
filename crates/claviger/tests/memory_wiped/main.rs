//! The allocator of the `claviger` binary wipes freed memory. With it, no secret that passed through the server is left in
//! memory once its connection has closed: private keys, plaintexts, data keys, passwords; HTTP/1.1 and HTTP/2.
//!
//! While a connection is open, the buffers of the libraries hold what they last carried; the test prints what it finds then.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests may stop at once"
)]

#[path = "../memory/calls.rs"]
mod calls;
#[path = "../memory/fragments.rs"]
mod fragments;
#[path = "../memory/search.rs"]
mod search;
mod secrets;
#[path = "../memory/server.rs"]
mod server;

use std::alloc::System;
use std::path::Path;
use std::time::Duration;

use claviger_client::HttpVersion;
use claviger_keygen::EngineKind;
use zeroizing_alloc::ZeroAlloc;

use calls::{all_private_keys, client};
use fragments::KeyFragments;
use search::search;
use secrets::{fragments_of, other_secrets};
use server::Child;

#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

/// A closed connection's task ends a moment after its socket.
const TRIES: usize = 30;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Sends all kinds of secrets through connections of this version, then closes them. Returns the keys and all fragments.
fn pass_secrets(child: &Child, dir: &Path, version: HttpVersion) -> (Vec<(String, Vec<u8>)>, KeyFragments) {
    let runtime = runtime();
    let instance = client(child, dir, version);
    let secrets = runtime.block_on(other_secrets(child, dir, &instance, version));
    let keys = runtime.block_on(all_private_keys(&instance));
    let fragments = fragments_of(&secrets, &keys);
    let found = search(child.id(), &fragments);
    println!("{version:?}: {} places while the connections live", found.len());
    found.iter().for_each(|place| println!("  {place}"));
    drop(instance);
    // The tasks of the runtime hold the connections.
    runtime.shutdown_timeout(Duration::from_secs(5));
    (keys, fragments)
}

fn left_in_memory(child: &Child, fragments: &KeyFragments) -> Vec<String> {
    let mut found = search(child.id(), fragments);
    for _ in 1..TRIES {
        if found.is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(200));
        found = search(child.id(), fragments);
    }
    found
}

fn nothing_is_left_by(version: HttpVersion) {
    let dir = tempfile::tempdir().unwrap();
    let mut child = Child::start(dir.path(), EngineKind::Auto);
    let (keys, fragments) = pass_secrets(&child, dir.path(), version);
    assert!(fragments.len() > 3_000, "{}", fragments.len());
    let found = left_in_memory(&child, &fragments);
    assert!(found.is_empty(), "left in memory:\n{}", found.join("\n"));
    // The search does find what is in memory.
    let (name, planted) = fragments::forms_to_plant(&keys[0].1).remove(0);
    child.plant(&planted);
    assert!(search(child.id(), &fragments).iter().any(|found| found.contains(&name)));
}

#[test]
fn no_secret_outlives_its_http1_connection() {
    nothing_is_left_by(HttpVersion::Http1);
}

#[test]
fn no_secret_outlives_its_http2_connection() {
    nothing_is_left_by(HttpVersion::Http2);
}
