//! What a reader printed: for each library, spec and form of a half one line of fields between tabs: library, version,
//! spec, form (`private-der`, `private-pem`, `public-der`, `public-pem`), `yes` or `no`, and how (yes) or why not (no).
//!
//! Rule kept: a reader answers about everything exactly once; a question without an answer is an error and no `no`.

use std::collections::BTreeMap;
use std::fmt;

use super::pairs::SPECS;

const FORMS: [&str; 4] = ["private-der", "private-pem", "public-der", "public-pem"];

/// One version of one library, and what it read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) library: String,
    /// Of each package of the library, in order of use.
    pub(super) versions: Vec<String>,
    /// Of each spec the forms that were read, as the table writes them.
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

/// One library's answers: of each spec and form, how it was read if it was.
#[derive(Default)]
struct Answers<'a> {
    versions: Vec<String>,
    read: BTreeMap<(&'a str, &'a str), Option<&'a str>>,
}

/// # Errors
/// A line of another form, an answer twice, or none.
pub(super) fn parse(text: &str) -> Result<Vec<Run>, String> {
    let mut libraries: Vec<(&str, Answers<'_>)> = Vec::new();
    for line in text.lines() {
        let [library, version, spec, form, outcome, how] = line.split('\t').collect::<Vec<_>>()[..] else {
            return Err(format!("a reader printed what is no answer: {line:?}"));
        };
        if !SPECS.contains(&spec) || !FORMS.contains(&form) || !["yes", "no"].contains(&outcome) {
            return Err(format!("a reader printed what is no answer: {line:?}"));
        }
        if libraries.last().is_none_or(|(last, _)| *last != library) {
            libraries.push((library, Answers::default()));
        }
        let Some((_, answers)) = libraries.last_mut() else { continue };
        let version = version.strip_prefix(library).unwrap_or(version).trim();
        if !answers.versions.iter().any(|known| known == version) {
            answers.versions.push(String::from(version));
        }
        if answers.read.insert((spec, form), (outcome == "yes").then_some(how)).is_some() {
            return Err(format!("a reader answered twice: {line:?}"));
        }
    }
    libraries.into_iter().map(|(library, answers)| run(library, &answers)).collect()
}

fn run(library: &str, answers: &Answers<'_>) -> Result<Run, String> {
    let mut cells = BTreeMap::new();
    for spec in SPECS {
        let mut read = [None; 4];
        for (read, form) in read.iter_mut().zip(FORMS) {
            let answer = answers.read.get(&(spec, form));
            *read = *answer
                .ok_or_else(|| format!("the reader of {library} does not say whether it reads {spec} {form}"))?;
        }
        cells.insert(String::from(spec), cell(read));
    }
    Ok(Run { library: String::from(library), versions: answers.versions.clone(), cells })
}

/// The forms that were read, and in brackets the function where it is not the usual one.
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

    /// What a reader prints that reads these forms of every spec.
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
    fn cells_say_what_was_read() {
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
    fn an_answer_that_is_missing_double_or_none_is_an_error() {
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
