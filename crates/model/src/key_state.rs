//! The key state machine (rpc-api 6).

/// The state of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Usable.
    Enabled,
    /// Not usable until it is enabled again.
    Disabled,
    /// To be destroyed at its deletion date unless the deletion is cancelled.
    PendingDeletion,
    /// Waiting for imported key material.
    PendingImport,
}

impl KeyState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Enabled, Self::Disabled, Self::PendingDeletion, Self::PendingImport];

    /// Its name in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
            Self::PendingDeletion => "PendingDeletion",
            Self::PendingImport => "PendingImport",
        }
    }

    /// The state with exactly that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// An action on a key, or a group of actions with the same rules about its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAction {
    /// Any cryptographic operation.
    Use,
    /// `DescribeKey`, `ListKeyVersions` and every other read.
    Read,
    /// `EnableKey` and `DisableKey`.
    EnableOrDisable,
    /// `ScheduleKeyDeletion`.
    ScheduleDeletion,
    /// `CancelKeyDeletion`.
    CancelDeletion,
    /// `UpdateKeyDescription`.
    UpdateDescription,
    /// `CreateAlias`.
    CreateAlias,
    /// `DeleteAlias`.
    DeleteAlias,
    /// `CreateKeyVersion`, `UpdateRotationPolicy` and automatic rotation.
    Rotate,
}

impl KeyAction {
    /// Every action.
    pub const ALL: [Self; 9] = [
        Self::Use,
        Self::Read,
        Self::EnableOrDisable,
        Self::ScheduleDeletion,
        Self::CancelDeletion,
        Self::UpdateDescription,
        Self::CreateAlias,
        Self::DeleteAlias,
        Self::Rotate,
    ];
}

/// Why a key's state forbids an action. Both refusals are HTTP 409.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateRefusal {
    /// `Rejected.<State>`: the key cannot be used in this state.
    Rejected(KeyState),
    /// `Rejected.StateModifiedFailed`: no transition leads from this state to the requested one.
    StateModifiedFailed,
}

impl KeyState {
    /// Whether a key in this state allows `action`.
    ///
    /// # Errors
    /// The refusal of rpc-api 6.
    pub const fn allows(self, action: KeyAction) -> Result<(), StateRefusal> {
        match (action, self) {
            (KeyAction::Read | KeyAction::DeleteAlias, _)
            | (KeyAction::Use | KeyAction::Rotate, Self::Enabled)
            | (KeyAction::EnableOrDisable, Self::Enabled | Self::Disabled)
            | (
                KeyAction::ScheduleDeletion | KeyAction::UpdateDescription | KeyAction::CreateAlias,
                Self::Enabled | Self::Disabled | Self::PendingImport,
            )
            | (KeyAction::CancelDeletion, Self::PendingDeletion) => Ok(()),
            (KeyAction::Use | KeyAction::Rotate, state)
            | (KeyAction::UpdateDescription, state @ Self::PendingDeletion) => Err(StateRefusal::Rejected(state)),
            (KeyAction::EnableOrDisable, Self::PendingDeletion | Self::PendingImport)
            | (KeyAction::ScheduleDeletion | KeyAction::CreateAlias, Self::PendingDeletion)
            | (KeyAction::CancelDeletion, Self::Enabled | Self::Disabled | Self::PendingImport) => {
                Err(StateRefusal::StateModifiedFailed)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of rpc-api 6, one row per action, one column per state:
    /// `+` allowed, `r` Rejected.<State>, `m` StateModifiedFailed.
    const TABLE: [(KeyAction, &str); 9] = [
        (KeyAction::Use, "+rrr"),
        (KeyAction::Read, "++++"),
        (KeyAction::EnableOrDisable, "++mm"),
        (KeyAction::ScheduleDeletion, "++m+"),
        (KeyAction::CancelDeletion, "mm+m"),
        (KeyAction::UpdateDescription, "++r+"),
        (KeyAction::CreateAlias, "++m+"),
        (KeyAction::DeleteAlias, "++++"),
        (KeyAction::Rotate, "+rrr"),
    ];

    #[test]
    fn every_cell_of_the_table_holds() {
        assert_eq!(TABLE.map(|(action, _)| action), KeyAction::ALL);
        for (action, row) in TABLE {
            for (state, cell) in KeyState::ALL.into_iter().zip(row.chars()) {
                let expected = match cell {
                    '+' => Ok(()),
                    'r' => Err(StateRefusal::Rejected(state)),
                    _ => Err(StateRefusal::StateModifiedFailed),
                };
                assert_eq!(state.allows(action), expected, "{action:?} of a key that is {}", state.name());
            }
        }
    }

    #[test]
    fn names_parse_back_and_nothing_else_does() {
        for state in KeyState::ALL {
            assert_eq!(KeyState::parse(state.name()), Some(state));
            assert_eq!(KeyState::parse(&state.name().to_lowercase()), None);
        }
    }
}
