//! Checks that secret types do not derive printing, copying, variable-time comparison or serialization.

use super::finding::Finding;
use super::sources::Source;

const BANNED: [(&str, &str); 4] = [
    ("Debug", "write it by hand so that it prints `[secret]`"),
    ("Clone", "move it, or add a method whose name says that it makes a copy"),
    ("PartialEq", "compare in constant time (`subtle::ConstantTimeEq`)"),
    ("Serialize", "write the serialization by hand, next to its `.reveal()`"),
];

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut rest = source.code.as_str();
    while let Some((_, after)) = rest.split_once("#[derive(") {
        let (derived, after) = after.split_once(")]").unwrap_or((after, ""));
        rest = after;
        let Some(name) = declared(after).filter(|name| is_secret(name)) else { continue };
        let line = source.code.lines().count() - after.lines().count() + 1;
        for (banned, advice) in BANNED {
            let derives = |one: &str| one.trim().rsplit("::").next() == Some(banned);
            if derived.split(',').any(derives) {
                findings.push(Finding::new(source, line, "secret", format!("{name} derives {banned}: {advice}")));
            }
        }
    }
    findings
}

fn is_secret(name: &str) -> bool {
    ["Secret", "Seed", "PrivateKey"].iter().any(|ending| name.ends_with(ending))
}

/// The name of the type declared next, after further attributes and the visibility.
fn declared(mut after: &str) -> Option<&str> {
    loop {
        after = after.trim_start();
        match after.strip_prefix("#[") {
            Some(attribute) => after = attribute.split_once(']')?.1,
            None => break,
        }
    }
    let mut words =
        after.split(|letter: char| !letter.is_alphanumeric() && letter != '_').filter(|word| !word.is_empty());
    words.by_ref().find(|word| matches!(*word, "struct" | "enum" | "union"))?;
    words.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivations_on_secrets_are_found() {
        for (text, count) in [
            ("#[derive(Debug)]\npub struct RootSecret([u8; 32]);", 1),
            ("#[derive(Clone, PartialEq)]\n#[repr(C)]\npub(crate) struct RsaPrivateKey { d: u8 }", 2),
            ("#[derive(serde::Serialize)] enum Seed { A }", 1),
        ] {
            assert_eq!(check(&Source::new("a.rs", text)).len(), count, "{text}");
        }
    }

    #[test]
    fn other_types_and_other_derivations_pass() {
        for text in [
            "#[derive(Debug)] struct SecretName(String);",
            "#[derive(Zeroize)] struct RootSecret([u8; 32]);",
            "// #[derive(Debug)]\nstruct RootSecret;",
            "#[derive(Debug)] fn nothing() {}",
        ] {
            assert!(check(&Source::new("a.rs", text)).is_empty(), "{text}");
        }
    }
}
