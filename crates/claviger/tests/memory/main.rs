//! After a pair was handed out and the answer sent, nothing of its private key is left in the server's memory.
//!
//! The server runs in a child process (this very test program), without the allocator or the memory protection of the
//! `claviger` binary: what is wiped here is wiped by the code that held it. This process is the client; it knows the
//! private keys, and searches every readable byte of the child for them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

mod calls;
mod fragments;
mod search;
mod server;

use std::path::Path;

use claviger_client::HttpVersion;
use claviger_keygen::EngineKind;

use calls::{all_private_keys, client};
use fragments::KeyFragments;
use search::search;
use server::Child;

/// When the client has received an answer, the server may still hold its last buffers for a moment.
const TRIES: usize = 20;

/// Has a server with this engine hand out keys in every way, and asserts that none of their fragments is left in its memory.
fn handed_out(dir: &Path, engine: EngineKind) -> (Child, Vec<(String, Vec<u8>)>, KeyFragments) {
    let child = Child::start(dir, engine);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = client(&child, dir, HttpVersion::Http1);
    let keys = runtime.block_on(all_private_keys(&client));
    let fragments = KeyFragments::of(&keys);
    assert!(fragments.len() > 3_000, "{}", fragments.len());
    let mut found = search(child.id(), &fragments);
    for _ in 1..TRIES {
        if found.is_empty() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
        found = search(child.id(), &fragments);
    }
    assert!(found.is_empty(), "left in memory by {engine}:\n{}", found.join("\n"));
    (child, keys, fragments)
}

/// On processors with IFMA, `auto` selects another engine.
#[test]
fn the_engine_for_avx2_leaves_nothing_either() {
    if !EngineKind::Avx2.is_available() {
        println!("skipped: this CPU has no AVX2");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let _nothing_found = handed_out(dir.path(), EngineKind::Avx2);
}

#[test]
fn no_private_key_stays_in_the_servers_memory() {
    let dir = tempfile::tempdir().unwrap();
    let (mut child, keys, fragments) = handed_out(dir.path(), EngineKind::Auto);
    // The same search finds each form of a key when it is in memory, even if it begins in the middle of a word.
    let forms = fragments::forms_to_plant(&keys[0].1);
    assert!(forms.len() >= 5, "{}", forms.len());
    child.plant(&forms.iter().flat_map(|(_, form)| &form[3..]).copied().collect::<Vec<u8>>());
    let found = search(child.id(), &fragments);
    for (name, _) in forms {
        assert!(found.iter().any(|found| found.contains(&name)), "planted and not found: {name}; but {found:?}");
    }
    child.plant(&[]);
    let found = search(child.id(), &fragments);
    assert!(found.is_empty(), "the search finds what is not there: {found:?}");
}
