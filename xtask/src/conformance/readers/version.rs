//! Comparison of version numbers.

/// The numeric parts of a version: `3.5.0-beta1` gives 3, 5, 0.
pub(super) fn numbers(version: &str) -> Vec<u64> {
    let mut numbers = Vec::new();
    for part in version.split('.') {
        let digits = part.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(part.len());
        let Some(number) = part.get(..digits).and_then(|digits| digits.parse().ok()) else { break };
        numbers.push(number);
        if digits < part.len() {
            break;
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_their_numbers() {
        for (older, newer) in [("3.5", "3.5.5"), ("3.9", "3.10"), ("17.0.15", "24"), ("", "1")] {
            assert!(numbers(older) < numbers(newer), "{older} {newer}");
        }
        assert_eq!(numbers("3.5.0-beta1"), [3, 5, 0]);
        assert_eq!(numbers("1.27rc1"), [1, 27]);
    }
}
