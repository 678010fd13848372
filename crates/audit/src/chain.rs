//! Follows the hash chain: how far it is intact, and how far it is signed. Opening a log and the verifier both use it.

use crate::line::Line;
use crate::position::LogPosition;
use crate::signing::SignatureVerifier;

/// Why a line does not continue the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChainBreak {
    /// It does not have the form of a line.
    Malformed,
    /// It has the form of a line, but another line was expected, or it was altered. The value is its number.
    NotNext(u64),
    /// It is a checkpoint that the log's key did not sign.
    BadSignature,
    /// It is the first line of its file, but not that file's header.
    NoHeader,
}

/// A position in the log, reached by checking every line before it.
pub(crate) struct ChainCheck<'k> {
    pub(crate) position: LogPosition,
    /// The last valid checkpoint.
    pub(crate) checkpoint: LogPosition,
    /// The last line that a valid checkpoint signs: the line before that checkpoint.
    pub(crate) signed: u64,
    verifier: &'k SignatureVerifier,
}

impl<'k> ChainCheck<'k> {
    /// Starts after `position`, which the caller trusts.
    pub(crate) fn after(position: LogPosition, verifier: &'k SignatureVerifier) -> Self {
        Self { position, checkpoint: position, signed: position.seq, verifier }
    }

    /// A new check with the same key that starts elsewhere.
    pub(crate) fn restarted_after(&self, position: LogPosition) -> Self {
        Self::after(position, self.verifier)
    }

    /// Checks the next line. `header_of` is the number in the file's name if this is the first line of its file.
    pub(crate) fn accept<'a>(&mut self, bytes: &'a [u8], header_of: Option<u64>) -> Result<Line<'a>, ChainBreak> {
        let line = Line::parse(bytes).ok_or(ChainBreak::Malformed)?;
        if !line.follows(&self.position) {
            return Err(ChainBreak::NotNext(line.seq));
        }
        if header_of.is_some_and(|first_seq| line.kind != "segment" || line.seq != first_seq) {
            return Err(ChainBreak::NoHeader);
        }
        if line.kind == "checkpoint" {
            let signature = line.signature().unwrap_or_default();
            if !self.verifier.verifies_checkpoint(&self.position, &signature) {
                return Err(ChainBreak::BadSignature);
            }
            self.checkpoint = line.position();
            self.signed = self.position.seq;
        }
        self.position = line.position();
        Ok(line)
    }

    /// Whether `bytes` would be the next line if only its number were right.
    pub(crate) fn only_number_is_wrong(&self, bytes: &[u8]) -> bool {
        let Some(comma) = bytes.iter().position(|b| *b == b',') else { return false };
        let Some(rest) = bytes.get(comma..) else { return false };
        let Some(seq) = self.position.seq.checked_add(1) else { return false };
        let renumbered = [format!("{{\"seq\":{seq}").as_bytes(), rest].concat();
        Line::parse(&renumbered).is_some_and(|line| line.follows(&self.position))
    }
}
