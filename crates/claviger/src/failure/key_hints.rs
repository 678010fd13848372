//! Hints about the key that a command was given. They contain its name, so that they can be typed as shown.

use claviger_client::ClientError;

use super::Failure;
use crate::cli::DEFAULT_KEY;
use crate::escape;

impl Failure {
    /// Why a call for this key failed.
    pub(crate) fn for_key(error: ClientError, key: &str) -> Self {
        match hint(&error, key, false) {
            Some(hint) => Self::Refused { error, hint },
            None => error.into(),
        }
    }

    /// Like [`Failure::for_key`], for commands whose `--key-id` may be omitted.
    pub(crate) fn for_key_or_default(error: ClientError, key: &str) -> Self {
        match hint(&error, key, key == DEFAULT_KEY) {
            Some(hint) => Self::Refused { error, hint },
            None => error.into(),
        }
    }
}

fn hint(error: &ClientError, key: &str, is_default: bool) -> Option<String> {
    let ClientError::Api { code, .. } = error else { return None };
    let key = escape::one_line(key);
    match code.as_str() {
        "Forbidden.KeyNotFound" | "Forbidden.AliasNotFound" => {
            let asked = if is_default { " (the default); give --key-id" } else { "" };
            Some(format!(
                "there is no key '{key}'{asked}; `claviger key list` and `claviger alias list` show what there is"
            ))
        }
        "Rejected.Disabled" => Some(format!("`claviger key enable {key}`")),
        "Rejected.PendingDeletion" => {
            Some(format!("`claviger key cancel-deletion {key}` keeps the key and enables it again"))
        }
        "Rejected.StateModifiedFailed" => Some(format!(
            "`claviger key describe {key}` shows its state; `claviger key cancel-deletion {key}` keeps a key whose deletion is planned"
        )),
        _ => None,
    }
}
