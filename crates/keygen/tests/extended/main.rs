//! Extended pairs: each is read by a library that did not make it, and used with both.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests may stop at once"
)]

mod command_lines;
mod curves;
mod encodings;
mod lattices;

use claviger_base::SecretBytes;
use claviger_keygen::{Config, ExtendedSpec, Generator, KeygenError, PairSpec, StockSizes};

const MESSAGE: &[u8] = b"What one library signs, another one verifies.";

fn generator(extended_specs: bool) -> Generator {
    let threads = std::num::NonZeroUsize::MIN;
    let config = Config { threads, stock: StockSizes::NONE, extended_specs, stock_cores: 1.0, ..Config::default() };
    Generator::start(config).unwrap()
}

/// SubjectPublicKeyInfo and PKCS#8, DER.
fn pair(spec: ExtendedSpec) -> (Vec<u8>, SecretBytes) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(generator(true).pair(PairSpec::Extended(spec), 0)).unwrap().into_parts()
}

#[test]
fn two_pairs_of_a_kind_have_nothing_in_common() {
    for spec in ExtendedSpec::ALL {
        let ((public, private), (other_public, other_private)) = (pair(spec), pair(spec));
        assert_ne!(public, other_public, "{spec:?}");
        assert_ne!(private.reveal(), other_private.reveal(), "{spec:?}");
        assert_eq!((public.len(), private.len()), (other_public.len(), other_private.len()), "{spec:?}");
    }
}

#[tokio::test]
async fn without_the_setting_the_official_five_stay_exact() {
    let generator = generator(false);
    for spec in PairSpec::ALL {
        assert_eq!(generator.spec(spec.name()), Some(spec));
    }
    for spec in ExtendedSpec::ALL {
        assert_eq!(generator.spec(spec.name()), None);
        let refused = generator.pair(PairSpec::Extended(spec), 0).await.unwrap_err();
        assert_eq!(refused, KeygenError::NotOffered, "{spec:?}");
    }
    assert_eq!(generator.figures().specs.len(), 5);
}

#[tokio::test]
async fn with_it_each_is_found_made_and_counted() {
    let generator = generator(true);
    for spec in ExtendedSpec::ALL {
        let found = generator.spec(spec.name()).unwrap();
        assert_eq!(found, PairSpec::Extended(spec));
        drop(generator.pair(found, 0).await.unwrap());
    }
    for spec in PairSpec::ALL {
        assert_eq!(generator.spec(spec.name()), Some(spec));
    }
    let figures = generator.figures();
    let made = |spec| figures.specs.iter().find(|figures| figures.spec == spec).unwrap().made;
    assert!(ExtendedSpec::ALL.iter().all(|spec| made(PairSpec::Extended(*spec)) == 1));
    assert_eq!(made(PairSpec::EcP256), 0);
}
