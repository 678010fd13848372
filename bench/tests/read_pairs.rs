//! `read_pairs` accepts a pair that works and refuses halves that do not match.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may stop at once")]

use std::path::Path;
use std::process::Command;

use claviger_keygen::{Config, ExtendedSpec, Generator, PairSpec, StockSizes};
use pem_rfc7468::LineEnding;

/// Writes a new pair of a spec in both forms.
async fn write_pair(generator: &Generator, spec: PairSpec, folder: &Path) {
    let (public, private) = generator.pair(spec, 0).await.unwrap().into_parts();
    for (half, label, der) in [("pub", "PUBLIC KEY", &public[..]), ("key", "PRIVATE KEY", private.reveal())] {
        let pem = pem_rfc7468::encode_string(label, LineEnding::LF, der).unwrap();
        std::fs::write(folder.join(format!("{}-der.{half}", spec.name())), der).unwrap();
        std::fs::write(folder.join(format!("{}-pem.{half}", spec.name())), pem).unwrap();
    }
}

/// The lines about these specs, as `library spec form outcome`.
fn lines(folder: &Path) -> Vec<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_read_pairs")).arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let fields = |line: &str| -> String {
        let fields: Vec<&str> = line.split('\t').collect();
        assert_eq!(fields.len(), 6, "{line}");
        [fields[0], fields[2], fields[3], fields[4]].join(" ")
    };
    text.lines().map(fields).collect()
}

#[tokio::test]
async fn halves_of_different_pairs_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let threads = std::num::NonZeroUsize::MIN;
    let config = Config { threads, stock: StockSizes::NONE, extended_specs: true, ..Config::default() };
    let generator = Generator::start(config).unwrap();
    for spec in PairSpec::ALL.into_iter().chain(ExtendedSpec::ALL.map(PairSpec::Extended)) {
        write_pair(&generator, spec, folder.path()).await;
    }
    let fitting = lines(folder.path());
    assert_eq!(fitting.len(), 3 * 15 * 4);
    for form in ["private-der", "private-pem", "public-der", "public-pem"] {
        for spec in ["EC_P256", "ML_KEM_768"] {
            assert!(fitting.contains(&format!("RustCrypto {spec} {form} yes")), "{fitting:#?}");
        }
    }
    assert!(fitting.contains(&String::from("ring EC_P256 private-der yes")));
    assert!(fitting.contains(&String::from("ring EC_P256 public-der no")));

    let kept: Vec<_> = [PairSpec::EcP256, PairSpec::Extended(ExtendedSpec::MlKem768)]
        .into_iter()
        .flat_map(|spec| ["der", "pem"].map(|form| folder.path().join(format!("{}-{form}.pub", spec.name()))))
        .map(|path| (std::fs::read(&path).unwrap(), path))
        .collect();
    for spec in [PairSpec::EcP256, PairSpec::Extended(ExtendedSpec::MlKem768)] {
        write_pair(&generator, spec, folder.path()).await;
    }
    for (bytes, path) in kept {
        std::fs::write(path, bytes).unwrap();
    }
    let mixed = lines(folder.path());
    let about: Vec<&String> =
        mixed.iter().filter(|line| line.contains(" EC_P256 ") || line.contains(" ML_KEM_768 ")).collect();
    assert_eq!(about.len(), 3 * 2 * 4);
    assert!(about.iter().all(|line| line.ends_with(" no")), "{about:#?}");
    assert!(mixed.contains(&String::from("RustCrypto EC_P384 private-pem yes")));
}
