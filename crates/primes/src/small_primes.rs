//! Small primes, and trial division by them in portable code.
//!
//! The division works like that in `kernel::divide`, but with words of 64 bits and without a carry.

use crate::words::{inverse_of_odd, remainder_65537};

/// The odd primes up to `bound`.
pub(crate) fn odd_primes(bound: u32) -> Vec<u64> {
    let size = bound as usize / 2 + 1;
    let mut composite = vec![false; size]; // index i stands for 2 i + 1
    let mut primes = Vec::new();
    for index in 1..size {
        let number = 2 * index + 1;
        if composite.get(index).copied().unwrap_or(true) || number > bound as usize {
            continue;
        }
        primes.push(number as u64);
        composite.iter_mut().skip(2 * index * (index + 1)).step_by(number).for_each(|mark| *mark = true);
    }
    primes
}

/// The odd primes up to `bound` in order, in groups whose products stay below `product_max`.
pub(crate) fn groups(bound: u32, product_max: u64) -> Vec<Vec<u64>> {
    let mut groups: Vec<Vec<u64>> = Vec::new();
    let mut product = u64::MAX;
    for prime in odd_primes(bound) {
        match (product.checked_mul(prime).filter(|longer| *longer < product_max), groups.last_mut()) {
            (Some(longer), Some(group)) => {
                product = longer;
                group.push(prime);
            }
            _ => {
                product = prime;
                groups.push(vec![prime]);
            }
        }
    }
    groups
}

struct Group {
    product: u64,
    /// Inverse of the product modulo 2^64.
    inverse: u64,
    /// For each prime p of the group, p^-1 mod 2^64 and (2^64 - 1) / p.
    divisors: Vec<(u64, u64)>,
}

/// The odd primes up to a bound, ready to divide by.
pub(crate) struct Divider {
    groups: Vec<Group>,
}

/// Groups processed in parallel, so that each hides the latency of the others.
const PARALLEL: usize = 8;

impl Divider {
    pub(crate) fn new(bound: u32) -> Self {
        let group = |primes: Vec<u64>| {
            let product = primes.iter().product();
            let divisors = primes.iter().map(|prime| (inverse_of_odd(*prime), u64::MAX / prime)).collect();
            Group { product, inverse: inverse_of_odd(product), divisors }
        };
        Self { groups: groups(bound, u64::MAX).into_iter().map(group).collect() }
    }

    /// Whether no odd prime up to the bound divides the number of the little-endian `words`.
    pub(crate) fn survives(&self, words: &[u64]) -> bool {
        let (full, last) = self.groups.as_chunks::<PARALLEL>();
        full.iter().all(|groups| none_divides(groups, words))
            && last.iter().all(|group| none_divides(std::array::from_ref(group), words))
    }
}

/// Hensel's remainder: with the quotient digit q = (word - c) m^-1 mod 2^64, the difference word - c - q m is a multiple of
/// 2^64. Its negated quotient by 2^64 is the next c, at most m. After the last word, c is -+X / 2^(64 len) mod m for the
/// number X.
fn none_divides<const K: usize>(groups: &[Group; K], words: &[u64]) -> bool {
    let mut remainders = [0_u64; K];
    for word in words {
        for (remainder, group) in remainders.iter_mut().zip(groups) {
            let (difference, is_borrowed) = word.overflowing_sub(*remainder);
            let digit = difference.wrapping_mul(group.inverse);
            let high = ((u128::from(digit) * u128::from(group.product)) >> 64) as u64;
            *remainder = high + u64::from(is_borrowed);
        }
    }
    remainders.iter().zip(groups).all(|(remainder, group)| {
        group.divisors.iter().all(|(inverse, limit)| remainder.wrapping_mul(*inverse) > *limit)
    })
}

/// Whether gcd(p - 1, 65537) = 1, that is, whether p mod 65537 is not 1. Takes constant time.
pub(crate) fn suits_exponent(words: &[u64]) -> bool {
    remainder_65537(words) != 1
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;
    use proptest::prelude::*;

    use super::*;
    use crate::division::Division;
    use crate::plain::{number, words};

    #[test]
    fn the_primes_are_the_primes() {
        assert_eq!(odd_primes(31), [3, 5, 7, 11, 13, 17, 19, 23, 29, 31]);
        assert_eq!(odd_primes(30).last(), Some(&29));
        assert!(odd_primes(2).is_empty());
        // There are 6542 primes below 2^16, one of them even.
        assert_eq!(odd_primes(1 << 16).len(), 6541);
    }

    #[test]
    fn groups_hold_every_prime_once_and_stay_below_their_limit() {
        for limit in [1 << 51, 1 << 63] {
            let groups = groups(1 << 17, limit);
            assert_eq!(groups.concat(), odd_primes(1 << 17));
            assert!(
                groups
                    .iter()
                    .all(|group| group.iter().map(|prime| u128::from(*prime)).product::<u128>() < u128::from(limit))
            );
        }
    }

    /// Every implementation of division that this machine can run.
    fn divisions(bits: usize) -> Vec<Division> {
        let mut divisions = vec![Division::portable(bits)];
        #[cfg(target_arch = "x86_64")]
        divisions.extend(crate::kernel::Ifma::detect().map(|cpu| Division::ifma(cpu, bits)));
        divisions
    }

    fn check(words: &[u64], bits: usize) {
        let value = number(words);
        let expected = odd_primes(1 << bits).iter().all(|prime| &value % *prime != BigUint::ZERO);
        for division in divisions(bits) {
            assert_eq!(division.survives(words), expected, "{value} by primes up to 2^{bits}");
        }
    }

    proptest! {
        #[test]
        fn every_division_agrees_with_a_plain_one(low in any::<[u64; 32]>(), len in 1_usize..=32, bits in 2_usize..=12) {
            check(&low[..len], bits);
        }

        #[test]
        fn the_exponent_suits_unless_it_divides(word in any::<[u64; 16]>()) {
            prop_assert_eq!(BigUint::from(remainder_65537(&word)), number(&word) % 65537_u32);
        }
    }

    #[test]
    fn each_single_divisor_is_found() {
        // A number without small divisors: 2^1023 plus a small offset, found by trial.
        let start = BigUint::from(1_u8) << 1023_u32;
        let primes = odd_primes(1 << 16);
        let offset = (1_u32..).step_by(2).find(|offset| {
            let value: BigUint = &start + *offset;
            primes.iter().all(|prime| &value % *prime != BigUint::ZERO)
        });
        let clean = &start + offset.unwrap();
        for division in divisions(16) {
            assert!(division.survives(&words(&clean, 16)));
            for prime in &primes {
                assert!(!division.survives(&words(&(&clean * *prime), 17)), "{prime}");
            }
        }
    }

    #[test]
    fn all_ones_and_the_primes_themselves() {
        for len in [1, 16, 24, 32] {
            check(&vec![u64::MAX; len], 12);
        }
        for prime in [3, 4093, 4099] {
            let mut words = vec![0; 16];
            words[0] = prime;
            check(&words, 12);
        }
    }

    #[test]
    fn one_more_than_a_multiple_of_65537_does_not_suit() {
        for factor in [1_u32, 2, 12345] {
            let multiple = (BigUint::from(65537_u32) << 1000_u32) * factor;
            assert!(!suits_exponent(&words(&(&multiple + 1_u8), 17)));
            assert!(suits_exponent(&words(&multiple, 17)) && suits_exponent(&words(&(&multiple + 2_u8), 17)));
        }
    }
}
