//! Whatever is done to the bytes of a log, the verifier finds it and names the place.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use claviger_audit::{Expected, Finding, FindingKind, VerifyError, verify};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::fixture::{all_lines, check, copy, filled, finding, finding_of, lines, mark_of, segments, seq_of};

/// At least four segments, some fifty lines.
static LOG: LazyLock<TempDir> = LazyLock::new(|| filled(24));

/// File, line number, byte and sequence number of every line.
fn places(dir: &Path) -> Vec<(PathBuf, u64, u64, u64)> {
    let mut places = Vec::new();
    for path in segments(dir) {
        let mut offset = 0;
        for (line, number) in lines(&path).iter().zip(1..) {
            places.push((path.file_name().unwrap().into(), number, offset, seq_of(line)));
            offset += line.len() as u64;
        }
    }
    places
}

fn assert_at(found: &Finding, kind: FindingKind, (file, line, offset, seq): &(PathBuf, u64, u64, u64)) {
    let place = (found.file.file_name().unwrap(), found.line, found.offset, found.seq);
    assert_eq!((found.kind, place), (kind, (file.as_os_str(), *line, *offset, *seq)), "{found}");
}

/// Writes `lines` over the log in `dir`; `counts` is the number of lines of each file.
fn rewrite(dir: &Path, lines: &[Vec<u8>], counts: &[usize]) {
    let mut rest = lines;
    for (path, count) in segments(dir).iter().zip(counts) {
        let (these, others) = rest.split_at(*count);
        fs::write(path, these.concat()).unwrap();
        rest = others;
    }
    assert!(rest.is_empty());
}

fn counts(dir: &Path) -> Vec<usize> {
    segments(dir).iter().map(|path| lines(path).len()).collect()
}

#[test]
fn an_unaltered_log_passes() {
    let report = check(LOG.path()).unwrap();
    let lines = all_lines(LOG.path());
    assert_eq!(report.lines, lines.len() as u64);
    assert_eq!((report.records, report.segments), (60, segments(LOG.path()).len() as u64));
    assert!(report.segments >= 4, "{report:?}");
    assert_eq!((report.unsigned, report.torn_bytes), (0, 0));
    assert_eq!(report.head, mark_of(lines.last().unwrap()));
    let expected =
        Expected { public_key: Some(report.public_key), head: Some(report.head), first_seq: None, anchor: None };
    assert_eq!(verify(LOG.path(), &expected).unwrap(), report);
    // Every line of the log, signed or not, is a position that it contains.
    for line in lines {
        verify(LOG.path(), &Expected { head: Some(mark_of(&line)), ..Expected::default() }).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_altered_byte_is_found_in_its_line(at in any::<prop::sample::Index>(), mask in 1..=255_u8) {
        let dir = copy(LOG.path());
        let sizes: Vec<usize> = segments(dir.path()).iter().map(|path| fs::read(path).unwrap().len()).collect();
        let mut at = at.index(sizes.iter().sum());
        let file = sizes.iter().position(|size| if at < *size { true } else { at -= size; false }).unwrap();
        let path = &segments(dir.path())[file];
        let mut bytes = fs::read(path).unwrap();
        bytes[at] ^= mask;
        fs::write(path, bytes).unwrap();
        let name = path.file_name().unwrap();
        let all = places(LOG.path());
        let place = all.iter().rfind(|(file, _, offset, _)| file == name && *offset <= at as u64).unwrap();
        assert_at(&finding(dir.path()), FindingKind::Altered, place);
    }

    #[test]
    fn any_two_swapped_lines_are_found_at_the_first(a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>()) {
        let mut lines = all_lines(LOG.path());
        let (a, b) = (a.index(lines.len()), b.index(lines.len()));
        let (first, second) = (a.min(b), a.max(b));
        prop_assume!(first != second);
        let dir = copy(LOG.path());
        lines.swap(first, second);
        rewrite(dir.path(), &lines, &counts(LOG.path()));
        let places = places(LOG.path());
        assert_at(&finding(dir.path()), FindingKind::Reordered { found: places[second].3 }, &places[first]);
    }

    #[test]
    fn a_segment_cut_anywhere_is_found_there(file in any::<prop::sample::Index>(), length in any::<prop::sample::Index>()) {
        let dir = copy(LOG.path());
        let paths = segments(dir.path());
        let file = file.index(paths.len());
        let bytes = fs::read(&paths[file]).unwrap();
        cut_is_found(&dir, file, length.index(bytes.len()));
    }
}

/// Cuts segment `file` to `length` and expects the first missing line to be named.
fn cut_is_found(dir: &TempDir, file: usize, length: usize) {
    let path = &segments(dir.path())[file];
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..length]).unwrap();
    let name = path.file_name().unwrap();
    let all = places(LOG.path());
    let place = all.iter().rfind(|(file, _, offset, _)| file == name && *offset <= length as u64).unwrap();
    let through = all.iter().rfind(|(file, ..)| file == name).unwrap().3;
    assert_at(&finding(dir.path()), FindingKind::Truncated { through }, place);
}

#[test]
fn a_segment_cut_at_any_line_is_found_there_even_behind_a_checkpoint() {
    for (file, path) in segments(LOG.path()).iter().enumerate() {
        let mut end = 0;
        for line in lines(path) {
            cut_is_found(&copy(LOG.path()), file, end);
            end += line.len();
        }
    }
}

#[test]
fn any_removed_line_is_found_at_its_place() {
    let (all, places, counts) = (all_lines(LOG.path()), places(LOG.path()), counts(LOG.path()));
    for (at, place) in places.iter().enumerate() {
        let dir = copy(LOG.path());
        let mut lines = all.clone();
        lines.remove(at);
        let file = segments(LOG.path()).iter().position(|path| path.file_name().unwrap() == place.0).unwrap();
        let mut fewer = counts.clone();
        fewer[file] -= 1;
        rewrite(dir.path(), &lines, &fewer);
        let was_last = place.1 == counts[file] as u64;
        let kind = if was_last {
            FindingKind::Truncated { through: place.3 }
        } else {
            FindingKind::MissingLines { through: place.3 }
        };
        assert_at(&finding(dir.path()), kind, place);
    }
}

#[test]
fn several_removed_lines_are_counted() {
    let dir = copy(LOG.path());
    let mut lines = all_lines(LOG.path());
    let mut fewer = counts(LOG.path());
    lines.drain(3..6);
    fewer[0] -= 3;
    rewrite(dir.path(), &lines, &fewer);
    assert_at(&finding(dir.path()), FindingKind::MissingLines { through: 6 }, &places(LOG.path())[3]);
}

#[test]
fn a_repeated_line_is_found() {
    let dir = copy(LOG.path());
    let mut lines = all_lines(LOG.path());
    let mut more = counts(LOG.path());
    lines.insert(5, lines[2].clone());
    more[0] += 1;
    rewrite(dir.path(), &lines, &more);
    let found = finding(dir.path());
    assert_eq!((found.kind, found.line, found.seq), (FindingKind::Reordered { found: 3 }, 6, 6));
}

#[test]
fn any_removed_segment_is_found() {
    let second = segments(LOG.path()).remove(1);
    for (at, path) in segments(LOG.path()).into_iter().enumerate() {
        let dir = copy(LOG.path());
        fs::remove_file(dir.path().join(path.file_name().unwrap())).unwrap();
        let found = finding(dir.path());
        let kind = if at == 0 {
            FindingKind::BeginsAt { found: seq_of(&lines(&second)[0]) }
        } else {
            FindingKind::MissingSegment
        };
        assert_eq!((found.kind, found.file.file_name()), (kind, path.file_name()), "{found}");
        assert_eq!(found.seq, seq_of(&lines(&path)[0]));
    }
    let dir = copy(LOG.path());
    segments(dir.path()).iter().for_each(|path| fs::remove_file(path).unwrap());
    assert_eq!(finding(dir.path()).kind, FindingKind::MissingSegment);
}

#[test]
fn archived_segments_are_no_finding_when_the_verifier_is_told() {
    let dir = copy(LOG.path());
    let paths = segments(dir.path());
    fs::remove_file(&paths[0]).unwrap();
    let second = seq_of(&lines(&paths[1])[0]);
    let first_seq = Some(second);
    let report = verify(dir.path(), &Expected { first_seq, ..Expected::default() }).unwrap();
    assert_eq!(report.head, check(LOG.path()).unwrap().head);
    // Without `first_seq`, the finding names the first line that is present.
    assert_eq!(finding(dir.path()).kind, FindingKind::BeginsAt { found: second });
    fs::remove_file(&paths[1]).unwrap();
    let found = finding_of(verify(dir.path(), &Expected { first_seq, ..Expected::default() }));
    assert_eq!(found.kind, FindingKind::BeginsAt { found: seq_of(&lines(&paths[2])[0]) });
}

#[test]
fn a_renamed_segment_is_found() {
    let dir = copy(LOG.path());
    let last = segments(dir.path()).pop().unwrap();
    fs::rename(&last, dir.path().join("audit-00000000000000099999.log")).unwrap();
    finding(dir.path());
}

#[test]
fn any_altered_byte_of_the_head_is_found() {
    let dir = copy(LOG.path());
    let head = dir.path().join("head");
    let good = fs::read(&head).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        fs::write(&head, bad).unwrap();
        assert_eq!(finding(dir.path()).kind, FindingKind::BadHead, "byte {at}");
    }
    fs::write(&head, &good[..512]).unwrap();
    assert_eq!(finding(dir.path()).kind, FindingKind::BadHead);
    fs::remove_file(&head).unwrap();
    assert_eq!(finding(dir.path()).kind, FindingKind::BadHead);
}

#[test]
fn the_public_key_must_be_there_and_be_the_logs() {
    let dir = copy(LOG.path());
    let key = dir.path().join("public-key");
    let good = check(dir.path()).unwrap().public_key;
    for bad in ["", "00", "zz", &hex::encode(good), &format!("{}\n", hex::encode(good).to_uppercase())] {
        fs::write(&key, bad).unwrap();
        assert_eq!(finding(dir.path()).kind, FindingKind::BadPublicKey, "{bad}");
    }
    let other = check(filled_with_another_seed().path()).unwrap().public_key;
    fs::write(&key, format!("{}\n", hex::encode(other))).unwrap();
    let found = finding(dir.path());
    assert_eq!((found.kind, found.seq), (FindingKind::BadSignature { since: 1 }, 2));
    // A caller who passes the key needs no file.
    verify(dir.path(), &Expected { public_key: Some(good), ..Expected::default() }).unwrap();
}

fn filled_with_another_seed() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut config = crate::fixture::config(dir.path(), 8192);
    config.seed = claviger_base::SecretBytes::copy_from(&[8; 32]);
    drop(claviger_audit::AuditLog::create(config).unwrap());
    dir
}

#[test]
fn a_directory_without_a_log_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let expected = Expected { public_key: Some(check(LOG.path()).unwrap().public_key), ..Expected::default() };
    assert!(matches!(verify(dir.path(), &expected), Err(VerifyError::NoLog(_))));
    assert!(matches!(verify(&dir.path().join("absent"), &expected), Err(VerifyError::Unreadable(..))));
}
