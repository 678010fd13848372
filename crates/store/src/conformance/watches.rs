//! Checks of what the contract promises about watches.

use std::collections::BTreeSet;
use std::time::Duration;

use claviger_base::limits::BATCH_OPERATIONS_MAX;

use super::commits::{done, put};
use crate::contract::{Batch, Engine, Revision, WatchEvent};
use crate::error::StoreError;

/// Long enough for a committed change to be seen, even on a busy machine.
const SEEN_WITHIN: Duration = Duration::from_secs(20);

/// For engines that trim their history: writes until it is trimmed, at most `changes_max` changes.
pub fn history_is_trimmed(engine: &dyn Engine, changes_max: usize) {
    let start = put(engine, b"x/first", b"");
    let mut behind = engine.watch(b"x/", Revision(0)).unwrap();
    let mut quiet = engine.watch(b"quiet/", start).unwrap();
    let mut written = 0;
    while behind_is_served(engine) {
        assert!(written < changes_max, "{written} changes were kept");
        let batch = (0..BATCH_OPERATIONS_MAX).fold(Batch::new(), |batch, n| batch.put(&n.to_be_bytes(), Vec::new()));
        done(engine.commit(batch));
        written += BATCH_OPERATIONS_MAX;
        // A watch that is read now and then does not fall behind, even if nothing changes under its own prefix.
        assert_eq!(quiet.next(Duration::ZERO).unwrap(), None, "after {written} changes");
    }
    assert_eq!(behind.next(SEEN_WITHIN), Err(StoreError::Compacted));
    assert_eq!(behind.next(SEEN_WITHIN), Err(StoreError::Compacted), "it must not go on past a gap");
    let last = put(engine, b"quiet/a", b"1");
    assert_eq!(quiet.next(SEEN_WITHIN).unwrap().unwrap().revision, last);
    // Read again, then watch from there, as the contract says.
    let present = done(engine.commit(Batch::new()));
    let mut fresh = engine.watch(b"", present).unwrap();
    put(engine, b"x/later", b"");
    assert_eq!(fresh.next(SEEN_WITHIN).unwrap().unwrap().key, b"x/later");
}

fn behind_is_served(engine: &dyn Engine) -> bool {
    match engine.watch(b"x/", Revision(0)).unwrap().next(Duration::ZERO) {
        Ok(Some(change)) => change.key == b"x/first",
        Ok(None) => panic!("a change is missing without an error"),
        Err(StoreError::Compacted) => false,
        Err(other) => panic!("{other}"),
    }
}

pub(super) fn a_watch_has_no_gaps_and_no_repeats(engine: &dyn Engine) {
    put(engine, b"before", b"");
    let from = put(engine, b"w/0", b"");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 1..60_u8 {
                let batch = Batch::new().put(&[b'w', b'/', n], vec![n]).put(&[b'w', b'/', n, 1], vec![n]);
                done(engine.commit(batch.put(b"elsewhere", vec![n])));
            }
            done(engine.commit(Batch::new().delete(&[b'w', b'/', 1])));
        });
        let (mut seen, mut from) = (Vec::<WatchEvent>::new(), from);
        while seen.len() < 119 {
            // A new watch every few changes, as after a broken connection: it begins after the last whole revision.
            seen.retain(|change| change.revision <= from);
            let mut watch = engine.watch(b"w/", from).unwrap();
            for _ in 0..7.min(119 - seen.len()) {
                seen.push(watch.next(SEEN_WITHIN).unwrap().expect("a change was not seen of"));
            }
            // More changes of the last revision may follow.
            let last = seen.last().unwrap().revision;
            from = seen.iter().map(|change| change.revision).filter(|one| *one < last).max().unwrap_or(from);
        }
        assert!(seen.is_sorted_by(|a, b| a.revision <= b.revision));
        let names: Vec<_> = seen.iter().map(|change| change.key.clone()).collect();
        let expected = (1..60_u8).flat_map(|n| [vec![b'w', b'/', n], vec![b'w', b'/', n, 1]]);
        assert_eq!(names, expected.chain([vec![b'w', b'/', 1]]).collect::<Vec<_>>());
        assert_eq!(seen.last().unwrap().value, None);
    });
    let mut quiet = engine.watch(b"nothing/", Revision(0)).unwrap();
    assert_eq!(quiet.next(Duration::from_millis(1)).unwrap(), None);
}

/// Several watches and writers at once: each watch sees every change with its prefix, in the order of revisions.
pub(super) fn watches_of_every_prefix_hear_the_same(engine: &dyn Engine) {
    const EACH: u8 = 50;
    let prefixes: [&[u8]; 4] = [b"", b"\xff", b"\xff\xff", b"\x00"];
    std::thread::scope(|scope| {
        for lead in [b"\xff\xff", b"\xff\x00", b"\x00\xff"] {
            scope.spawn(move || {
                for n in 0..EACH {
                    put(engine, &[lead.as_slice(), &[n]].concat(), &[n]);
                }
            });
        }
        for prefix in prefixes {
            scope.spawn(move || {
                let leads = [b"\xff\xff", b"\xff\x00", b"\x00\xff"].iter().filter(|lead| lead.starts_with(prefix));
                let expected = leads.count() * usize::from(EACH);
                let mut watch = engine.watch(prefix, Revision(0)).unwrap();
                let seen: Vec<_> = (0..expected).map(|_| watch.next(SEEN_WITHIN).unwrap().expect("a gap")).collect();
                assert!(seen.is_sorted_by(|a, b| a.revision < b.revision), "{prefix:?}");
                assert!(seen.iter().all(|change| change.key.starts_with(prefix)));
                assert!(seen.iter().all(|change| change.value.as_deref() == change.key.get(2..)));
                let keys: BTreeSet<_> = seen.iter().map(|change| &change.key).collect();
                assert_eq!(keys.len(), expected);
                assert_eq!(watch.next(Duration::ZERO).unwrap(), None);
            });
        }
    });
}

pub(super) fn a_watch_tells_removals(engine: &dyn Engine) {
    let mut watch = engine.watch(b"k", Revision(0)).unwrap();
    let written = put(engine, b"k", b"1");
    let change = |value: Option<&[u8]>, revision| {
        Some(WatchEvent { key: b"k".to_vec(), value: value.map(<[u8]>::to_vec), revision })
    };
    assert_eq!(watch.next(SEEN_WITHIN).unwrap(), change(Some(b"1"), written));
    let removed = done(engine.commit(Batch::new().delete(b"k")));
    let again = put(engine, b"k", b"2");
    // The removal is reported even if the key exists again by the time the watch reads.
    assert_eq!(watch.next(SEEN_WITHIN).unwrap(), change(None, removed));
    assert_eq!(watch.next(SEEN_WITHIN).unwrap(), change(Some(b"2"), again));
    assert_eq!(watch.next(Duration::ZERO).unwrap(), None);
    let mut later = engine.watch(b"k", again).unwrap();
    assert_eq!(later.next(Duration::ZERO).unwrap(), None, "a change of the revision it begins after");
}
