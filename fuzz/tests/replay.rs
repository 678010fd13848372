//! Replays every checked-in input within the budget of its target, and tests that the budget is enforced.

use std::fs;
use std::path::PathBuf;

use claviger_fuzz::{ALL, Budget, Target};

/// The inputs of a target; empty if the folder does not exist.
fn corpus(target: &Target) -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name);
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    files
}

#[test]
fn every_checked_in_input_passes() {
    for target in ALL {
        let files = corpus(target);
        assert!(files.len() >= 3, "{} has no corpus", target.name);
        // Initializes keys and tables, so that their allocations do not count against an input.
        (target.run)(&[0, 0]);
        for file in files {
            target.examine(&fs::read(&file).unwrap());
        }
    }
}

#[test]
fn truncated_and_altered_inputs_pass() {
    for target in ALL {
        (target.run)(&[0, 0]);
        for file in corpus(target).iter().take(6) {
            let input = fs::read(file).unwrap();
            for cut in (0..input.len()).step_by(1 + input.len() / 64) {
                target.examine(&input[..cut]);
                let mut altered = input.clone();
                altered[cut] ^= 1 << (cut % 8);
                target.examine(&altered);
            }
        }
    }
}

#[test]
fn the_corpora_contain_accepted_inputs() {
    // A corpus of refused inputs alone would test only the first check.
    let blobs = corpus(Target::find("blob").unwrap());
    assert!(blobs.iter().any(|file| claviger_wire::blob::parse(&fs::read(file).unwrap()).is_some()));
    let keys = corpus(Target::find("client_key").unwrap());
    let opens = |file: &PathBuf| {
        claviger_crypto::client_key::open(&fs::read(file).unwrap(), claviger_fuzz::CLIENT_KEY_PASSWORD).is_ok()
    };
    assert!(keys.iter().any(opens));
}

const TIGHT: Budget = Budget { fixed: 64, per_byte: 2 };

#[test]
#[should_panic(expected = "allocated")]
fn a_target_that_exceeds_its_budget_panics() {
    let greedy = Target { name: "greedy", run: |input| drop(vec![0_u8; input.len() * 3]), budget: TIGHT };
    greedy.examine(&[0; 100]);
}

#[test]
fn a_target_within_its_budget_passes() {
    let modest = Target { name: "modest", run: |input| drop(input.to_vec()), budget: TIGHT };
    modest.examine(&[0; 100]);
}
