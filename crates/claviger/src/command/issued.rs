//! A credential that was issued and could not be kept: it is taken back, and the failure says what became of it.

use claviger_client::ClientError;

use crate::failure::Failure;

/// What kind of credential, and the commands that concern it.
pub(super) struct Issued {
    /// `client key`.
    pub(super) noun: &'static str,
    /// `revoked`.
    pub(super) taken_back: &'static str,
    /// The command that shows all of them.
    pub(super) list: &'static str,
    /// The command that takes one back, without its id.
    pub(super) take_back: &'static str,
}

impl Issued {
    /// Why a credential of this id was not kept; `taken_back` is how it went to take it back.
    pub(super) fn not_kept(&self, id: &str, cause: Failure, taken_back: Result<(), Failure>) -> Failure {
        let Self { noun, taken_back: verb, take_back, .. } = self;
        let (told, hint) = match taken_back {
            Ok(()) => (format!("the {noun} {id}, which was issued and nobody holds, was {verb} again"), None),
            Err(why) => {
                let why = why.to_string();
                let why = why.lines().next().unwrap_or_default();
                let told = format!("the {noun} {id} was issued, nobody holds it, and it could not be {verb} ({why})");
                (told, Some(format!("`{take_back} {id}`")))
            }
        };
        Failure::NotKept { cause: Box::new(cause), told, hint }
    }

    /// Why the call that issues one did not answer with one. After some failures there may be one all the same.
    pub(super) fn not_answered(&self, failure: Failure) -> Failure {
        let Self { noun, list, take_back, .. } = self;
        let commands = format!("`{list}` shows what there is, `{take_back} ID` ends one");
        match failure {
            Failure::Client(error) if is_limit(&error) => Failure::Refused { error, hint: commands },
            Failure::Client(ClientError::Refused { .. } | ClientError::Untrusted { .. }) => failure,
            Failure::Client(ref error) if is_refusal(error) => failure,
            Failure::Client(_) | Failure::Interrupted => Failure::NotKept {
                cause: Box::new(failure),
                told: format!("the server may have issued one {noun} that nobody holds"),
                hint: Some(commands),
            },
            other => other,
        }
    }
}

/// Whether the server said no. Above 500 it says that something failed, perhaps after the credential was issued.
fn is_refusal(error: &ClientError) -> bool {
    match error {
        ClientError::Api { status, .. } => *status < 500,
        other => !other.is_no_answer(),
    }
}

/// As many exist as are allowed.
fn is_limit(error: &ClientError) -> bool {
    matches!(error, ClientError::Api { code, .. } if code.starts_with("Rejected.LimitExceeded") || code.starts_with("LimitExceeded."))
}
