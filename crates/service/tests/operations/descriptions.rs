//! `UpdateKeyDescription`: its limit, the states of a key that allow it, and what it leaves unchanged.

use claviger_base::id::{AliasName, KeyId};
use claviger_model::{Key, KeySpec, KeyState, StateRefusal};
use claviger_service::{Config, KeyRef, ServiceError};
use claviger_vault::Audit;

use crate::fixture::{aes_key, by_id, default_service, intent, key_of, with_vault};

const LONGEST: usize = 8192;
const DAY_S: u64 = 86_400;

#[test]
fn any_text_up_to_the_limit_replaces_the_description() {
    let service = default_service();
    let key = aes_key(&service);
    for text in ["two words", "\u{4e2d}\u{1f511}", &"\u{1f511}".repeat(LONGEST), ""] {
        let edited = service.update_key_description(&by_id(&key), text, &intent()).unwrap();
        assert_eq!(edited, Key { description: text.to_owned(), ..key.clone() });
        assert_eq!(service.describe_key(&by_id(&key)).unwrap(), edited);
    }
}

#[test]
fn one_character_more_is_refused_and_changes_nothing() {
    let service = default_service();
    let key = aes_key(&service);
    service.update_key_description(&by_id(&key), "before", &intent()).unwrap();
    for character in ["x", "\u{1f511}"] {
        let refused = service.update_key_description(&by_id(&key), &character.repeat(LONGEST + 1), &intent());
        assert!(matches!(refused, Err(ServiceError::InvalidParameter("Description"))), "{refused:?}");
    }
    assert_eq!(service.describe_key(&by_id(&key)).unwrap().description, "before");
}

/// The states that allow it, as in the row of `UpdateKeyDescription` in rpc-api 6.
#[test]
fn every_state_but_pending_deletion_allows_it() {
    let (service, vault) = with_vault(Config::default());
    for state in KeyState::ALL {
        let key = aes_key(&service);
        let stored = vault.get::<Key>(&key.id).unwrap().unwrap();
        let in_state = Key { state, ..key.clone() };
        vault.change().update(&stored, &in_state).unwrap().commit(Audit::NoRecord("a test")).unwrap();
        let answer = service.update_key_description(&by_id(&key), "new", &intent());
        let is_as_specified = match state {
            KeyState::Enabled | KeyState::Disabled | KeyState::PendingImport => answer.is_ok(),
            KeyState::PendingDeletion => {
                matches!(answer, Err(ServiceError::State(StateRefusal::Rejected(KeyState::PendingDeletion))))
            }
        };
        assert!(is_as_specified, "{}: {answer:?}", state.name());
        let expected = if answer.is_ok() { Key { description: "new".to_owned(), ..in_state } } else { in_state };
        assert_eq!(service.describe_key(&by_id(&key)).unwrap(), expected, "{}", state.name());
    }
}

#[test]
fn a_key_must_exist_and_not_be_due_for_destruction() {
    let service = default_service();
    let update = |key: &KeyRef| service.update_key_description(key, "new", &intent());
    let unknown = update(&KeyRef::Id(KeyId::generate().unwrap()));
    assert!(matches!(unknown, Err(ServiceError::KeyNotFound)), "{unknown:?}");
    let unknown = update(&KeyRef::Alias(AliasName::parse("alias/nothing-here").unwrap()));
    assert!(matches!(unknown, Err(ServiceError::AliasNotFound)), "{unknown:?}");
    let key = aes_key(&service);
    service.schedule_key_deletion(&by_id(&key), 7, &intent()).unwrap();
    service.clock().advance_s(8 * DAY_S);
    let due = update(&by_id(&key));
    assert!(matches!(due, Err(ServiceError::KeyNotFound)), "{due:?}");
}

/// A key record and its due date change together; this change must leave the date where it is.
#[test]
fn a_rotating_key_still_rotates_on_its_date() {
    let service = default_service();
    let key = key_of(&service, KeySpec::AliyunAes256, None, true);
    let edited = service.update_key_description(&by_id(&key), "new", &intent()).unwrap();
    assert_eq!(edited.next_rotation(), key.next_rotation());
    service.clock().advance_s(31 * DAY_S);
    service.do_what_is_due(&mut |done| drop(done.unwrap())).unwrap();
    let rotated = service.describe_key(&by_id(&key)).unwrap();
    assert_eq!((rotated.version_count, rotated.description.as_str()), (2, "new"));
}
