//! Montgomery squaring and reduction of eight numbers at once, radix 2^52, R = 2^(52 * 5 * B) for B blocks of 5
//! limbs.
//!
//! Product scanning by columns of 5 limbs: a column's ten accumulators and one block of each factor stay in registers. A
//! product of two blocks takes 50 multiply-adds, so a squaring of N limbs takes N(N+1) + 2 N^2 of them (docs/keygen.md).
//! Operands are almost reduced: below 8 M, with R / M >= 2^16, so no subtraction is ever needed. No branch and no address
//! depends on the numbers.
#![allow(clippy::indexing_slicing, reason = "fixed blocks of registers, indexed by the trip counts of their own loops")]

use std::arch::x86_64::{
    __m512i, _mm512_add_epi64, _mm512_and_si512, _mm512_set1_epi64, _mm512_setzero_si512, _mm512_slli_epi64,
    _mm512_sllv_epi64, _mm512_srli_epi64,
};

use super::vector::{LIMB_MASK, Vector, add_high, add_low, load, store};

/// Five limbs of eight numbers.
pub(super) type Block = [Vector; 5];
/// Eight numbers of `B` blocks, the least significant first.
pub(super) type Numbers<const B: usize> = [Block; B];

type Column = [__m512i; 10];

/// Eight moduli and what their reduction needs.
pub(super) struct Moduli<const B: usize> {
    pub(super) value: Numbers<B>,
    /// -M^-1 mod 2^52.
    pub(super) negated_inverse: Vector,
}

/// `column += a * b`.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn add_product(column: &mut Column, a: &Block, b: &Block) {
    let b = [load(&b[0]), load(&b[1]), load(&b[2]), load(&b[3]), load(&b[4])];
    for i in 0..5 {
        let limb = load(&a[i]);
        for j in 0..5 {
            column[i + j] = add_low(column[i + j], limb, b[j]);
        }
        for j in 0..5 {
            column[i + j + 1] = add_high(column[i + j + 1], limb, b[j]);
        }
    }
}

/// Adds to `column` the products of different limbs of `a`, each once: half of the off-diagonal part of the square.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn add_triangle(column: &mut Column, a: &Block) {
    let a = [load(&a[0]), load(&a[1]), load(&a[2]), load(&a[3]), load(&a[4])];
    for i in 0..4 {
        for j in i + 1..5 {
            column[i + j] = add_low(column[i + j], a[i], a[j]);
        }
        for j in i + 1..5 {
            column[i + j + 1] = add_high(column[i + j + 1], a[i], a[j]);
        }
    }
}

/// Adds to the low half of `column` the squares of single limbs that belong there: the square of limb `k` has weight
/// 2^(104 k).
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn add_diagonal<const B: usize>(column: &mut Column, a: &Numbers<B>, w: usize) {
    let block = &a[w / 2];
    if w.is_multiple_of(2) {
        let limbs = [load(&block[0]), load(&block[1]), load(&block[2])];
        column[0] = add_low(column[0], limbs[0], limbs[0]);
        column[1] = add_high(column[1], limbs[0], limbs[0]);
        column[2] = add_low(column[2], limbs[1], limbs[1]);
        column[3] = add_high(column[3], limbs[1], limbs[1]);
        column[4] = add_low(column[4], limbs[2], limbs[2]);
    } else {
        let limbs = [load(&block[2]), load(&block[3]), load(&block[4])];
        column[0] = add_high(column[0], limbs[0], limbs[0]);
        column[1] = add_low(column[1], limbs[1], limbs[1]);
        column[2] = add_high(column[2], limbs[1], limbs[1]);
        column[3] = add_low(column[3], limbs[2], limbs[2]);
        column[4] = add_high(column[4], limbs[2], limbs[2]);
    }
}

/// Chooses five digits of the quotient so that the low half of `column` becomes a multiple of 2^260, and carries it into the
/// high half.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn reduce_block(column: &mut Column, quotient: &mut Block, modulus: &Block, negated_inverse: __m512i) {
    let zero = _mm512_setzero_si512();
    let mask = _mm512_set1_epi64(LIMB_MASK.cast_signed());
    let m = [load(&modulus[0]), load(&modulus[1]), load(&modulus[2]), load(&modulus[3]), load(&modulus[4])];
    for i in 0..5 {
        // By construction, the digit's low product with m[0] cancels the accumulator modulo 2^52. Only the carry of that
        // sum is needed, and it is ceil(accumulator / 2^52), which takes no multiplication.
        let carry = _mm512_srli_epi64::<52>(_mm512_add_epi64(column[i], mask));
        let digit = add_low(zero, column[i], negated_inverse);
        store(&mut quotient[i], digit);
        let carried = _mm512_add_epi64(column[i + 1], carry);
        column[i + 2] = add_low(column[i + 2], digit, m[2]);
        let high = add_high(carried, digit, m[0]);
        let low = add_low(zero, digit, m[1]);
        column[i + 3] = add_low(column[i + 3], digit, m[3]);
        column[i + 4] = add_low(column[i + 4], digit, m[4]);
        column[i + 1] = _mm512_add_epi64(high, low);
        for j in 1..5 {
            column[i + j + 1] = add_high(column[i + j + 1], digit, m[j]);
        }
    }
}

/// Writes the low half of `column`, shifted left by `shift`, as limbs of 52 bits; `carry` is passed from block to block.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn write_block(column: &Column, carry: &mut __m512i, shift: __m512i, out: &mut Block) {
    let mask = _mm512_set1_epi64(LIMB_MASK.cast_signed());
    for i in 0..5 {
        let value = _mm512_add_epi64(_mm512_sllv_epi64(column[i], shift), *carry);
        store(&mut out[i], _mm512_and_si512(value, mask));
        *carry = _mm512_srli_epi64::<52>(value);
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn next_column(column: &Column) -> Column {
    let zero = _mm512_setzero_si512();
    [column[5], column[6], column[7], column[8], column[9], zero, zero, zero, zero, zero]
}

/// `out = 2^shift * a^2 / R mod M` in each lane. With `a` below 8 M the result is below 1.002 * 2^shift * M.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn square<const B: usize>(
    out: &mut Numbers<B>,
    a: &Numbers<B>,
    moduli: &Moduli<B>,
    quotient: &mut Numbers<B>,
    shift: __m512i,
) {
    let zero = _mm512_setzero_si512();
    let negated_inverse = load(&moduli.negated_inverse);
    let modulus = &moduli.value;
    let (mut cross, mut column, mut carry) = ([zero; 10], [zero; 10], zero);
    for w in 0..2 * B {
        let lowest = (w + 1).saturating_sub(B);
        for u in lowest..w.div_ceil(2) {
            add_product(&mut cross, &a[u], &a[w - u]);
        }
        for u in lowest..w.min(B) {
            add_product(&mut column, &quotient[u], &modulus[w - u]);
        }
        if w.is_multiple_of(2) {
            add_triangle(&mut cross, &a[w / 2]);
        }
        add_diagonal(&mut column, a, w);
        for i in 0..5 {
            column[i] = _mm512_add_epi64(column[i], _mm512_slli_epi64::<1>(cross[i]));
        }
        cross = next_column(&cross);
        if w < B {
            reduce_block(&mut column, &mut quotient[w], &modulus[0], negated_inverse);
        } else {
            write_block(&column, &mut carry, shift, &mut out[w - B]);
        }
        column = next_column(&column);
    }
}

/// `out = a / R mod M` in each lane, at most M: converts from Montgomery form.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn reduce<const B: usize>(
    out: &mut Numbers<B>,
    a: &Numbers<B>,
    moduli: &Moduli<B>,
    quotient: &mut Numbers<B>,
) {
    let zero = _mm512_setzero_si512();
    let negated_inverse = load(&moduli.negated_inverse);
    let modulus = &moduli.value;
    let (mut column, mut carry) = ([zero; 10], zero);
    for w in 0..2 * B {
        for u in (w + 1).saturating_sub(B)..w.min(B) {
            add_product(&mut column, &quotient[u], &modulus[w - u]);
        }
        if w < B {
            for i in 0..5 {
                column[i] = _mm512_add_epi64(column[i], load(&a[w][i]));
            }
            reduce_block(&mut column, &mut quotient[w], &modulus[0], negated_inverse);
        } else {
            write_block(&column, &mut carry, zero, &mut out[w - B]);
        }
        column = next_column(&column);
    }
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;
    use proptest::prelude::*;

    use super::super::Ifma;
    use super::super::limbs;
    use super::*;
    use crate::plain::words;

    /// Eight numbers in lanes.
    fn pack<const B: usize>(numbers: &[BigUint; 8]) -> Numbers<B> {
        let mut packed = [[Vector::ZERO; 5]; B];
        for (lane, number) in numbers.iter().enumerate() {
            let mut limbs = [0; 41];
            limbs::write(&words(number, 34), &mut limbs);
            assert!(limbs[5 * B..].iter().all(|limb| *limb == 0), "{number} is too long");
            packed.as_flattened_mut().iter_mut().zip(limbs).for_each(|(vector, limb)| vector.0[lane] = limb);
        }
        packed
    }

    fn unpack<const B: usize>(packed: &Numbers<B>) -> [BigUint; 8] {
        std::array::from_fn(|lane| {
            let limbs = packed.as_flattened().iter().rev().map(|vector| vector.0[lane]);
            limbs.fold(BigUint::ZERO, |sum, limb| {
                assert!(limb <= LIMB_MASK);
                (sum << 52_u32) + limb
            })
        })
    }

    fn check<const B: usize>(modulus: &[BigUint; 8], a: &[BigUint; 8], shift: u64) {
        if Ifma::detect().is_none() {
            println!("skipped: this CPU has no AVX-512 IFMA");
            return;
        }
        let negated_inverse = Vector(modulus.each_ref().map(|modulus| {
            let lowest = modulus.to_u64_digits()[0];
            limbs::inverse(lowest).wrapping_neg() & LIMB_MASK
        }));
        let moduli = Moduli { value: pack::<B>(modulus), negated_inverse };
        let (packed, mut scratch, mut out) = (pack::<B>(a), pack::<B>(a), pack::<B>(a));
        // SAFETY: the check above found AVX-512 F and IFMA.
        #[allow(unsafe_code, reason = "tests call the kernel as its wrapper does")]
        unsafe {
            square(&mut out, &packed, &moduli, &mut scratch, _mm512_set1_epi64(shift.cast_signed()));
        }
        let r = BigUint::from(1_u8) << (260 * B);
        for ((out, a), m) in unpack(&out).iter().zip(a).zip(modulus) {
            assert_eq!((out * &r) % m, ((a * a) << shift) % m, "{a}^2 * 2^{shift} / R mod {m}");
            assert!(out * 1000_u32 < (m * 1002_u32) << shift, "{a}^2 is not almost reduced");
        }
        #[allow(unsafe_code, reason = "tests call the kernel as its wrapper does")]
        // SAFETY: as above.
        unsafe {
            reduce(&mut out, &packed, &moduli, &mut scratch);
        }
        for ((out, a), m) in unpack(&out).iter().zip(a).zip(modulus) {
            assert_eq!((out * &r) % m, a % m, "{a} / R mod {m}");
            assert!(out <= m);
        }
    }

    fn value(bits: usize) -> impl Strategy<Value = BigUint> {
        let word = prop_oneof![3 => any::<u64>(), 1 => Just(0), 1 => Just(u64::MAX), 1 => Just(1)];
        proptest::collection::vec(word, bits / 64).prop_map(|words| crate::plain::number(&words))
    }

    fn eight(bits: usize) -> impl Strategy<Value = [BigUint; 8]> {
        std::array::from_fn(|_lane| value(bits))
    }

    /// Odd and with its top bit set, as candidates are.
    fn as_moduli(numbers: [BigUint; 8], bits: u64) -> [BigUint; 8] {
        numbers.map(|mut number| {
            number.set_bit(0, true);
            number.set_bit(bits - 1, true);
            number
        })
    }

    proptest! {
        #[test]
        fn squares_agree_with_a_plain_implementation(m in eight(2048), a in eight(2048), shift in 0_u64..=2) {
            let cut = |numbers: &[BigUint; 8], bits: u32| numbers.each_ref().map(|number| number >> (2048 - bits));
            for bits in [1024_u32, 1536, 2048] {
                let m = as_moduli(cut(&m, bits), u64::from(bits));
                // Almost reduced: below 2^bits + 3 M, less than 8 M.
                let a: [BigUint; 8] = std::array::from_fn(|lane| cut(&a, bits)[lane].clone() + &m[lane] * 3_u8);
                match bits {
                    1024 => check::<4>(&m, &a, shift),
                    1536 => check::<6>(&m, &a, shift),
                    _ => check::<8>(&m, &a, shift),
                }
            }
        }
    }

    #[test]
    fn squares_agree_at_the_edges() {
        fn edges<const B: usize>() {
            let one = BigUint::from(1_u8);
            let ones = (&one << (256 * B)) - 1_u8;
            let least = (&one << (256 * B - 1)) + 1_u8;
            for m in [&ones, &least, &(&ones - 2_u8), &(&ones ^ (&one << 300_u32))] {
                let values = [
                    BigUint::ZERO,
                    one.clone(),
                    m - 1_u8,
                    m.clone(),
                    m + 1_u8,
                    m * 2_u8 - 1_u8,
                    m * 7_u8 + 5_u8,
                    (&one << (256 * B)) - 1_u8,
                ];
                for shift in 0..=2 {
                    check::<B>(&std::array::from_fn(|_lane| m.clone()), &values, shift);
                }
            }
        }
        edges::<4>();
        edges::<6>();
        edges::<8>();
    }
}
