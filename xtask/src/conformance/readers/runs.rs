//! The output of a reader: for each library, spec and form one line of fields separated by tabs: library, version, spec,
//! form (`private-der`, `private-pem`, `public-der`, `public-pem`), `yes` or `no`, and the function used or the reason.
//!
//! A reader must print every combination exactly once; a missing line is an error, not a `no`.

use std::collections::BTreeMap;
use std::fmt;

use super::pairs::SPECS;

const FORMS: [&str; 4] = ["private-der", "private-pem", "public-der", "public-pem"];

/// What one version of a library read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) library: String,
    /// The version of each package of the library, in order of use.
    pub(super) versions: Vec<String>,
    /// The forms that were read, by spec, as the table shows them.
    pub(super) cells: BTreeMap<String, String>,
}

impl fmt::Display for Run {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({}): ", self.library, self.versions.join(", "))?;
        for (index, spec) in SPECS.iter().enumerate() {
            let cell = self.cells.get(*spec).map_or("?", String::as_str);
            write!(out, "{}{spec} {cell}", if index == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

/// The results of one library: by spec and form, the function that read it, or `None`.
#[derive(Default)]
struct Results<'a> {
    versions: Vec<String>,
    read: BTreeMap<(&'a str, &'a str), Option<&'a str>>,
}

/// # Errors
/// A malformed line, a repeated result, or a missing one.
pub(super) fn parse(text: &str) -> Result<Vec<Run>, String> {
    let mut libraries: Vec<(&str, Results<'_>)> = Vec::new();
    for line in text.lines() {
        let [library, version, spec, form, outcome, how] = line.split('\t').collect::<Vec<_>>()[..] else {
            return Err(format!("a reader printed a malformed line: {line:?}"));
        };
        if !SPECS.contains(&spec) || !FORMS.contains(&form) || !["yes", "no"].contains(&outcome) {
            return Err(format!("a reader printed a malformed line: {line:?}"));
        }
        if libraries.last().is_none_or(|(last, _)| *last != library) {
            libraries.push((library, Results::default()));
        }
        let Some((_, answers)) = libraries.last_mut() else { continue };
        let version = version.strip_prefix(library).unwrap_or(version).trim();
        if !answers.versions.iter().any(|known| known == version) {
            answers.versions.push(String::from(version));
        }
        if answers.read.insert((spec, form), (outcome == "yes").then_some(how)).is_some() {
            return Err(format!("a reader printed a result twice: {line:?}"));
        }
    }
    libraries.into_iter().map(|(library, answers)| run(library, &answers)).collect()
}

fn run(library: &str, answers: &Results<'_>) -> Result<Run, String> {
    let mut cells = BTreeMap::new();
    for spec in SPECS {
        let mut read = [None; 4];
        for (read, form) in read.iter_mut().zip(FORMS) {
            let answer = answers.read.get(&(spec, form));
            *read = *answer.ok_or_else(|| format!("the reader of {library} printed no result for {spec} {form}"))?;
        }
        cells.insert(String::from(spec), cell(read));
    }
    Ok(Run { library: String::from(library), versions: answers.versions.clone(), cells })
}

/// The forms that were read, with the function in parentheses if it is not the usual one.
fn cell(read: [Option<&str>; 4]) -> String {
    let forms = match read.map(|how| how.is_some()) {
        [false, false, false, false] => String::from("-"),
        [true, true, true, true] => String::from("all"),
        [true, false, true, false] => String::from("DER"),
        [false, true, false, true] => String::from("PEM"),
        [private_der, private_pem, public_der, public_pem] => {
            let halves = [half("private", private_der, private_pem), half("public", public_der, public_pem)];
            halves.into_iter().flatten().collect::<Vec<_>>().join(", ")
        }
    };
    match read.into_iter().flatten().find(|how| !how.is_empty()) {
        Some(how) => format!("{forms} (`{how}`)"),
        None => forms,
    }
}

fn half(name: &str, der: bool, pem: bool) -> Option<String> {
    match (der, pem) {
        (true, true) => Some(String::from(name)),
        (true, false) => Some(format!("{name} DER")),
        (false, true) => Some(format!("{name} PEM")),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The output of a reader that reads these forms of every spec.
    fn lines(library: &str, version: &str, read: &[&str]) -> String {
        let line = |spec: &str, form: &str| {
            let outcome = if read.contains(&form) { "yes\t" } else { "no\tbecause" };
            format!("{library}\t{version}\t{spec}\t{form}\t{outcome}\n")
        };
        SPECS.iter().flat_map(|spec| FORMS.map(|form| line(spec, form))).collect()
    }

    #[test]
    fn each_library_gets_a_run() {
        let text = lines("ring", "ring 0.17.14", &["private-der"]) + &lines("Go", "1.26", &FORMS);
        let runs = parse(&text.replacen("yes\t", "yes\tother_function", 1)).unwrap();
        assert_eq!((runs[0].library.as_str(), runs[0].versions.as_slice()), ("ring", &[String::from("0.17.14")][..]));
        assert_eq!(runs[0].cells["RSA_2048"], "private DER (`other_function`)");
        assert_eq!(runs[0].cells["RSA_3072"], "private DER");
        assert_eq!((runs[1].library.as_str(), runs[1].cells["ML_KEM_1024"].as_str()), ("Go", "all"));
    }

    #[test]
    fn cells_list_the_forms_that_were_read() {
        for (read, text) in [
            (&["private-der", "public-der"][..], "DER"),
            (&["private-pem", "public-pem"], "PEM"),
            (&["private-der", "private-pem"], "private"),
            (&["private-der", "public-der", "public-pem"], "private DER, public"),
            (&[], "-"),
        ] {
            assert_eq!(parse(&lines("Go", "1", read)).unwrap()[0].cells["EC_P256"], text);
        }
    }

    #[test]
    fn a_missing_repeated_or_malformed_line_is_an_error() {
        let whole = lines("Go", "1", &[]);
        let first = whole.lines().next().unwrap();
        for wrong in [
            whole.replacen(first, "", 1),
            whole.replacen(&format!("{first}\n"), "", 1),
            format!("{whole}{first}\n"),
            format!("{whole}panic\n"),
            whole.replacen("\tno\t", "\tmaybe\t", 1),
            whole.replacen("RSA_2048", "RSA_1024", 1),
        ] {
            assert!(parse(&wrong).is_err(), "{wrong}");
        }
    }
}
