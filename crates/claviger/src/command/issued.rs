//! Undoes a credential that was issued but could not be kept, and reports the outcome.

use claviger_client::ClientError;

use crate::failure::Failure;

/// A kind of credential, and the commands for it.
pub(super) struct CredentialKind {
    /// `client key`.
    pub(super) noun: &'static str,
    /// `revoked`.
    pub(super) taken_back: &'static str,
    /// The command that lists all of them.
    pub(super) list: &'static str,
    /// The command that revokes or deletes one, without the id.
    pub(super) take_back: &'static str,
}

impl CredentialKind {
    /// Why the credential `id` was not kept; `taken_back` is the result of undoing it.
    pub(super) fn undone(&self, id: &str, cause: Failure, taken_back: Result<(), Failure>) -> Failure {
        let Self { noun, taken_back: verb, take_back, .. } = self;
        let (outcome, hint) = match taken_back {
            Ok(()) => (format!("the {noun} {id}, which was issued but could not be kept, was {verb} again"), None),
            Err(why) => {
                let why = why.to_string();
                let why = why.lines().next().unwrap_or_default();
                let outcome = format!(
                    "the {noun} {id} was issued but could not be kept, and it could not be {verb} either ({why})"
                );
                (outcome, Some(format!("`{take_back} {id}`")))
            }
        };
        Failure::CredentialLost { cause: Box::new(cause), outcome, hint }
    }

    /// Why the call that issues a credential did not return one. After some failures one may exist nevertheless.
    pub(super) fn unanswered(&self, failure: Failure) -> Failure {
        let Self { noun, list, take_back, .. } = self;
        let commands = format!("`{list}` lists them, `{take_back} ID` ends one");
        match failure {
            Failure::Client(error) if is_limit(&error) => Failure::Refused { error, hint: commands },
            Failure::Client(ClientError::Refused { .. } | ClientError::Untrusted { .. }) => failure,
            Failure::Client(ref error) if is_refusal(error) => failure,
            Failure::Client(_) | Failure::Interrupted => Failure::CredentialLost {
                cause: Box::new(failure),
                outcome: format!("the server may have issued one {noun} that was not received"),
                hint: Some(commands),
            },
            other => other,
        }
    }
}

/// Whether the server refused. A status of 500 or more means that something failed, perhaps after the credential was
/// issued.
fn is_refusal(error: &ClientError) -> bool {
    match error {
        ClientError::Api { status, .. } => *status < 500,
        other => !other.is_no_answer(),
    }
}

/// Whether the limit of such credentials is reached.
fn is_limit(error: &ClientError) -> bool {
    matches!(error, ClientError::Api { code, .. } if code.starts_with("Rejected.LimitExceeded") || code.starts_with("LimitExceeded."))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: CredentialKind =
        CredentialKind { noun: "client key", taken_back: "revoked", list: "list", take_back: "revoke" };

    #[derive(Debug, PartialEq, Eq)]
    enum Outcome {
        /// The failure itself: nothing was issued.
        Itself,
        /// The limit is reached: how to free a place.
        Room,
        /// A lost credential may exist, and where to look for it.
        MayExist,
    }

    fn outcome(failure: Failure) -> Outcome {
        match KEY.unanswered(failure) {
            Failure::Refused { hint, .. } if hint.contains("`revoke ID`") => Outcome::Room,
            Failure::CredentialLost { outcome, hint: Some(hint), .. } => {
                assert!(
                    outcome.contains("may have issued one client key") && hint.contains("`list`"),
                    "{outcome} {hint}"
                );
                Outcome::MayExist
            }
            Failure::Client(_) | Failure::Argument(_) => Outcome::Itself,
            other => panic!("{other}"),
        }
    }

    fn api(status: u16, code: &str) -> ClientError {
        ClientError::Api { status, code: code.to_owned(), message: "m".to_owned(), request_id: "r".to_owned() }
    }

    /// Without a wildcard: every new kind of failure must be decided here.
    fn expected(error: &ClientError) -> Outcome {
        match error {
            ClientError::Api { status: 500.., .. } => Outcome::MayExist,
            ClientError::Api { .. } => Outcome::Itself,
            ClientError::Refused { .. } | ClientError::Untrusted { .. } => Outcome::Itself,
            ClientError::Connect { .. } | ClientError::TimedOut { .. } => Outcome::MayExist,
            ClientError::Probe { .. } | ClientError::ProbeNotHttp { .. } => Outcome::MayExist,
            ClientError::UnexpectedAnswer { .. } => Outcome::MayExist,
            ClientError::File { .. } | ClientError::Endpoint(_) => Outcome::Itself,
            ClientError::EndpointUser | ClientError::Signing => Outcome::Itself,
        }
    }

    #[test]
    fn after_every_answer_but_a_refusal_there_may_be_one() {
        let [at, why] = ["https://h:1", "w"].map(str::to_owned);
        let mut errors = vec![
            ClientError::Connect { endpoint: at.clone(), reason: why.clone() },
            ClientError::Refused { endpoint: at.clone() },
            ClientError::Untrusted { endpoint: at.clone(), ca_file: None, reason: why.clone() },
            ClientError::TimedOut { endpoint: at.clone(), seconds: 1 },
            ClientError::ProbeNotHttp { admin: at.clone() },
            ClientError::Probe { admin: at.clone(), reason: why.clone() },
            ClientError::File { path: "f".into(), reason: why },
            ClientError::Endpoint(at),
            ClientError::EndpointUser,
            ClientError::Signing,
        ];
        errors.extend([200, 404, 502, 503].map(|status| ClientError::UnexpectedAnswer { status }));
        errors.extend([400, 403, 404, 409, 413, 429, 431].map(|status| api(status, "Rejected.Throttling")));
        errors.extend([500, 503].map(|status| api(status, "ServiceUnavailableTemporary")));
        for error in errors {
            let (expected, what) = (expected(&error), error.to_string());
            assert_eq!(outcome(Failure::Client(error)), expected, "{what}");
        }
        assert_eq!(outcome(Failure::Client(api(400, "Rejected.LimitExceeded"))), Outcome::Room);
        assert_eq!(outcome(Failure::Client(api(400, "LimitExceeded.AccessKey"))), Outcome::Room);
        assert_eq!(outcome(Failure::Interrupted), Outcome::MayExist);
        assert_eq!(outcome(Failure::Argument("a".to_owned())), Outcome::Itself);
    }

    /// The answer of a server whose audit log accepts no record: the key exists.
    #[test]
    fn what_is_said_after_503_names_the_failure_and_both_commands() {
        let failure = KEY.unanswered(Failure::Client(api(503, "ServiceUnavailableTemporary")));
        let text = failure.to_string();
        for word in ["ServiceUnavailableTemporary", "may have issued one client key", "`list`", "`revoke ID`"] {
            assert!(text.contains(word), "{word} in: {text}");
        }
    }
}
