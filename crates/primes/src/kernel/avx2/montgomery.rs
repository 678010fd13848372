//! Montgomery squaring and reduction of four numbers at once in signed digits of 29 bits, R = 2^(29 * 4 * B) for B
//! blocks of 4 digits, N = 4 B.
//!
//! Product scanning by columns of 4 digits: a column's eight accumulators and one block of each factor stay in registers. The
//! square takes N(N+1)/2 multiplications and the reduction N^2 + N.
//!
//! **No sum overflows.** A digit has an absolute value of at most 2^28 and a product of at most 2^56, so 127 products and a
//! carry stay below 2^63. Sum k of a squaring has min(k + 1, 2N - 1 - k) products of the square and as many of quotient and
//! modulus, at most 2N in total. For N = 36 and 56 these are fewer than 127. For N = 72 the middle sums have more; there the
//! square is carried into digits before it is added ([`is_long`]). Sums may wrap while they accumulate and are read only when
//! complete. AVX2 has no arithmetic shift of 64-bit lanes, so sums are kept with an offset of 2^63. After the shift the
//! carry has an offset of 2^34, for which every sum but the first starts 2^34 lower ([`OFFSET_BEFORE_CARRY`]).
//!
//! **Nothing is ever subtracted.** The quotient's digits are signed, so its absolute value is at most 0.51 R and that of the
//! result at most a^2 / R + 0.51 M. Operands are at most 2^8 M and R / M >= 2^20, so results are below 0.6 M. No branch and no
//! address depends on the numbers.
#![allow(clippy::indexing_slicing, reason = "fixed blocks of registers, indexed by the trip counts of their own loops")]

use std::arch::x86_64::{
    __m256i, _mm256_add_epi64, _mm256_and_si256, _mm256_mul_epu32, _mm256_set1_epi64x, _mm256_setzero_si256,
    _mm256_sllv_epi64, _mm256_srai_epi32, _mm256_srli_epi64, _mm256_sub_epi64,
};

use super::digits::{HALF, MASK};
use super::vector::{Vector, add_product, load, store};

/// Four digits of four numbers.
pub(super) type Block = [Vector; 4];
/// Four numbers of `B` blocks, the least significant first.
pub(super) type Numbers<const B: usize> = [Block; B];

type Column = [__m256i; 8];

/// The offset of a complete sum.
const OFFSET: u64 = 1 << 63;
/// The initial value of a sum to which a carry will be added.
const OFFSET_BEFORE_CARRY: u64 = OFFSET - (OFFSET >> 29);

/// Four moduli and what their reduction needs.
pub(super) struct Moduli<const B: usize> {
    pub(super) value: Numbers<B>,
    /// As `digits::negated_inverse` gives it.
    pub(super) negated_inverse: Vector,
}

#[inline]
#[target_feature(enable = "avx2")]
fn broadcast(value: u64) -> __m256i {
    _mm256_set1_epi64x(value.cast_signed())
}

/// `column += a * b`.
#[inline]
#[target_feature(enable = "avx2")]
fn add_block(column: &mut Column, a: &Block, b: &Block) {
    let b = [load(&b[0]), load(&b[1]), load(&b[2]), load(&b[3])];
    for i in 0..4 {
        let digit = load(&a[i]);
        for j in 0..4 {
            column[i + j] = add_product(column[i + j], digit, b[j]);
        }
    }
}

/// Adds to `column` the products of the blocks of `a` and those of `b` in reverse order. Takes slices rather than indices: the
/// loop is so short that bounds checks would slow it down.
#[inline]
#[target_feature(enable = "avx2")]
fn add_blocks(column: &mut Column, a: &[Block], b: &[Block]) {
    for (a, b) in a.iter().zip(b.iter().rev()) {
        add_block(column, a, b);
    }
}

/// Adds to `column` the products of different digits of `a`, each once: half of the off-diagonal part of the square.
#[inline]
#[target_feature(enable = "avx2")]
fn add_triangle(column: &mut Column, a: &Block) {
    let a = [load(&a[0]), load(&a[1]), load(&a[2]), load(&a[3])];
    for i in 0..3 {
        for j in i + 1..4 {
            column[i + j] = add_product(column[i + j], a[i], a[j]);
        }
    }
}

/// Adds to the low half of column `w` the squares of single digits that belong there, and twice the low half of `cross`.
#[inline]
#[target_feature(enable = "avx2")]
fn add_square<const B: usize>(column: &mut Column, cross: &Column, a: &Numbers<B>, w: usize) {
    for i in 0..2 {
        let digit = load(&a[w / 2][2 * (w % 2) + i]);
        column[2 * i] = add_product(column[2 * i], digit, digit);
    }
    for i in 0..4 {
        let twice = _mm256_add_epi64(cross[i], cross[i]);
        if is_long::<B>(w) {
            let raised = _mm256_add_epi64(twice, broadcast(OFFSET));
            let carry = _mm256_sub_epi64(_mm256_srli_epi64::<29>(raised), broadcast(OFFSET >> 29));
            column[i] = _mm256_add_epi64(column[i], _mm256_and_si256(raised, broadcast(MASK)));
            column[i + 1] = _mm256_add_epi64(column[i + 1], carry);
        } else {
            column[i] = _mm256_add_epi64(column[i], twice);
        }
    }
}

/// Whether column `w` has sums of more than 126 products, 63 of them from the square.
const fn is_long<const B: usize>(w: usize) -> bool {
    let (from_below, from_above) = (4 * w + 4, 8 * B - 1 - 4 * w);
    from_below > 63 && from_above > 63
}

/// Chooses four digits of the quotient so that the low half of `column` becomes a multiple of 2^116, and carries it into the
/// high half.
#[inline]
#[target_feature(enable = "avx2")]
fn reduce_block(column: &mut Column, quotient: &mut Block, modulus: &Block, negated_inverse: __m256i) {
    let m = [load(&modulus[0]), load(&modulus[1]), load(&modulus[2]), load(&modulus[3])];
    for i in 0..4 {
        let digit = _mm256_srai_epi32::<3>(_mm256_mul_epu32(column[i], negated_inverse));
        store(&mut quotient[i], digit);
        let carry = _mm256_srli_epi64::<29>(add_product(column[i], digit, m[0]));
        for j in 1..4 {
            column[i + j] = add_product(column[i + j], digit, m[j]);
        }
        column[i + 1] = _mm256_add_epi64(column[i + 1], carry);
    }
}

/// Writes a sum, without its offset, as a digit and a carry.
#[inline]
#[target_feature(enable = "avx2")]
fn write_digit(sum: __m256i, carry: &mut __m256i, out: &mut Vector) {
    let raised = _mm256_add_epi64(_mm256_add_epi64(sum, broadcast(HALF)), *carry);
    store(out, _mm256_sub_epi64(_mm256_and_si256(raised, broadcast(MASK)), broadcast(HALF)));
    *carry = _mm256_srli_epi64::<29>(raised);
}

#[inline]
#[target_feature(enable = "avx2")]
fn first_column() -> Column {
    let fresh = broadcast(OFFSET_BEFORE_CARRY);
    [broadcast(OFFSET), fresh, fresh, fresh, fresh, fresh, fresh, fresh]
}

#[inline]
#[target_feature(enable = "avx2")]
fn next_column(column: &Column, fresh: __m256i) -> Column {
    [column[4], column[5], column[6], column[7], fresh, fresh, fresh, fresh]
}

/// `out = a^2 / R mod M` in each lane, with an absolute value below 0.6 M for `a` of up to 2^8 M.
#[inline(never)]
#[target_feature(enable = "avx2")]
pub(super) fn square<const B: usize>(
    out: &mut Numbers<B>,
    a: &Numbers<B>,
    moduli: &Moduli<B>,
    quotient: &mut Numbers<B>,
) {
    let zero = _mm256_setzero_si256();
    let negated_inverse = load(&moduli.negated_inverse);
    let modulus = &moduli.value;
    let (mut cross, mut column, mut carry) = ([zero; 8], first_column(), zero);
    for w in 0..2 * B {
        // Blocks u of one factor and w - u of the other.
        let (lowest, half, top) = ((w + 1).saturating_sub(B), w.div_ceil(2), w.min(B));
        add_blocks(&mut cross, &a[lowest..half], &a[w + 1 - half..w + 1 - lowest]);
        if w.is_multiple_of(2) {
            add_triangle(&mut cross, &a[w / 2]);
        }
        // In accumulators of their own, so that these sums need not wait for the carries of the digits just chosen.
        let mut products = [zero; 8];
        add_blocks(&mut products, &quotient[lowest..top], &modulus[w + 1 - top..w + 1 - lowest]);
        for i in 0..8 {
            column[i] = _mm256_add_epi64(column[i], products[i]);
        }
        add_square(&mut column, &cross, a, w);
        cross = next_column(&cross, zero);
        if w < B {
            reduce_block(&mut column, &mut quotient[w], &modulus[0], negated_inverse);
        } else {
            for i in 0..4 {
                write_digit(column[i], &mut carry, &mut out[w - B][i]);
            }
        }
        column = next_column(&column, broadcast(OFFSET_BEFORE_CARRY));
    }
}

/// `out = a / R mod M` in each lane, with an absolute value of at most 0.51 M for `a` of up to 2^10 M: converts from Montgomery
/// form.
#[inline(never)]
#[target_feature(enable = "avx2")]
pub(super) fn reduce<const B: usize>(
    out: &mut Numbers<B>,
    a: &Numbers<B>,
    moduli: &Moduli<B>,
    quotient: &mut Numbers<B>,
) {
    let negated_inverse = load(&moduli.negated_inverse);
    let modulus = &moduli.value;
    let (mut column, mut carry) = (first_column(), _mm256_setzero_si256());
    for w in 0..2 * B {
        let (lowest, top) = ((w + 1).saturating_sub(B), w.min(B));
        add_blocks(&mut column, &quotient[lowest..top], &modulus[w + 1 - top..w + 1 - lowest]);
        if w < B {
            for i in 0..4 {
                column[i] = _mm256_add_epi64(column[i], load(&a[w][i]));
            }
            reduce_block(&mut column, &mut quotient[w], &modulus[0], negated_inverse);
        } else {
            for i in 0..4 {
                write_digit(column[i], &mut carry, &mut out[w - B][i]);
            }
        }
        column = next_column(&column, broadcast(OFFSET_BEFORE_CARRY));
    }
}

/// `a = 2^shift * a` in each lane, for shifts up to 8.
#[inline(never)]
#[target_feature(enable = "avx2")]
pub(super) fn shift_left<const B: usize>(a: &mut Numbers<B>, shift: __m256i) {
    let mut carry = broadcast(OFFSET >> 29);
    for vector in a.as_flattened_mut() {
        let shifted = _mm256_add_epi64(_mm256_sllv_epi64(load(vector), shift), broadcast(OFFSET_BEFORE_CARRY));
        write_digit(shifted, &mut carry, vector);
    }
}

#[cfg(test)]
mod extremes;

#[cfg(test)]
mod tests {
    use num_bigint::{BigInt, BigUint};
    use num_integer::Integer as _;
    use proptest::prelude::*;

    use super::super::super::Avx2;
    use super::super::digits;
    use super::*;
    use crate::plain::words;

    /// Four numbers in lanes.
    fn pack<const B: usize>(numbers: &[BigInt; 4]) -> Numbers<B> {
        let mut packed = [[Vector::ZERO; 4]; B];
        for (lane, number) in numbers.iter().enumerate() {
            let mut digits = [0; 74];
            digits::write(&words(number.magnitude(), 33), &mut digits);
            assert!(digits[4 * B..].iter().all(|digit| *digit == 0), "{number} is too long");
            let sign = if number < &BigInt::ZERO { -1 } else { 1 };
            for (vector, digit) in packed.as_flattened_mut().iter_mut().zip(digits) {
                vector.0[lane] = (sign * digit.cast_signed()).cast_unsigned();
            }
        }
        packed
    }

    fn unpack<const B: usize>(packed: &Numbers<B>) -> [BigInt; 4] {
        std::array::from_fn(|lane| {
            let digits = packed.as_flattened().iter().rev().map(|vector| vector.0[lane].cast_signed());
            digits.fold(BigInt::ZERO, |sum, digit| {
                assert!((-1 << 28..1 << 28).contains(&digit), "{digit}");
                (sum << 29_u32) + digit
            })
        })
    }

    fn check<const B: usize>(modulus: &[BigInt; 4], a: &[BigInt; 4], shift: u64) {
        if Avx2::detect().is_none() {
            println!("skipped: this CPU has no AVX2");
            return;
        }
        let negated_inverse =
            modulus.each_ref().map(|modulus| digits::negated_inverse(modulus.magnitude().to_u64_digits()[0]));
        let moduli = Moduli { value: pack::<B>(modulus), negated_inverse: Vector(negated_inverse) };
        let (mut shifted, mut quotient) = (pack::<B>(a), pack::<B>(a));
        let (mut squared, mut reduced) = (pack::<B>(a), pack::<B>(a));
        // SAFETY: the check above found AVX2.
        #[allow(unsafe_code, reason = "tests call the kernel as its wrapper does")]
        unsafe {
            shift_left(&mut shifted, broadcast(shift));
            square(&mut squared, &shifted, &moduli, &mut quotient);
            reduce(&mut reduced, &shifted, &moduli, &mut quotient);
        }
        let r = BigInt::from(1_u8) << (116 * B);
        let is_multiple = |number: BigInt, m: &BigInt| number.mod_floor(m) == BigInt::ZERO;
        for (((squared, reduced), a), m) in unpack(&squared).iter().zip(&unpack(&reduced)).zip(a).zip(modulus) {
            let a = a << shift;
            assert!(is_multiple(squared * &r - &a * &a, m), "{a}^2 / R mod {m}");
            assert!(squared.magnitude() * 10_u8 < m.magnitude() * 6_u8, "{a}^2 is not almost reduced");
            assert!(is_multiple(reduced * &r - &a, m), "{a} / R mod {m}");
            assert!(reduced.magnitude() * 100_u8 < m.magnitude() * 51_u8, "{a} is not almost reduced");
        }
        assert_eq!(unpack(&shifted), a.each_ref().map(|a| a << shift));
    }

    fn value(bits: usize) -> impl Strategy<Value = BigUint> {
        let word = prop_oneof![3 => any::<u64>(), 1 => Just(0), 1 => Just(u64::MAX), 1 => Just(1)];
        proptest::collection::vec(word, bits / 64).prop_map(|words| crate::plain::number(&words))
    }

    fn four(bits: usize) -> impl Strategy<Value = [BigUint; 4]> {
        std::array::from_fn(|_lane| value(bits))
    }

    proptest! {
        #[test]
        fn squares_agree_with_a_plain_implementation(m in four(2048), a in four(2048), shift in 0_u64..=8) {
            for bits in [1024_u64, 1536, 2048] {
                // Odd with the top bit set, as candidates are.
                let m: [BigInt; 4] = m.each_ref().map(|m| {
                    let mut m = m >> (2048 - bits);
                    m.set_bit(0, true);
                    m.set_bit(bits - 1, true);
                    m.into()
                });
                // Almost reduced, and of either sign.
                let a: [BigInt; 4] = std::array::from_fn(|lane| {
                    let size = BigInt::from(a[lane].clone() >> (2048 - bits)) % (&m[lane] * 3_u8 / 5_u8);
                    if lane % 2 == 0 { size } else { -size }
                });
                match bits {
                    1024 => check::<9>(&m, &a, shift),
                    1536 => check::<14>(&m, &a, shift),
                    _ => check::<18>(&m, &a, shift),
                }
            }
        }
    }

    /// `top` followed by `count` times the same digit.
    fn of_digits(count: usize, digit: i64, top: &BigInt) -> BigInt {
        (0..count).fold(top.clone(), |sum, _| (sum << 29_u32) + digit)
    }

    #[test]
    fn squares_agree_at_the_edges() {
        fn edges<const B: usize>(bits: usize) {
            let one = BigInt::from(1_u8);
            let ones: BigInt = (&one << bits) - 1_u8;
            let least: BigInt = (&one << (bits - 1)) + 1_u8;
            // The largest digits, so that the sums are as far from 0 as possible in either direction.
            let count = bits / 29 - 1;
            let top: BigInt = (&one << (bits - 29 * count)) - 2_u8;
            let low = of_digits(count, -(1 << 28), &top) + 1_u8;
            let high = of_digits(count, (1 << 28) - 1, &top);
            for m in [ones.clone(), least, &ones - 2_u8, &ones - (&one << 300_u32), low, high] {
                let half = &m >> 1_u32;
                let negative_digits = of_digits(count, -(1 << 28), &BigInt::ZERO);
                for values in [
                    [BigInt::ZERO, one.clone(), -&one, half.clone()],
                    [-&half, &half + 1_u8, negative_digits.clone(), -&negative_digits],
                    [one.clone() << (bits - 2), &half - 1_u8, of_digits(count, (1 << 28) - 1, &BigInt::ZERO), -&one],
                ] {
                    for shift in [0, 1, 8] {
                        check::<B>(&std::array::from_fn(|_lane| m.clone()), &values, shift);
                    }
                }
            }
        }
        edges::<9>(1024);
        edges::<14>(1536);
        edges::<18>(2048);
    }
}
