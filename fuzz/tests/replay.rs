//! Every checked-in input through its target, within its budget; and the budget can be exceeded.

use std::fs;
use std::path::PathBuf;

use claviger_fuzz::{ALL, Budget, Target};

/// The inputs of a target; none where there is no such folder.
fn corpus(target: &Target) -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name);
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    files
}

#[test]
fn every_checked_in_input_keeps_the_rules() {
    for target in ALL {
        let files = corpus(target);
        assert!(files.len() >= 3, "{} has no corpus", target.name);
        // What is made once is no input's fault.
        (target.run)(&[0, 0]);
        for file in files {
            target.examine(&fs::read(&file).unwrap());
        }
    }
}

#[test]
fn cut_and_altered_inputs_keep_the_rules() {
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
fn the_corpora_reach_behind_the_first_checks() {
    // A seed of each kind that is accepted: a corpus of refusals alone would test the first check again and again.
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
fn a_target_that_allocates_too_much_is_found() {
    let greedy = Target { name: "greedy", run: |input| drop(vec![0_u8; input.len() * 3]), budget: TIGHT };
    greedy.examine(&[0; 100]);
}

#[test]
fn a_target_within_its_budget_passes() {
    let modest = Target { name: "modest", run: |input| drop(input.to_vec()), budget: TIGHT };
    modest.examine(&[0; 100]);
}
