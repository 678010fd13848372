//! Finds files of one crate that use each other in a cycle: none of them can be read, tested or moved without the others.
//!
//! A file uses another if a `use` or a path in its code names an item that is defined there. Declarations (`mod x;`) and
//! re-exports do not count; a re-exported name counts as a use of the file that defines it. Tests do not count. Method calls
//! do not count either, because the name of a method does not tell where it is defined.

mod module;
mod names;
mod resolve;

use std::collections::{BTreeMap, BTreeSet};

use self::resolve::Uses;
use super::finding::Finding;
use super::sources::Source;

/// How many uses a finding lists.
const USES_LISTED: usize = 24;

/// # Errors
/// A source is not Rust.
pub(super) fn check(sources: &[Source]) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    for root in sources.iter().filter(|source| is_root(&source.path)) {
        let uses = resolve::uses(&module::tree(sources, &root.path)?);
        findings.extend(cycles(&uses).iter().map(|cycle| finding(sources, &uses, cycle)));
    }
    Ok(findings)
}

/// Whether the file is the root of a library or of a program.
fn is_root(path: &str) -> bool {
    let Some((_, inside)) = path.split_once("src/") else { return false };
    let in_bin = inside.strip_prefix("bin/").is_some_and(|rest| rest.ends_with("/main.rs") || !rest.contains('/'));
    path.ends_with(".rs") && (inside == "lib.rs" || inside == "main.rs" || in_bin)
}

/// The strongly connected groups of files.
fn cycles(uses: &Uses) -> Vec<Vec<&str>> {
    let mut found: Vec<Vec<&str>> = Vec::new();
    for file in uses.keys() {
        if found.iter().any(|cycle| cycle.contains(&file.as_str())) {
            continue;
        }
        let reached = reached(uses, file);
        if reached.contains(file.as_str()) {
            found
                .push(reached.into_iter().filter(|other| self::reached(uses, other).contains(file.as_str())).collect());
        }
    }
    found
}

/// Every file that is reachable from `file` through one or more uses.
fn reached<'a>(uses: &'a Uses, file: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&str> = vec![file];
    while let Some(from) = next.pop() {
        for to in uses.get(from).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(to.as_str()) {
                next.push(to);
            }
        }
    }
    reached
}

fn finding(sources: &[Source], uses: &Uses, cycle: &[&str]) -> Finding {
    let mut edges: Vec<String> = cycle
        .iter()
        .flat_map(|from| uses.get(*from).into_iter().flatten().map(move |(to, name)| (from, to, name)))
        .filter(|(_, to, _)| cycle.contains(&to.as_str()))
        .map(|(from, to, name)| format!("{} uses {name} of {}", short(from), short(to)))
        .collect();
    let left_out = edges.len().saturating_sub(USES_LISTED);
    edges.truncate(USES_LISTED);
    if left_out > 0 {
        edges.push(format!("and {left_out} more"));
    }
    let advice = format!(
        "{} files use each other in a cycle; move what two of them need into a file below both: {}",
        cycle.len(),
        edges.join(", ")
    );
    let place = sources.iter().find(|source| cycle.contains(&source.path.as_str()));
    place.map_or_else(
        || Finding { path: cycle.join(" "), line: 1, rule: "file-cycle", advice: advice.clone() },
        |source| Finding::new(source, 1, "file-cycle", advice.clone()),
    )
}

/// The path inside the crate.
fn short(path: &str) -> &str {
    path.split_once("src/").map_or(path, |(_, inside)| inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cycles of a crate with these files, each cycle as its paths inside the crate.
    fn found(files: &[(&str, &str)]) -> Vec<Vec<String>> {
        let sources: Vec<Source> =
            files.iter().map(|(path, text)| Source::new(&format!("crates/a/src/{path}"), text)).collect();
        let uses = resolve::uses(&module::tree(&sources, "crates/a/src/lib.rs").unwrap());
        cycles(&uses).iter().map(|cycle| cycle.iter().map(|path| short(path).to_owned()).collect()).collect()
    }

    #[test]
    fn two_files_that_use_each_other_are_found_in_every_syntax() {
        let down = "pub struct B; fn f() { crate::a::f() }";
        for up in [
            "use crate::b::B;",
            "use super::b::{self, B};",
            "fn g(_: &super::b::B) {}",
            "use crate::*; fn g(_: B) {} use crate::b::*;",
            "fn g() { dbg!(crate::b::B); }",
            "mod inside { use super::super::b::B; }",
            "use crate::B;",
        ] {
            let root = "mod a; mod b; pub use b::B;";
            let cycles = found(&[("lib.rs", root), ("a.rs", &format!("pub fn f() {{}} {up}")), ("b.rs", down)]);
            assert_eq!(cycles, [["a.rs", "b.rs"]], "{up}");
        }
    }

    #[test]
    fn declarations_re_exports_tests_and_other_crates_do_not_count() {
        for up in [
            "#[cfg(test)] use crate::b::B;",
            "#[cfg(test)] mod tests { use crate::b::B; }",
            "use other::b::B;",
            "// use crate::b::B;",
        ] {
            let files = [("lib.rs", "mod a; mod b;"), ("a.rs", up), ("b.rs", "use crate::a::f; pub struct B;")];
            assert_eq!(found(&files), Vec::<Vec<String>>::new(), "{up}");
        }
        let parent = "mod sub; pub use sub::S; mod other; pub struct P;";
        let (sub, other) = ("use super::P; pub struct S;", "use crate::p::S; use super::sub::S as T;");
        let files = [("lib.rs", "mod p;"), ("p.rs", parent), ("p/sub.rs", sub), ("p/other.rs", other)];
        assert_eq!(found(&files), Vec::<Vec<String>>::new());
    }

    #[test]
    fn a_parent_module_and_its_child_are_two_files() {
        let parent = "mod child; use child::C; pub struct P;";
        let files = [("lib.rs", "mod p;"), ("p.rs", parent), ("p/child.rs", "use super::P; pub struct C(P);")];
        assert_eq!(found(&files), [["p.rs", "p/child.rs"]]);
        let files = [("lib.rs", "mod p;"), ("p/mod.rs", parent), ("p/child.rs", "pub struct C;")];
        assert_eq!(found(&files), Vec::<Vec<String>>::new());
    }

    #[test]
    fn three_files_in_a_cycle_are_one_finding() {
        let file = |next: &str| format!("use crate::{next}::f as g; pub fn f() {{}}");
        let (a, b, c) = (file("b"), file("c"), file("a"));
        let cycles = found(&[("lib.rs", "mod a; mod b; mod c;"), ("a.rs", &a), ("b.rs", &b), ("c.rs", &c)]);
        assert_eq!(cycles, [["a.rs", "b.rs", "c.rs"]]);
    }

    #[test]
    fn roots_are_libraries_and_programs() {
        for path in ["crates/a/src/lib.rs", "xtask/src/main.rs", "bench/src/bin/x/main.rs", "bench/src/bin/x.rs"] {
            assert!(is_root(path), "{path}");
        }
        for path in ["crates/a/src/b.rs", "crates/a/tests/main.rs", "bench/src/bin/x/y.rs", "crates/a/src/main.py"] {
            assert!(!is_root(path), "{path}");
        }
    }

    #[test]
    fn a_syntax_error_is_an_error() {
        assert!(module::tree(&[Source::new("a/src/lib.rs", "fn {")], "a/src/lib.rs").is_err());
    }
}
