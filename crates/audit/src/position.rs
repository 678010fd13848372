//! Positions in the log: which line, and the chain hash that proves what precedes it.

use std::fmt;
use std::str::FromStr;

use crate::encoding::{decimal, hash_from_hex};

/// A position in the log: a line's number and its chain hash. A copy kept elsewhere proves later that the log still
/// contains the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogPosition {
    /// The line's number; 0 before the first line.
    pub seq: u64,
    /// The line's chain hash; zeros before the first line.
    pub chain: [u8; 32],
}

impl LogPosition {
    /// The position before the first line.
    pub const START: Self = Self { seq: 0, chain: [0; 32] };
}

/// The end of the log: the line at `position` ends at byte `offset` of the segment that starts with line `segment`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) position: LogPosition,
    pub(crate) segment: u64,
    pub(crate) offset: u64,
}

/// `<seq>:<64 hexadecimal digits>`, the form that `claviger audit verify --expect-head` takes.
impl fmt::Display for LogPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, hex::encode(self.chain))
    }
}

/// The text is not `<seq>:<64 hexadecimal digits>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidPosition;

impl fmt::Display for InvalidPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a line number, a colon and 64 hexadecimal digits")
    }
}

impl std::error::Error for InvalidPosition {}

impl FromStr for LogPosition {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        let (seq, chain) = text.split_once(':').ok_or(InvalidPosition)?;
        Ok(Self { seq: decimal(seq).ok_or(InvalidPosition)?, chain: hash_from_hex(chain).ok_or(InvalidPosition)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_round_trip_as_text() {
        let position = LogPosition { seq: 7, chain: [0xab; 32] };
        assert_eq!(position.to_string().parse(), Ok(position));
        for bad in ["", "7", "7:", "7:ab", "x:00", &position.to_string().to_uppercase(), &format!("0{position}")] {
            assert_eq!(bad.parse::<LogPosition>(), Err(InvalidPosition), "{bad}");
        }
    }
}
