//! The largest possible sums: number, modulus and quotient with every digit at or near an extreme, even where the numbers are
//! larger than in use.

use num_bigint::BigInt;

use super::super::super::Avx2;
use super::super::digits;
use super::{Moduli, Numbers, Vector, reduce, square};

const LEAST: i64 = -(1 << 28);
const MOST: i64 = (1 << 28) - 1;
/// A digit that the kernel never writes, but that its initial value may contain. Its absolute value is that of `LEAST`.
const BEYOND: i64 = 1 << 28;

fn value(digits: &[i64]) -> BigInt {
    digits.iter().rev().fold(BigInt::ZERO, |sum, digit| (sum << 29_u32) + digit)
}

/// The digits of the number modulo 2^(29 count).
fn digits_of(number: &BigInt, count: usize) -> Vec<i64> {
    let mut rest = number.clone();
    let digit = |_| {
        let low = u64::try_from(&rest & BigInt::from((1_u64 << 29) - 1)).unwrap().cast_signed();
        let digit = if low > MOST { low - (1 << 29) } else { low };
        rest = (&rest - digit) >> 29_u32;
        digit
    };
    (0..count).map(digit).collect()
}

/// How far from its extreme a digit chosen by [`steepest`] may be.
const WINDOW: i64 = 1 << 23;

/// A modulus, and the quotient for which a^2 + quotient * modulus is a multiple of R, all with digits near the given
/// extremes: at each place, modulus digits ever closer to 0 are tried until the quotient's digit is near its own extreme.
fn steepest(a: &[i64], modulus_extreme: i64, quotient_extreme: i64) -> (Vec<i64>, Vec<i64>) {
    let (mut modulus, mut quotient) = (Vec::<i64>::new(), Vec::<i64>::new());
    let mut rest = value(a) * value(a);
    for place in 0..a.len() {
        let owed = digits_of(&rest, 1)[0];
        // Not the extreme itself in the lowest place: its inverse is close to 1, and the search would fail at every other
        // place.
        let nearest = if place == 0 { 1001 } else { 0 };
        let found = (nearest..WINDOW).find_map(|inward| {
            let digit = modulus_extreme - inward * modulus_extreme.signum();
            let (lowest, of_digit) =
                if place == 0 { (digit, owed) } else { (modulus[0], owed.wrapping_add(digit * quotient[0])) };
            let inverse = i64::from(digits::negated_inverse(lowest.cast_unsigned()) as u32 >> 3);
            let chosen = digits_of(&(BigInt::from(of_digit) * inverse), 1)[0];
            let is_odd = place > 0 || digit % 2 != 0;
            (is_odd && (chosen - quotient_extreme).abs() < WINDOW).then_some((digit, chosen))
        });
        let (digit, chosen) = found.unwrap();
        // Add what the two new digits contribute at this place and above, then move down by one place.
        rest += value(&quotient) * digit;
        rest += value(&modulus) * chosen;
        rest += (BigInt::from(digit) * chosen) << (29 * place);
        modulus.push(digit);
        quotient.push(chosen);
        assert_eq!(digits_of(&rest, 1)[0], 0);
        rest >>= 29_u32;
    }
    (modulus, quotient)
}

fn pack<const B: usize>(lanes: &[Vec<i64>; 4]) -> Numbers<B> {
    let mut packed = [[Vector::ZERO; 4]; B];
    for (at, vector) in packed.as_flattened_mut().iter_mut().enumerate() {
        *vector = Vector(lanes.each_ref().map(|digits| digits[at].cast_unsigned()));
    }
    packed
}

/// The digits of each lane. Only the low halves of a quotient's digits count.
fn unpack<const B: usize>(packed: &Numbers<B>, is_quotient: bool) -> [Vec<i64>; 4] {
    let digit = |word: u64| if is_quotient { i64::from(word as u32 as i32) } else { word.cast_signed() };
    std::array::from_fn(|lane| packed.as_flattened().iter().map(|vector| digit(vector.0[lane])).collect())
}

type Step<const B: usize> = unsafe fn(&mut Numbers<B>, &Numbers<B>, &Moduli<B>, &mut Numbers<B>);

/// Checks `out R = number + quotient * modulus` modulo R^2 with the quotient that the kernel chose.
fn check<const B: usize>(
    step: Step<B>,
    a: &[Vec<i64>; 4],
    modulus: &[Vec<i64>; 4],
    number: impl Fn(&BigInt) -> BigInt,
    wanted_quotient: Option<&[Vec<i64>; 4]>,
) {
    let negated_inverse = modulus.each_ref().map(|digits| digits::negated_inverse(digits[0].cast_unsigned()));
    let moduli = Moduli { value: pack::<B>(modulus), negated_inverse: Vector(negated_inverse) };
    let (mut out, mut quotient) = (pack::<B>(a), pack::<B>(a));
    // SAFETY: the only caller has checked for AVX2.
    #[allow(unsafe_code, reason = "tests call the kernel as its wrapper does")]
    unsafe {
        step(&mut out, &pack::<B>(a), &moduli, &mut quotient);
    }
    let (out, quotient) = (unpack(&out, false), unpack(&quotient, true));
    if let Some(wanted) = wanted_quotient {
        assert_eq!(quotient, *wanted);
    }
    for lane in 0..4 {
        let total = number(&value(&a[lane])) + value(&quotient[lane]) * value(&modulus[lane]);
        let low_zeros = total.trailing_zeros().unwrap_or(u64::MAX);
        assert!(low_zeros >= 116 * B as u64, "{B} blocks, lane {lane}");
        assert_eq!(out[lane], digits_of(&(total >> (116 * B)), 4 * B), "{B} blocks, lane {lane}");
    }
}

fn extremes<const B: usize>() {
    let count = 4 * B;
    let all = |digit: i64| vec![digit; count];
    let odd = |digit: i64| {
        let mut digits = all(digit);
        digits[0] |= 1;
        digits
    };
    let alternating: Vec<i64> = (0..count).map(|at| if at % 2 == 0 { MOST } else { LEAST }).collect();
    let squared = |a: &BigInt| a * a;
    let itself = BigInt::clone;
    let numbers = [all(LEAST), all(MOST), all(BEYOND), alternating.clone()];
    let odds = [odd(LEAST), odd(MOST), alternating.clone(), odd(LEAST)];

    // Every number with every modulus.
    for turn in 0..4 {
        let mut turned = odds.clone();
        turned.rotate_left(turn);
        check::<B>(square::<B>, &numbers, &turned, squared, None);
        check::<B>(reduce::<B>, &numbers, &turned, itself, None);
    }
    // Number, modulus and quotient: every product of the middle sums is almost 2^56, or almost -2^56.
    let cases = [
        (odd(LEAST), LEAST, LEAST),
        (all(MOST), MOST, MOST),
        (alternating.clone(), LEAST, MOST),
        (alternating, MOST, LEAST),
    ];
    let numbers = cases.each_ref().map(|(number, _, _)| number.clone());
    let chosen = cases.each_ref().map(|(number, modulus, quotient)| steepest(number, *modulus, *quotient));
    let modulus = chosen.each_ref().map(|(modulus, _)| modulus.clone());
    check::<B>(square::<B>, &numbers, &modulus, squared, Some(&chosen.map(|(_, quotient)| quotient)));
}

#[test]
fn no_sum_overflows_with_extreme_digits() {
    if Avx2::detect().is_none() {
        println!("skipped: this CPU has no AVX2");
        return;
    }
    extremes::<9>();
    extremes::<14>();
    extremes::<18>();
}
