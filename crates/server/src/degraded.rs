//! The lines of `/readyz` about a damaged store whose intact part is served: what is damaged and what to do.

use std::fmt::Write;

use claviger_vault::DamageReport;

/// Lines for the operator. `None` when nothing is damaged.
pub(crate) fn report(damage: &DamageReport) -> Option<String> {
    let mut lines = String::new();
    // Writing to a String cannot fail.
    if damage.records > 0 {
        let paths = damage.first.join(", ");
        let more = if damage.records > damage.first.len() { ", ..." } else { "" };
        let _infallible = writeln!(
            lines,
            "degraded: {} records cannot be read: {paths}{more}; restore the store from a backup, or recreate these records",
            damage.records
        );
    }
    if !damage.repaired.is_empty() {
        let paths = damage.repaired.join(", ");
        let _infallible = writeln!(
            lines,
            "degraded: damaged or missing records were restored from their copies: {paths}; check the disk"
        );
    }
    for file in &damage.recovered {
        let _infallible = writeln!(
            lines,
            "degraded: the store file was damaged and has been recovered; {} values are lost; the damaged file is kept as {}; check the disk",
            file.lost,
            file.kept.display()
        );
    }
    for text in [&damage.log, &damage.store].into_iter().flatten() {
        let _infallible = writeln!(lines, "degraded: {text}");
    }
    (!lines.is_empty()).then_some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_names_what_is_damaged() {
        assert_eq!(report(&DamageReport::default()), None);
        let first: Vec<String> = ["alias/a", "key/b", "key/c"].map(str::to_owned).to_vec();
        let text = report(&DamageReport { records: 5, first, ..DamageReport::default() }).unwrap();
        assert!(text.starts_with("degraded: 5 records cannot be read: alias/a, key/b, key/c, ...; restore"), "{text}");
        let repaired = vec!["meta/keyring".to_owned(), "~spare/meta/instance".to_owned()];
        let text = report(&DamageReport { repaired, ..DamageReport::default() }).unwrap();
        assert!(
            text.contains("restored from their copies: meta/keyring, ~spare/meta/instance; check the disk\n"),
            "{text}"
        );
        let store = "the store is damaged".to_owned();
        let log = "its log is damaged".to_owned();
        let text = report(&DamageReport { log: Some(log), store: Some(store), ..DamageReport::default() }).unwrap();
        assert_eq!(text, "degraded: its log is damaged\ndegraded: the store is damaged\n");
    }
}
