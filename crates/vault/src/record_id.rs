//! The form of ids in paths. Paths are stored in the clear, and each record is bound to its path.

use claviger_base::Timestamp;
use claviger_base::id::{AccessKeyId, AliasName, ClientKeyId, KeyId, KeyVersionId, RequestId, RuleName};

/// An id that distinguishes a record from others of its kind.
pub trait RecordId: Sized {
    /// The id as the end of a path.
    fn to_path(&self) -> String;

    /// Parses the end of a path.
    fn from_path(text: &str) -> Option<Self>;
}

macro_rules! in_text_form {
    ($($id:ty),+) => {
        $(impl RecordId for $id {
            fn to_path(&self) -> String {
                self.to_string()
            }

            fn from_path(text: &str) -> Option<Self> {
                Self::parse(text)
            }
        })+
    };
}

in_text_form!(AccessKeyId, AliasName, ClientKeyId, KeyId, KeyVersionId, RequestId, RuleName);

/// For kinds with a single record.
impl RecordId for () {
    fn to_path(&self) -> String {
        String::new()
    }

    fn from_path(text: &str) -> Option<Self> {
        text.is_empty().then_some(())
    }
}

/// Sorts by number.
impl RecordId for u32 {
    fn to_path(&self) -> String {
        format!("{self:010}")
    }

    fn from_path(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// Sorts by time: milliseconds since 1970. Earlier times count as 1970.
impl RecordId for Timestamp {
    fn to_path(&self) -> String {
        format!("{:016x}", u64::try_from(self.unix_ms()).unwrap_or(0))
    }

    fn from_path(text: &str) -> Option<Self> {
        i64::from_str_radix(text, 16).ok().map(Self::from_unix_ms)
    }
}

/// Sorts by the first, then by the second. The first must not contain `/`.
impl<First: RecordId, Second: RecordId> RecordId for (First, Second) {
    fn to_path(&self) -> String {
        format!("{}/{}", self.0.to_path(), self.1.to_path())
    }

    fn from_path(text: &str) -> Option<Self> {
        let (first, second) = text.split_once('/')?;
        Some((First::from_path(first)?, Second::from_path(second)?))
    }
}
