//! Random bytes, always taken from the operating system when they are used.

use std::fmt;

/// The operating system's generator returned no bytes. Without them, no secret can be generated safely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RandomUnavailable;

impl fmt::Display for RandomUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the operating system's random number generator gave no bytes")
    }
}

impl std::error::Error for RandomUnavailable {}

/// Fills `out` from the operating system's generator (`getrandom(2)`).
///
/// # Errors
/// [`RandomUnavailable`] if the system refuses.
pub fn fill(out: &mut [u8]) -> Result<(), RandomUnavailable> {
    getrandom::fill(out).map_err(|_refused| RandomUnavailable)
}

/// `N` random bytes that are not secret (ids, initialization vectors). For secrets use [`crate::SecretBytes::random`].
///
/// # Errors
/// [`RandomUnavailable`] if the system refuses.
pub fn bytes<const N: usize>() -> Result<[u8; N], RandomUnavailable> {
    let mut out = [0; N];
    fill(&mut out)?;
    Ok(out)
}

/// `len` characters drawn uniformly from `0-9a-z`.
///
/// # Errors
/// [`RandomUnavailable`] if the system refuses.
pub fn base36(len: usize) -> Result<String, RandomUnavailable> {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    // 252 = 7 * 36: bytes from 252 on would favour the first digits.
    const EVEN: u8 = 252;
    let mut out = String::with_capacity(len);
    while out.len() < len {
        let draw: [u8; 32] = bytes()?;
        let digits = draw.iter().filter(|byte| **byte < EVEN).filter_map(|byte| DIGITS.get(usize::from(byte % 36)));
        for digit in digits.take(len - out.len()) {
            out.push(char::from(*digit));
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base36_has_the_length_and_uses_every_digit() {
        let text = base36(4000).unwrap();
        assert_eq!(text.len(), 4000);
        let mut seen: Vec<char> = text.chars().collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 36);
        assert!(seen.iter().all(|c| c.is_ascii_digit() || c.is_ascii_lowercase()));
    }

    #[test]
    fn two_draws_differ() {
        assert_ne!(bytes::<16>().unwrap(), bytes::<16>().unwrap());
    }
}
