//! The halves of a pair as a library read them, reduced to what they do, and whether two of them belong together.

use std::fmt::Display;

const MESSAGE: &[u8] = b"What one half signs, the other one verifies.";

/// What was read, or why it could not be.
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
/// Whether the message has that signature.
type Verify = dyn Fn(&[u8], &[u8]) -> bool;
/// A ciphertext and its shared secret.
type Encapsulate = dyn Fn() -> Read<(Vec<u8>, Vec<u8>)>;

/// What a private half does.
pub(crate) enum Private {
    Signs(Box<UsePrivate>),
    Decapsulates(Box<UsePrivate>),
}

/// What a public half does.
pub(crate) enum Public {
    Verifies(Box<Verify>),
    Encapsulates(Box<Encapsulate>),
}

/// A half, and the function that read it where it is not the one that a reader would try first.
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
    /// The public key cut out of its SPKI (DER), by which a private half is judged if the library reads no SPKI.
    pub(crate) bare_public: fn(&str, &[u8]) -> Read<Public>,
}

/// # Errors
/// One half does not do what the other undoes.
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

pub(crate) fn told(error: impl Display) -> String {
    error.to_string()
}

/// For a spec that a library has no algorithm for.
pub(crate) fn unknown<T>() -> Read<T> {
    Err("no such algorithm in this library".to_owned())
}
