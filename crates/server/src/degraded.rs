//! What `/readyz` adds when the store is damaged and all that is not damaged is served: what does not open, and what to do.

use std::fmt::Write;

use claviger_vault::DamageReport;

/// Lines for an operator, each ended; `None` when nothing is damaged.
pub(crate) fn line(damage: &DamageReport) -> Option<String> {
    let mut lines = String::new();
    // Writing to a String cannot fail.
    if damage.records > 0 {
        let paths = damage.first.join(", ");
        let more = if damage.records > damage.first.len() { ", ..." } else { "" };
        let _infallible = writeln!(
            lines,
            "degraded: {} records cannot be read: {paths}{more}; restore the store from a backup, or make anew what they held",
            damage.records
        );
    }
    if !damage.repaired.is_empty() {
        let paths = damage.repaired.join(", ");
        let _infallible = writeln!(lines, "degraded: damaged or missing, and restored: {paths}; look at the disk");
    }
    for file in &damage.recovered {
        let _infallible = writeln!(
            lines,
            "degraded: the store's file was damaged and was recovered, {} values are lost; the damaged file is {}; look at the disk",
            file.lost,
            file.kept.display()
        );
    }
    for told in [&damage.log, &damage.store].into_iter().flatten() {
        let _infallible = writeln!(lines, "degraded: {told}");
    }
    (!lines.is_empty()).then_some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_is_damaged_and_is_silent_otherwise() {
        assert_eq!(line(&DamageReport::default()), None);
        let first: Vec<String> = ["alias/a", "key/b", "key/c"].map(str::to_owned).to_vec();
        let text = line(&DamageReport { records: 5, first, ..DamageReport::default() }).unwrap();
        assert!(text.starts_with("degraded: 5 records cannot be read: alias/a, key/b, key/c, ...; restore"), "{text}");
        let repaired = vec!["meta/keyring".to_owned(), "~spare/meta/instance".to_owned()];
        let text = line(&DamageReport { repaired, ..DamageReport::default() }).unwrap();
        assert!(
            text.contains("missing, and restored: meta/keyring, ~spare/meta/instance; look at the disk\n"),
            "{text}"
        );
        let store = "store.sqlite3 is damaged".to_owned();
        let log = "its log is damaged".to_owned();
        let text = line(&DamageReport { log: Some(log), store: Some(store), ..DamageReport::default() }).unwrap();
        assert_eq!(text, "degraded: its log is damaged\ndegraded: store.sqlite3 is damaged\n");
    }
}
