//! The halves of a pair as a library reads them, reduced to their operations, and whether two of them match.

use std::fmt::Display;

const MESSAGE: &[u8] = b"What one half signs, the other one verifies.";

/// The result of reading a half, or why it failed.
pub(crate) type Read<T> = Result<T, String>;

#[derive(Clone, Copy)]
pub(crate) enum Form {
    Der,
    Pem,
}

impl Form {
    pub(crate) const BOTH: [Self; 2] = [Self::Der, Self::Pem];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Der => "der",
            Self::Pem => "pem",
        }
    }
}

/// A signature of a message, or the shared secret of a ciphertext.
type UsePrivate = dyn Fn(&[u8]) -> Read<Vec<u8>>;
/// Whether the signature matches the message.
type Verify = dyn Fn(&[u8], &[u8]) -> bool;
/// A ciphertext and its shared secret.
type Encapsulate = dyn Fn() -> Read<(Vec<u8>, Vec<u8>)>;

/// The operation of a private half.
pub(crate) enum Private {
    Signs(Box<UsePrivate>),
    Decapsulates(Box<UsePrivate>),
}

/// The operation of a public half.
pub(crate) enum Public {
    Verifies(Box<Verify>),
    Encapsulates(Box<Encapsulate>),
}

/// A half, and the function that read it if that is not the one a user would try first.
pub(crate) struct Readable<T> {
    pub(crate) half: T,
    pub(crate) how: &'static str,
}

impl<T> From<T> for Readable<T> {
    fn from(half: T) -> Self {
        Self { half, how: "" }
    }
}

/// A library and its readers.
pub(crate) struct Library {
    pub(crate) name: &'static str,
    /// The package that reads a spec.
    pub(crate) package: fn(&str) -> &'static str,
    pub(crate) private: fn(&str, Form, &[u8]) -> Read<Readable<Private>>,
    pub(crate) public: fn(&str, Form, &[u8]) -> Read<Public>,
    /// The public key taken from its SPKI (DER), to test a private half if the library reads no SPKI.
    pub(crate) bare_public: fn(&str, &[u8]) -> Read<Public>,
}

/// # Errors
/// The halves do not match.
pub(crate) fn work_together(private: &Private, public: &Public) -> Read<()> {
    match (private, public) {
        (Private::Signs(sign), Public::Verifies(verify)) => {
            let signature = sign(MESSAGE)?;
            if !verify(MESSAGE, &signature) {
                return Err("the public half does not verify what the private one signed".to_owned());
            }
            if verify(b"another message", &signature) {
                return Err("the public half verifies another message".to_owned());
            }
            Ok(())
        }
        (Private::Decapsulates(decapsulate), Public::Encapsulates(encapsulate)) => {
            let (ciphertext, sent) = encapsulate()?;
            if decapsulate(&ciphertext)? == sent { Ok(()) } else { Err("the shared secrets differ".to_owned()) }
        }
        _ => Err("one half signs, the other one encapsulates".to_owned()),
    }
}

pub(crate) fn error_text(error: impl Display) -> String {
    error.to_string()
}

/// For a spec whose algorithm a library does not have.
pub(crate) fn unknown<T>() -> Read<T> {
    Err("no such algorithm in this library".to_owned())
}
