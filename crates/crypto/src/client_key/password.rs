//! The password of a client key's file: 8 to 64 characters from at least two of four classes (instance-api 1.9).

use std::fmt;

use claviger_base::random;
use zeroize::Zeroizing;

use crate::error::GenerateFailed;

const SPECIAL: &[u8] = b"~!@#$%^&*?_-";
/// Letters, digits and two special characters: 64 in all, so that six random bits select one uniformly.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
/// 32 characters of 6 bits each.
const GENERATED_LEN: usize = 32;

/// The part of the rule that a password violates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordRule {
    /// 8 to 64 characters.
    Length,
    /// Digits, letters and ``~!@#$%^&*?_-`` only.
    Characters,
    /// Characters of at least two classes: digits, lower case letters, upper case letters, special characters.
    Classes,
}

impl fmt::Display for PasswordRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Length => "the password must have 8 to 64 characters",
            Self::Characters => "the password may hold letters, digits and ~!@#$%^&*?_- only",
            Self::Classes => {
                "the password must hold at least two of: digits, lower case letters, upper case letters, ~!@#$%^&*?_-"
            }
        })
    }
}

impl std::error::Error for PasswordRule {}

/// A valid password: wiped on drop, printed as `[secret]`.
pub struct Password(Zeroizing<String>);

impl Password {
    /// Checks and takes a password.
    ///
    /// # Errors
    /// The part of the [`PasswordRule`] that it violates.
    pub fn new(text: &str) -> Result<Self, PasswordRule> {
        let classes: [fn(&u8) -> bool; 4] =
            [u8::is_ascii_digit, u8::is_ascii_lowercase, u8::is_ascii_uppercase, |byte| SPECIAL.contains(byte)];
        if !(8..=64).contains(&text.chars().count()) {
            return Err(PasswordRule::Length);
        }
        if !text.bytes().all(|byte| classes.iter().any(|class| class(&byte))) {
            return Err(PasswordRule::Characters);
        }
        if classes.iter().filter(|class| text.bytes().any(|byte| class(&byte))).count() < 2 {
            return Err(PasswordRule::Classes);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// The password text.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// Generates a password of 32 characters, 192 random bits.
///
/// # Errors
/// [`GenerateFailed`] if there are no random bytes.
pub fn generate_password() -> Result<Password, GenerateFailed> {
    loop {
        let mut drawn = Zeroizing::new([0; GENERATED_LEN]);
        random::fill(&mut *drawn).map_err(|_refused| GenerateFailed)?;
        let characters = drawn.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 63)));
        let mut text = Zeroizing::new(String::with_capacity(GENERATED_LEN));
        for character in characters {
            text.push(char::from(*character));
        }
        // One password in 10^12 has characters of a single class.
        if let Ok(password) = Password::new(&text) {
            return Ok(password);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_classes_and_the_right_length_are_taken() {
        let (longest, shortest) = ("a1".repeat(32), "aaaaaaa1");
        for text in [shortest, "AAAAAAA-", "12345678?", "abcdEFGH", "~!@#$%^&*?_-a", &longest] {
            assert_eq!(Password::new(text).unwrap().reveal(), text);
        }
    }

    #[test]
    fn everything_else_is_refused_with_the_part_it_broke() {
        let long = "a1".repeat(33);
        let cases = [
            ("", PasswordRule::Length),
            ("aaaaaa1", PasswordRule::Length),
            (&long, PasswordRule::Length),
            ("aaaaaaaa", PasswordRule::Classes),
            ("12345678", PasswordRule::Classes),
            ("~!@#$%^&", PasswordRule::Classes),
            ("abcd 1234", PasswordRule::Characters),
            ("abcd+1234", PasswordRule::Characters),
            ("abcd\u{e9}1234", PasswordRule::Characters),
            ("abcd1234\n", PasswordRule::Characters),
        ];
        for (text, broken) in cases {
            assert_eq!(Password::new(text).unwrap_err(), broken, "{text}");
        }
    }

    #[test]
    fn generated_passwords_keep_the_rule_and_differ() {
        let (one, two) = (generate_password().unwrap(), generate_password().unwrap());
        assert_eq!(one.reveal().len(), 32);
        assert_ne!(one.reveal(), two.reveal());
        assert!(Password::new(one.reveal()).is_ok());
    }
}
