//! Walking the chain: how far it holds and how far it is signed. Shared by the start and the verifier.

use crate::line::{Line, Mark};
use crate::seal::Checker;

/// Why a line does not continue the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Break {
    /// It has not the form of a line.
    Form,
    /// It has, but is not the next line unaltered; the number it claims.
    Link(u64),
    /// It is a checkpoint whose signature is not the log's.
    Signature,
    /// It stands first in its file and is not that file's header.
    Header,
}

/// A position in the log, reached by checking every line before it.
pub(crate) struct Walk<'k> {
    pub(crate) mark: Mark,
    /// The last good checkpoint.
    pub(crate) checkpoint: Mark,
    /// The last line that a good checkpoint signs: the one before it.
    pub(crate) signed: u64,
    checker: &'k Checker,
}

impl<'k> Walk<'k> {
    /// Starts after `mark`, which is trusted.
    pub(crate) fn after(mark: Mark, checker: &'k Checker) -> Self {
        Self { mark, checkpoint: mark, signed: mark.seq, checker }
    }

    /// The same walk begun elsewhere.
    pub(crate) fn restarted_after(&self, mark: Mark) -> Self {
        Self::after(mark, self.checker)
    }

    /// Takes one line. `header_of` is the number in the file's name when the line stands first in its file.
    pub(crate) fn step<'a>(&mut self, bytes: &'a [u8], header_of: Option<u64>) -> Result<Line<'a>, Break> {
        let line = Line::parse(bytes).ok_or(Break::Form)?;
        if !line.follows(&self.mark) {
            return Err(Break::Link(line.seq));
        }
        if header_of.is_some_and(|first_seq| line.kind != "segment" || line.seq != first_seq) {
            return Err(Break::Header);
        }
        if line.kind == "checkpoint" {
            let signature = line.signature().unwrap_or_default();
            if !self.checker.checkpoint_is_good(&self.mark, &signature) {
                return Err(Break::Signature);
            }
            self.checkpoint = line.mark();
            self.signed = self.mark.seq;
        }
        self.mark = line.mark();
        Ok(line)
    }

    /// Whether `bytes` would be the next line if only its number were right.
    pub(crate) fn only_number_is_wrong(&self, bytes: &[u8]) -> bool {
        let Some(comma) = bytes.iter().position(|b| *b == b',') else { return false };
        let Some(rest) = bytes.get(comma..) else { return false };
        let Some(seq) = self.mark.seq.checked_add(1) else { return false };
        let mended = [format!("{{\"seq\":{seq}").as_bytes(), rest].concat();
        Line::parse(&mended).is_some_and(|line| line.follows(&self.mark))
    }
}
