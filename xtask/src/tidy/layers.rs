//! Checks the layers: crates depend only on lower levels, and only few crates use crypto libraries.
//!
//! Source: docs/architecture.md. A new crate needs a level here before anything can depend on it.

use std::collections::BTreeMap;
use std::path::Path;

use super::finding::Finding;
use super::sources::Source;

const LEVELS: [(&str, usize); 13] = [
    ("base", 0),
    ("model", 1),
    ("wire", 1),
    ("crypto", 1),
    ("store", 1),
    ("audit", 1),
    ("primes", 1),
    ("keygen", 2),
    ("vault", 2),
    ("service", 3),
    ("server", 4),
    ("client", 4),
    ("claviger", 5),
];

/// Permitted dependencies within one level: the audit log hashes and signs; the search for primes uses the modulus lengths
/// and the RSA generator of `crypto`.
const SIDEWAYS: [(&str, &str); 2] = [("audit", "crypto"), ("primes", "crypto")];

/// Crypto libraries. Tests of every crate may use them, as independent implementations.
const CRYPTO_LIBRARIES: [&str; 17] = [
    "aws-lc-rs",
    "aws-lc-sys",
    "ed25519-dalek",
    "k256",
    "ml-dsa",
    "ml-kem",
    "p256",
    "p384",
    "p521",
    "ring",
    "rsa",
    "sm2",
    "sm3",
    "sm4",
    "aes-gcm",
    "rfc6979",
    "rcgen",
];
/// The crates that may use them.
const MAY_USE_CRYPTO_LIBRARIES: [&str; 3] = ["crypto", "keygen", "primes"];

pub(super) fn check(root: &Path, sources: &[Source]) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    let manifests = sources.iter().filter(|source| source.path.ends_with("Cargo.toml"));
    for source in manifests {
        let krate = source.path.strip_prefix("crates/").and_then(|rest| rest.strip_suffix("/Cargo.toml"));
        if let Some(krate) = krate {
            findings.extend(check_crate(source, krate)?);
        }
    }
    if findings.is_empty() && !root.join("crates").is_dir() {
        return Err(format!("{} has no folder crates", root.display()));
    }
    Ok(findings)
}

fn check_crate(source: &Source, krate: &str) -> Result<Vec<Finding>, String> {
    let Some(level) = level(krate) else {
        return Ok(vec![Finding::new(
            source,
            1,
            "layers",
            format!("{krate} has no level: give it one in xtask/src/tidy/layers.rs"),
        )]);
    };
    let mut findings = Vec::new();
    for (name, shipped) in dependencies(source)? {
        let advice = match name.strip_prefix("claviger-") {
            Some(below) => edge_advice(krate, level, below),
            None if shipped
                && CRYPTO_LIBRARIES.contains(&name.as_str())
                && !MAY_USE_CRYPTO_LIBRARIES.contains(&krate) =>
            {
                Some(format!("{krate} may not use {name}: call claviger-crypto for the operation"))
            }
            None => None,
        };
        findings.extend(advice.map(|advice| Finding::new(source, line_of(source, &name), "layers", advice)));
    }
    Ok(findings)
}

fn edge_advice(krate: &str, level: usize, below: &str) -> Option<String> {
    if SIDEWAYS.contains(&(krate, below)) {
        return None;
    }
    match self::level(below) {
        Some(lower) if lower < level => None,
        Some(other) => Some(format!(
            "{krate} (level {level}) may not depend on {below} (level {other}): move what both need to a lower crate"
        )),
        None => Some(format!("{below} has no level: give it one in xtask/src/tidy/layers.rs")),
    }
}

fn level(krate: &str) -> Option<usize> {
    LEVELS.iter().find(|(name, _)| *name == krate).map(|(_, level)| *level)
}

/// Every package that the manifest depends on, on any platform, and whether it is shipped (not used by tests only).
fn dependencies(source: &Source) -> Result<BTreeMap<String, bool>, String> {
    let manifest: toml::Table = source.text.parse().map_err(|error| format!("{}: {error}", source.path))?;
    let mut packages = BTreeMap::new();
    collect(&manifest, &mut packages);
    if let Some(targets) = manifest.get("target").and_then(toml::Value::as_table) {
        targets.values().filter_map(toml::Value::as_table).for_each(|target| collect(target, &mut packages));
    }
    Ok(packages)
}

fn collect(table: &toml::Table, packages: &mut BTreeMap<String, bool>) {
    for (kind, shipped) in [("dependencies", true), ("build-dependencies", true), ("dev-dependencies", false)] {
        let Some(entries) = table.get(kind).and_then(toml::Value::as_table) else { continue };
        for (name, entry) in entries {
            let renamed = entry.get("package").and_then(toml::Value::as_str);
            *packages.entry(String::from(renamed.unwrap_or(name))).or_default() |= shipped;
        }
    }
}

fn line_of(source: &Source, name: &str) -> usize {
    source.text.lines().position(|line| line.contains(name)).map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(krate: &str, text: &str) -> Vec<Finding> {
        check_crate(&Source::new(&format!("crates/{krate}/Cargo.toml"), text), krate).unwrap()
    }

    #[test]
    fn downward_edges_pass() {
        assert!(
            findings("vault", "[dependencies]\nclaviger-store.workspace = true\nclaviger-base.workspace = true\n")
                .is_empty()
        );
        assert!(findings("audit", "[dependencies]\nclaviger-crypto.workspace = true\n").is_empty());
        for name in ["crypto", "keygen", "primes"] {
            assert!(findings(name, "[dependencies]\naws-lc-rs.workspace = true\n").is_empty());
        }
        assert!(findings("primes", "[dependencies]\nclaviger-crypto.workspace = true\n").is_empty());
        assert!(findings("keygen", "[dependencies]\nclaviger-primes.workspace = true\n").is_empty());
    }

    #[test]
    fn upward_and_sideways_edges_are_found_in_every_table() {
        for (krate, text) in [
            ("base", "[dependencies]\nclaviger-crypto.workspace = true\n"),
            ("store", "[dev-dependencies]\nclaviger-vault.workspace = true\n"),
            ("model", "[build-dependencies]\nclaviger-wire.workspace = true\n"),
            ("crypto", "[dependencies]\nclaviger-audit.workspace = true\n"),
            ("primes", "[dependencies]\nclaviger-keygen.workspace = true\n"),
            ("wire", "[target.'cfg(unix)'.dependencies]\nclaviger-server.workspace = true\n"),
            ("wire", "[dependencies]\nhidden = { package = \"claviger-server\", path = \"../server\" }\n"),
            ("wire", "[dependencies]\nclaviger-unheard-of.workspace = true\n"),
        ] {
            assert_eq!(findings(krate, text).len(), 1, "{krate}: {text}");
        }
        assert_eq!(findings("unheard-of", "").len(), 1);
    }

    #[test]
    fn only_three_crates_use_the_crypto_library() {
        assert_eq!(findings("server", "[dependencies]\naws-lc-rs.workspace = true\n").len(), 1);
        assert_eq!(findings("service", "[build-dependencies]\nrsa = \"1\"\n").len(), 1);
        assert!(findings("wire", "[dev-dependencies]\naws-lc-rs.workspace = true\n").is_empty());
        let both = "[dependencies]\nring = \"1\"\n[dev-dependencies]\nring = \"1\"\n";
        assert_eq!(findings("wire", both).len(), 1);
    }

    #[test]
    fn a_broken_manifest_is_an_error() {
        assert!(check_crate(&Source::new("crates/base/Cargo.toml", "[dep"), "base").is_err());
    }
}
