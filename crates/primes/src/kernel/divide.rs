//! Trial division of one candidate by eight products of small primes at once.
//!
//! A group is a product m of consecutive odd primes below 2^51. Montgomery's reduction, limb by limb, gives t = X / 2^(52 N)
//! mod m. The power of 2 does not matter: a prime p of the group divides X exactly if it divides t, which is the case exactly
//! if t p^-1 mod 2^52 <= (2^52 - 1) / p. This takes two multiply-adds and two additions per limb for about 27 primes.
#![allow(unsafe_code, reason = "calls code compiled for AVX-512 IFMA behind a token that proves the CPU has it")]
#![allow(clippy::indexing_slicing, reason = "fixed arrays of registers, indexed by the trip counts of their own loops")]

use std::arch::x86_64::{
    __m512i, _mm512_add_epi64, _mm512_cmple_epu64_mask, _mm512_set1_epi64, _mm512_setzero_si512, _mm512_srli_epi64,
};

use zeroize::Zeroize;

use super::Ifma;
use super::limbs;
use super::vector::{LIMB_MASK, Vector, add_high, add_low, load};
use crate::small_primes::groups;

/// Registers processed in parallel, so that each hides the latency of the others.
const PARALLEL: usize = 8;
/// Products stay below this, so that t <= m + 1 fits a limb.
const PRODUCT_MAX: u64 = 1 << 51;
/// Limbs of the longest candidate.
const LIMBS_MAX: usize = 40;

/// Eight groups.
struct Octet {
    product: Vector,
    /// -m^-1 mod 2^52.
    negated_inverse: Vector,
    /// p^-1 mod 2^52 and (2^52 - 1) / p for one prime p of each group; as many as the longest group has primes.
    divisors: Vec<(Vector, Vector)>,
}

/// The odd primes up to a bound, ready to divide by.
pub(crate) struct Divider {
    cpu: Ifma,
    octets: Vec<Octet>,
}

impl Divider {
    pub(crate) fn new(cpu: Ifma, bound: u32) -> Self {
        let groups = groups(bound, PRODUCT_MAX);
        let octets = groups.chunks(8).map(Octet::new).collect();
        Self { cpu, octets }
    }

    /// Whether no odd prime up to the bound divides the number of the little-endian `words`. Stops at the first one that does;
    /// the time then reveals something only about a number that is discarded.
    pub(crate) fn survives(&self, words: &[u64]) -> bool {
        let Ifma(()) = self.cpu;
        let mut limbs = [0; LIMBS_MAX];
        limbs::write(words, &mut limbs);
        for limb in &mut limbs {
            *limb += LIMB_MASK;
        }
        let used = limbs.get(..(64 * words.len()).div_ceil(52)).unwrap_or(&limbs);
        // SAFETY: holding an `Ifma` proves AVX-512 F and IFMA, which is all the function needs.
        let survives = unsafe { self.survives_raised(used) };
        limbs.zeroize();
        survives
    }

    /// `raised` contains the limbs, each increased by 2^52 - 1.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn survives_raised(&self, raised: &[u64]) -> bool {
        let (first, rest) = self.octets.split_at(self.octets.len().min(PARALLEL / 2));
        let (full, last) = rest.as_chunks::<PARALLEL>();
        first.as_chunks::<{ PARALLEL / 2 }>().0.iter().all(|octets| none_divides(octets, raised))
            && first
                .as_chunks::<{ PARALLEL / 2 }>()
                .1
                .iter()
                .all(|octet| none_divides(std::array::from_ref(octet), raised))
            && full.iter().all(|octets| none_divides(octets, raised))
            && last.iter().all(|octet| none_divides(std::array::from_ref(octet), raised))
    }
}

impl Octet {
    /// From up to eight groups; the first one is repeated for missing ones.
    fn new(groups: &[Vec<u64>]) -> Self {
        let group = |lane: usize| groups.get(lane).or(groups.first()).map_or(&[][..], Vec::as_slice);
        let product = std::array::from_fn(|lane| group(lane).iter().product());
        let negated_inverse = product.map(|product: u64| limbs::inverse(product).wrapping_neg() & LIMB_MASK);
        let count = (0..8).map(|lane| group(lane).len()).max().unwrap_or(0);
        let divisors = (0..count).map(|index| {
            // A shorter group repeats its first prime.
            let prime = |lane: usize| group(lane).get(index).or(group(lane).first()).copied().unwrap_or(1);
            let inverses = std::array::from_fn(|lane| limbs::inverse(prime(lane)));
            let limits = std::array::from_fn(|lane| LIMB_MASK / prime(lane));
            (Vector(inverses), Vector(limits))
        });
        Self { product: Vector(product), negated_inverse: Vector(negated_inverse), divisors: divisors.collect() }
    }
}

/// With v = t + limb, one step is t' = (v + q m) / 2^52 where q = -v m^-1 mod 2^52. The sum t + raised limb is
/// v + 2^52 - 1, so q is that sum times the negated inverse, plus the negated inverse; and t' is the high half of q m plus
/// ceil(v / 2^52).
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn none_divides<const K: usize>(octets: &[Octet; K], raised: &[u64]) -> bool {
    let zero = _mm512_setzero_si512();
    let mut t = [zero; K];
    let product: [__m512i; K] = std::array::from_fn(|k| load(&octets[k].product));
    let negated_inverse: [__m512i; K] = std::array::from_fn(|k| load(&octets[k].negated_inverse));
    for limb in raised {
        let limb = _mm512_set1_epi64(limb.cast_signed());
        for k in 0..K {
            let sum = _mm512_add_epi64(t[k], limb);
            let digit = add_low(negated_inverse[k], sum, negated_inverse[k]);
            t[k] = add_high(_mm512_srli_epi64::<52>(sum), digit, product[k]);
        }
    }
    let mut divided = 0;
    for (t, octet) in t.iter().zip(octets) {
        for (inverse, limit) in &octet.divisors {
            divided |= _mm512_cmple_epu64_mask(add_low(zero, *t, load(inverse)), load(limit));
        }
    }
    divided == 0
}
