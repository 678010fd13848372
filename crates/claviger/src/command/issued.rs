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

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Issued = Issued { noun: "client key", taken_back: "revoked", list: "list", take_back: "revoke" };

    #[derive(Debug, PartialEq, Eq)]
    enum Told {
        /// The failure as it is: nothing was issued.
        Itself,
        /// How to make room.
        Room,
        /// There may be one that nobody holds, and where to look.
        MayExist,
    }

    fn told(failure: Failure) -> Told {
        match KEY.not_answered(failure) {
            Failure::Refused { hint, .. } if hint.contains("`revoke ID`") => Told::Room,
            Failure::NotKept { told, hint: Some(hint), .. } => {
                assert!(told.contains("may have issued one client key") && hint.contains("`list`"), "{told} {hint}");
                Told::MayExist
            }
            Failure::Client(_) | Failure::Argument(_) => Told::Itself,
            other => panic!("{other}"),
        }
    }

    fn api(status: u16, code: &str) -> ClientError {
        ClientError::Api { status, code: code.to_owned(), message: "m".to_owned(), request_id: "r".to_owned() }
    }

    /// No wildcard: a new kind of failure says here what it means for what was asked for.
    fn expected(error: &ClientError) -> Told {
        match error {
            ClientError::Api { status: 500.., .. } => Told::MayExist,
            ClientError::Api { .. } => Told::Itself,
            ClientError::Refused { .. } | ClientError::Untrusted { .. } => Told::Itself,
            ClientError::Connect { .. } | ClientError::TimedOut { .. } => Told::MayExist,
            ClientError::Probe { .. } | ClientError::ProbeNotHttp { .. } => Told::MayExist,
            ClientError::UnexpectedAnswer { .. } => Told::MayExist,
            ClientError::File { .. } | ClientError::Endpoint(_) => Told::Itself,
            ClientError::EndpointUser | ClientError::Signing => Told::Itself,
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
            assert_eq!(told(Failure::Client(error)), expected, "{what}");
        }
        assert_eq!(told(Failure::Client(api(400, "Rejected.LimitExceeded"))), Told::Room);
        assert_eq!(told(Failure::Client(api(400, "LimitExceeded.AccessKey"))), Told::Room);
        assert_eq!(told(Failure::Interrupted), Told::MayExist);
        assert_eq!(told(Failure::Argument("a".to_owned())), Told::Itself);
    }

    /// As a server answers whose audit log takes no record: the key exists.
    #[test]
    fn what_is_said_after_503_names_the_failure_and_both_commands() {
        let failure = KEY.not_answered(Failure::Client(api(503, "ServiceUnavailableTemporary")));
        let text = failure.to_string();
        for word in ["ServiceUnavailableTemporary", "may have issued one client key", "`list`", "`revoke ID`"] {
            assert!(text.contains(word), "{word} in: {text}");
        }
    }
}
