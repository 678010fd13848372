//! Greatest common divisor and modular inverse in constant time: the division steps of Bernstein and Yang ("Fast
//! constant-time gcd computation and modular inversion", 2019), half-delta variant, 62 steps at a time.
//!
//! A batch of 62 steps depends only on the lowest 62 bits of f and g. It gives a 2x2 matrix, which is then applied to the long
//! numbers and, for an inverse, to the coefficients modulo m. After a number of steps that depends only on the length, g is 0
//! and f is the gcd or its negative. The code checks that g is 0, so the result may be missing but is never wrong.

use zeroize::Zeroizing;

use crate::words::{Words, inverse_of_odd, zeros};

const LIMB_BITS: usize = 62;
const LIMB_MASK: i64 = (1 << LIMB_BITS) - 1;

/// A signed number in limbs of 62 bits; the highest carries the sign.
type Signed = Zeroizing<Vec<i64>>;

/// The effect of 62 steps on (f, g), times 2^62.
struct Matrix {
    u: i64,
    v: i64,
    q: i64,
    r: i64,
}

/// The gcd of an odd `f` and any `g` of the same length.
pub(crate) fn gcd(f: &[u64], g: &[u64]) -> Option<Words> {
    let (mut f_limbs, mut g_limbs) = (signed(f), signed(g));
    run(&mut f_limbs, &mut g_limbs, |_matrix| ())?;
    negate_if(sign(&f_limbs), &mut f_limbs);
    Some(unsigned(&f_limbs, f.len()))
}

/// The inverse of `a` modulo an odd `modulus` of the same length; `None` if they are not coprime.
pub(crate) fn inverse(a: &[u64], modulus: &[u64]) -> Option<Words> {
    let m = signed(modulus);
    let m_inverse = inverse_of_odd(*modulus.first()?).cast_signed() & LIMB_MASK;
    let (mut f, mut g) = (signed(modulus), signed(a));
    let (mut d, mut e) = (signed(&zeros(modulus.len())), signed(&zeros(modulus.len())));
    *e.first_mut()? = 1;
    run(&mut f, &mut g, |matrix| apply_modulo(matrix, &mut d, &mut e, &m, m_inverse))?;
    let f_sign = sign(&f);
    negate_if(f_sign, &mut f);
    let is_one = f.iter().skip(1).fold(f.first()? ^ 1, |seen, limb| seen | limb) == 0;
    // d is in (-2m, m): add m if negative, apply the sign of f, and add m again if negative.
    add_if(sign(&d), &mut d, &m);
    negate_if(f_sign, &mut d);
    add_if(sign(&d), &mut d, &m);
    is_one.then(|| unsigned(&d, modulus.len()))
}

/// Runs steps until g must be 0, passing every matrix to `each`. `None` if g is not 0 then, which happens for no input.
fn run(f: &mut Signed, g: &mut Signed, mut each: impl FnMut(&Matrix)) -> Option<()> {
    let bits = LIMB_BITS * f.len();
    // The bound of the half-delta variant for inputs of that many bits.
    let steps = (45907 * bits + 30179) / 19929 + 1;
    let mut zeta = -1;
    for _ in 0..steps.div_ceil(LIMB_BITS) {
        let matrix = divide_steps(&mut zeta, *f.first()?, *g.first()?);
        apply(&matrix, f, g);
        each(&matrix);
    }
    (g.iter().fold(0, |seen, limb| seen | limb) == 0).then_some(())
}

/// 62 steps on the lowest limbs; `zeta` is -(delta + 1/2).
fn divide_steps(zeta: &mut i64, f: i64, g: i64) -> Matrix {
    let (mut u, mut v, mut q, mut r) = (1_i64, 0_i64, 0_i64, 1_i64);
    let (mut f, mut g) = (f, g);
    for _ in 0..LIMB_BITS {
        let (swap, odd) = (*zeta >> 63, -(g & 1));
        g = g.wrapping_add(((f ^ swap).wrapping_sub(swap)) & odd);
        q = q.wrapping_add(((u ^ swap).wrapping_sub(swap)) & odd);
        r = r.wrapping_add(((v ^ swap).wrapping_sub(swap)) & odd);
        let swap = swap & odd;
        *zeta = (*zeta ^ swap) - 1;
        f = f.wrapping_add(g & swap);
        u = u.wrapping_add(q & swap);
        v = v.wrapping_add(r & swap);
        g >>= 1;
        u = u.wrapping_shl(1);
        v = v.wrapping_shl(1);
    }
    Matrix { u, v, q, r }
}

/// (f, g) = matrix * (f, g) / 2^62, which divides exactly.
fn apply(matrix: &Matrix, f: &mut Signed, g: &mut Signed) {
    let Matrix { u, v, q, r } = matrix;
    let (mut carry_f, mut carry_g) = (0_i128, 0_i128);
    for index in 0..f.len() {
        let (low_f, low_g) = (limb(f, index), limb(g, index));
        carry_f += product(*u, low_f) + product(*v, low_g);
        carry_g += product(*q, low_f) + product(*r, low_g);
        put(f, index, &mut carry_f);
        put(g, index, &mut carry_g);
    }
    close(f, carry_f);
    close(g, carry_g);
}

/// (d, e) = matrix * (d, e) / 2^62 modulo m. Multiples of m are added so that the division is exact and both stay in
/// (-2m, m).
fn apply_modulo(matrix: &Matrix, d: &mut Signed, e: &mut Signed, m: &Signed, m_inverse: i64) {
    let Matrix { u, v, q, r } = matrix;
    let (sign_d, sign_e) = (sign(d), sign(e));
    let (low_d, low_e) = (limb(d, 0), limb(e, 0));
    let multiple = |a: i64, b: i64| {
        let start = (a & sign_d) + (b & sign_e);
        let low = a.wrapping_mul(low_d).wrapping_add(b.wrapping_mul(low_e));
        start - (m_inverse.wrapping_mul(low).wrapping_add(start) & LIMB_MASK)
    };
    let (multiple_d, multiple_e) = (multiple(*u, *v), multiple(*q, *r));
    let (mut carry_d, mut carry_e) = (0_i128, 0_i128);
    for index in 0..d.len() {
        let (limb_d, limb_e, limb_m) = (limb(d, index), limb(e, index), limb(m, index));
        carry_d += product(*u, limb_d) + product(*v, limb_e) + product(multiple_d, limb_m);
        carry_e += product(*q, limb_d) + product(*r, limb_e) + product(multiple_e, limb_m);
        put(d, index, &mut carry_d);
        put(e, index, &mut carry_e);
    }
    close(d, carry_d);
    close(e, carry_e);
}

fn product(a: i64, b: i64) -> i128 {
    i128::from(a) * i128::from(b)
}

fn limb(number: &Signed, index: usize) -> i64 {
    number.get(index).copied().unwrap_or(0)
}

/// Stores the low limb of `carry` one place below `index`, which divides by 2^62. The limb that would fall below the lowest
/// place is 0.
fn put(number: &mut Signed, index: usize, carry: &mut i128) {
    if let Some(below) = index.checked_sub(1).and_then(|below| number.get_mut(below)) {
        *below = (*carry as i64) & LIMB_MASK;
    }
    *carry >>= LIMB_BITS;
}

fn close(number: &mut Signed, carry: i128) {
    if let Some(highest) = number.last_mut() {
        *highest = carry as i64;
    }
}

/// A mask: all bits set for a negative number, none otherwise.
fn sign(number: &Signed) -> i64 {
    number.last().map_or(0, |highest| highest >> 63)
}

/// Negates the number if the mask has all bits set, and leaves it if none.
fn negate_if(mask: i64, number: &mut Signed) {
    combine(number, |_index, limb| (limb ^ mask) - mask);
}

/// Adds `other` if the mask has all bits set, and 0 if none.
fn add_if(mask: i64, number: &mut Signed, other: &Signed) {
    combine(number, |index, value| value + (limb(other, index) & mask));
}

/// Applies `change` to every limb, and propagates carries.
fn combine(number: &mut Signed, change: impl Fn(usize, i64) -> i64) {
    let highest = number.len().saturating_sub(1);
    let mut carry = 0;
    for (index, limb) in number.iter_mut().enumerate() {
        let value = change(index, *limb) + carry;
        *limb = if index == highest { value } else { value & LIMB_MASK };
        carry = value >> LIMB_BITS;
    }
}

/// As a signed number with two bits more than the words have, for the sign and for sums.
fn signed(words: &[u64]) -> Signed {
    let word = |index: usize| u128::from(words.get(index).copied().unwrap_or(0));
    let limbs = (0..(64 * words.len() + 2).div_ceil(LIMB_BITS)).map(|index| {
        let (at, offset) = (LIMB_BITS * index / 64, LIMB_BITS * index % 64);
        ((word(at) | word(at + 1) << 64) >> offset) as i64 & LIMB_MASK
    });
    Zeroizing::new(limbs.collect())
}

/// The words of a number that is not negative.
fn unsigned(number: &Signed, len: usize) -> Words {
    let mut words = zeros(len);
    for (index, word) in words.iter_mut().enumerate() {
        let (at, offset) = (64 * index / LIMB_BITS, 64 * index % LIMB_BITS);
        let low = u128::from(limb(number, at).cast_unsigned()) | u128::from(limb(number, at + 1).cast_unsigned()) << 62;
        let wide = low >> offset;
        let high = if offset > 60 { limb(number, at + 2).cast_unsigned() << (124 - offset) } else { 0 };
        *word = wide as u64 | high;
    }
    words
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;
    use num_integer::Integer;
    use proptest::prelude::*;

    use super::*;
    use crate::plain::{number, words};

    fn odd(mut words: Vec<u64>) -> Vec<u64> {
        words[0] |= 1;
        words
    }

    fn check(f: &[u64], g: &[u64]) {
        let (f_number, g_number) = (number(f), number(g));
        let expected = f_number.gcd(&g_number);
        assert_eq!(number(&gcd(f, g).unwrap()), expected, "gcd({f_number}, {g_number})");
        let inverse = inverse(g, f).map(|inverse| number(&inverse));
        assert_eq!(inverse, g_number.modinv(&f_number), "1/{g_number} mod {f_number}");
    }

    proptest! {
        #[test]
        fn agrees_with_a_plain_implementation(
            f in proptest::collection::vec(any::<u64>(), 16).prop_map(odd),
            g in proptest::collection::vec(any::<u64>(), 16),
        ) {
            check(&f, &words(&(number(&g) % number(&f)), 16));
        }

        #[test]
        fn agrees_where_there_is_a_common_factor(
            a in proptest::collection::vec(any::<u64>(), 12).prop_map(odd),
            b in proptest::collection::vec(any::<u64>(), 12),
            c in proptest::collection::vec(any::<u64>(), 12).prop_map(odd),
        ) {
            let f = words(&(number(&a) * number(&c)), 24);
            let g = words(&(number(&b) * number(&c) % number(&f)), 24);
            check(&f, &g);
        }
    }

    #[test]
    fn agrees_at_the_edges() {
        let one = BigUint::from(1_u8);
        let full: BigUint = (&one << 2048_u32) - 1_u8;
        for f in [one.clone(), BigUint::from(3_u8), full, (&one << 2047_u32) + 1_u8, (&one << 62_u32) - 1_u8] {
            for g in [BigUint::ZERO, one.clone(), &f - 1_u8, &f >> 1_u32, &f / 3_u8] {
                if f > one {
                    check(&words(&f, 32), &words(&(g % &f), 32));
                }
            }
        }
        assert_eq!(number(&gcd(&[1], &[0]).unwrap()), one);
    }
}
