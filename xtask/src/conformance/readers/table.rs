//! The two tables of the page: the forms that each library reads, by spec, and the versions that were run.
//!
//! A cell has the format of `runs`. If it depends on the version of the library, it is `from VERSION: FORMS`, several
//! joined by `; `, oldest first; versions before the first entry read nothing. Versions that this repository pins must be
//! the ones that ran. Programs of the machine may be older or newer than all listed versions; then a difference is not a
//! fault of the page.

use std::collections::BTreeMap;
use std::fmt;

use super::pairs::SPECS;
use super::runs::Run;
use super::version::numbers;

struct Library {
    name: &'static str,
    /// Whether this repository pins the versions.
    is_pinned: bool,
}

const LIBRARIES: [Library; 7] = [
    Library { name: "aws-lc-rs", is_pinned: true },
    Library { name: "ring", is_pinned: true },
    Library { name: "RustCrypto", is_pinned: true },
    Library { name: "OpenSSL", is_pinned: false },
    Library { name: "cryptography", is_pinned: true },
    Library { name: "Go", is_pinned: false },
    Library { name: "JDK", is_pinned: false },
];

const VERSIONS_HEADER: [&str; 2] = ["library", "run with"];
const NOT_READ: &str = "-";

/// The forms that are read from a version on, or by all versions.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    from: Option<String>,
    forms: String,
}

impl Entry {
    fn parse(text: &str) -> Self {
        match text.strip_prefix("from ").and_then(|rest| rest.split_once(": ")) {
            Some((from, forms)) => Self { from: Some(String::from(from)), forms: String::from(forms) },
            None => Self { from: None, forms: String::from(text) },
        }
    }

    fn numbers(&self) -> Vec<u64> {
        self.from.as_deref().map(numbers).unwrap_or_default()
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.from {
            Some(from) => write!(out, "from {from}: {}", self.forms),
            None => out.write_str(&self.forms),
        }
    }
}

/// Differences between a run and the page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Differences {
    /// The page is wrong.
    pub(super) faults: Vec<String>,
    /// The version is older or newer than all that the page lists.
    pub(super) unlisted: Vec<String>,
}

/// Spec and library.
type Place = (String, String);

pub(super) struct Tables {
    cells: BTreeMap<Place, Vec<Entry>>,
    versions: BTreeMap<String, Vec<String>>,
}

impl Tables {
    /// Parses the tables of a page; a missing table is empty.
    pub(super) fn parse(page: &str) -> Self {
        let mut cells = BTreeMap::new();
        for row in rows(page, &header()) {
            let Some((spec, texts)) = row.split_first() else { continue };
            for (library, text) in LIBRARIES.iter().zip(texts) {
                let entries = text.split("; ").map(Entry::parse).collect();
                cells.insert((spec.replace('`', ""), String::from(library.name)), entries);
            }
        }
        let mut versions = BTreeMap::new();
        for row in rows(page, &VERSIONS_HEADER) {
            let [library, list] = &row[..] else { continue };
            versions.insert(library.clone(), list.split(", ").map(String::from).collect());
        }
        Self { cells, versions }
    }

    /// Updates the tables with these runs, and returns the differences.
    pub(super) fn correct(&mut self, found: &[Run]) -> Differences {
        let mut differences = Differences::default();
        for run in found {
            let found = self.correct_cells(run);
            if self.knows(run) { differences.faults.extend(found) } else { differences.unlisted.extend(found) }
        }
        for library in &LIBRARIES {
            let runs = found.iter().filter(|run| run.library == library.name);
            let ran: Vec<String> = runs.flat_map(|run| run.versions.iter().cloned()).collect();
            let known = self.versions.entry(String::from(library.name)).or_default();
            if library.is_pinned && !ran.is_empty() && *known != ran {
                differences.faults.push(format!(
                    "{}: run with {}; the page says {}",
                    library.name,
                    ran.join(", "),
                    known.join(", ")
                ));
                *known = ran;
            } else if !library.is_pinned {
                known.extend(ran.into_iter().filter(|version| !known.contains(version)).collect::<Vec<_>>());
            }
        }
        differences
    }

    /// Whether the page must be correct for this version.
    fn knows(&self, run: &Run) -> bool {
        let is_pinned = LIBRARIES.iter().any(|library| library.name == run.library && library.is_pinned);
        let known: Vec<_> = self.versions.get(&run.library).into_iter().flatten().map(|known| numbers(known)).collect();
        let ran = numbers(&run.versions.concat());
        is_pinned || known.is_empty() || (known.iter().any(|one| *one <= ran) && known.iter().any(|one| *one >= ran))
    }

    fn correct_cells(&mut self, run: &Run) -> Vec<String> {
        let mut differences = Vec::new();
        let known = self.versions.get(&run.library).map_or(&[][..], Vec::as_slice);
        for spec in SPECS {
            let Some(forms) = run.cells.get(spec) else { continue };
            // Libraries of several packages are pinned, so their versions need no order.
            let version = if run.versions.len() == 1 { run.versions.concat() } else { String::new() };
            let place = (String::from(spec), run.library.clone());
            let Some(entries) = self.cells.get_mut(&place) else {
                differences.push(format!("{spec}, {} {version}: read {forms}; the page says nothing", run.library));
                self.cells.insert(place, vec![Entry { from: None, forms: forms.clone() }]);
                continue;
            };
            let expected = expected(entries, &version);
            if expected != forms {
                differences.push(format!("{spec}, {} {version}: read {forms}; the page says {expected}", run.library));
                *entries = corrected(entries, known, &version, forms);
            }
        }
        differences
    }
}

/// The forms that this version reads, according to the entries.
fn expected<'a>(entries: &'a [Entry], version: &str) -> &'a str {
    let version = numbers(version);
    entries.iter().rfind(|entry| entry.numbers() <= version).map_or(NOT_READ, |entry| entry.forms.as_str())
}

/// The entries with the result of this version added; the results of other known versions do not change.
fn corrected(entries: &[Entry], known: &[String], version: &str, forms: &str) -> Vec<Entry> {
    let number = numbers(version);
    let entry = |from: &str, forms: &str| Entry {
        from: (!from.is_empty()).then(|| String::from(from)),
        forms: String::from(forms),
    };
    let mut corrected: Vec<Entry> = entries.iter().filter(|entry| entry.numbers() < number).cloned().collect();
    corrected.push(entry(version, forms));
    let next = known.iter().filter(|known| numbers(known) > number).min_by_key(|known| numbers(known));
    corrected.extend(next.map(|next| entry(next, expected(entries, next))));
    corrected.extend(entries.iter().filter(|entry| entry.numbers() > number).cloned());
    corrected.sort_by_key(Entry::numbers);
    corrected.dedup_by(|later, earlier| later.forms == earlier.forms);
    corrected.retain(|entry| entry.from.is_some() || entry.forms != NOT_READ);
    corrected
}

impl fmt::Display for Tables {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_row(out, &header())?;
        write_row(out, &["---"; LIBRARIES.len() + 1])?;
        for spec in SPECS {
            let mut row = vec![String::from(spec)];
            for library in &LIBRARIES {
                let entries = self.cells.get(&(String::from(spec), String::from(library.name)));
                let texts = entries.into_iter().flatten().map(ToString::to_string);
                row.push(texts.collect::<Vec<_>>().join("; "));
            }
            write_row(out, &row)?;
        }
        writeln!(out)?;
        write_row(out, &VERSIONS_HEADER)?;
        write_row(out, &["---"; 2])?;
        for library in &LIBRARIES {
            let versions = self.versions.get(library.name).map(|list| list.join(", ")).unwrap_or_default();
            write_row(out, &[library.name, &versions])?;
        }
        Ok(())
    }
}

fn header() -> Vec<&'static str> {
    std::iter::once("`KeyPairSpec`").chain(LIBRARIES.iter().map(|library| library.name)).collect()
}

fn write_row(out: &mut fmt::Formatter<'_>, fields: &[impl AsRef<str>]) -> fmt::Result {
    let fields: Vec<&str> = fields.iter().map(AsRef::as_ref).collect();
    writeln!(out, "| {} |", fields.join(" | "))
}

fn fields(line: &str) -> Option<Vec<String>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(inner.split('|').map(|field| String::from(field.trim())).collect())
}

/// The rows of the table with this header.
fn rows(page: &str, header: &[&str]) -> Vec<Vec<String>> {
    let mut lines = page.lines().map(fields);
    let is_header = |line: Option<Vec<String>>| line.is_some_and(|fields| fields == header);
    if !lines.by_ref().any(is_header) {
        return Vec::new();
    }
    lines.skip(1).map_while(|line| line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(library: &str, versions: &[&str], forms: &str) -> Run {
        let cells = SPECS.iter().map(|spec| (String::from(*spec), String::from(forms))).collect();
        Run { library: String::from(library), versions: versions.iter().map(|one| String::from(*one)).collect(), cells }
    }

    fn tables(found: &[Run]) -> Tables {
        let mut tables = Tables::parse("# A page without tables\n");
        assert!(!tables.correct(found).faults.is_empty());
        tables
    }

    #[test]
    fn a_printed_page_parses_to_the_same_tables() {
        let found = [
            run("RustCrypto", &["rsa 0.10.0", "p256 0.14.0"], "all"),
            run("OpenSSL", &["3.0.19"], "private DER, public"),
        ];
        let page = format!("# Before\n\n| a | b |\n| --- | --- |\n| c | d |\n\n{}\nafter\n", tables(&found));
        let mut again = Tables::parse(&page);
        assert!(page.contains(&again.to_string()));
        assert_eq!(again.correct(&found), Differences::default());
        assert!(page.contains(&again.to_string()));
    }

    #[test]
    fn a_different_result_is_reported_and_corrected() {
        let mut tables = tables(&[run("Go", &["1.26"], "all")]);
        let mut other = run("Go", &["1.26"], "all");
        other.cells.insert(String::from("EC_P256K"), String::from("-"));
        assert_eq!(
            tables.correct(std::slice::from_ref(&other)).faults,
            ["EC_P256K, Go 1.26: read -; the page says all"]
        );
        assert_eq!(tables.correct(&[other]), Differences::default());
    }

    #[test]
    fn a_result_applies_from_its_version_on() {
        let mut tables = tables(&[
            run("OpenSSL", &["3.0.2"], "-"),
            run("OpenSSL", &["3.5"], "all"),
            run("OpenSSL", &["4.1"], "all"),
        ]);
        assert!(tables.to_string().contains("| from 3.5: all |"), "{tables}");
        for (version, forms, faults) in [
            ("3.0.2", "-", 0),
            ("3.4.9", "-", 0),
            ("3.5.5", "all", 0),
            ("4.0", "all", 0),
            ("3.4.9", "all", SPECS.len()),
            ("4.0", "DER", SPECS.len()),
        ] {
            assert_eq!(tables.correct(&[run("OpenSSL", &[version], forms)]).faults.len(), faults, "{version} {forms}");
        }
        assert!(tables.to_string().contains("| from 3.4.9: all; from 4.0: DER; from 4.1: all |"), "{tables}");
    }

    #[test]
    fn a_version_outside_the_listed_range_is_no_fault() {
        let mut tables = tables(&[run("JDK", &["17.0.15"], "DER"), run("JDK", &["25.0.3"], "DER")]);
        for version in ["11.0.2", "26"] {
            let differences = tables.correct(&[run("JDK", &[version], "all")]);
            assert_eq!((differences.faults.len(), differences.unlisted.len()), (0, SPECS.len()), "{version}");
        }
        assert!(tables.to_string().contains("| DER; from 11.0.2: all; from 17.0.15: DER; from 26: all |"), "{tables}");
        assert_eq!(tables.correct(&[run("JDK", &["21.0.1"], "-")]).faults.len(), SPECS.len());
        let cryptography = run("cryptography", &["99"], "all");
        assert!(tables.correct(&[cryptography]).unlisted.is_empty(), "this repository pins that version");
    }

    #[test]
    fn only_pinned_versions_are_compared() {
        let mut tables = tables(&[run("ring", &["0.17.14"], "-"), run("JDK", &["17.0.15"], "DER")]);
        assert_eq!(tables.correct(&[run("JDK", &["25.0.1"], "DER")]), Differences::default());
        assert!(tables.to_string().contains("| JDK | 17.0.15, 25.0.1 |"), "{tables}");
        let differences = tables.correct(&[run("ring", &["0.18.0"], "-")]);
        assert_eq!(differences.faults, ["ring: run with 0.18.0; the page says 0.17.14"]);
        assert_eq!(tables.correct(&[]), Differences::default(), "a library that did not run keeps its column");
    }
}
