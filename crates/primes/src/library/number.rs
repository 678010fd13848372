//! AWS-LC's big numbers, and its constant-time Montgomery arithmetic modulo an odd number.
#![allow(unsafe_code, reason = "AWS-LC's big numbers have no safe interface")]

use std::ptr::{NonNull, null_mut};

use aws_lc_sys::{BIGNUM, BN_CTX, BN_MONT_CTX};
use zeroize::Zeroize;

use super::{LibraryFailed, succeeded};
use crate::words::inverse_of_odd;

/// A big number, wiped when dropped.
pub(crate) struct Number(NonNull<BIGNUM>);

// SAFETY: a BIGNUM is not tied to a thread; ownership and `&mut` guarantee exclusive access.
unsafe impl Send for Number {}

impl Number {
    fn new() -> Result<Self, LibraryFailed> {
        // SAFETY: no preconditions; null on failure.
        NonNull::new(unsafe { aws_lc_sys::BN_new() }).map(Self).ok_or(LibraryFailed)
    }

    /// The number with these little-endian words, stored at their full width whatever its value: a width that depended on the
    /// value would leak it, and the dual exponentiation needs full width.
    pub(crate) fn from_words(words: &[u64]) -> Result<Self, LibraryFailed> {
        // A null target requests a new number.
        read_words(words, null_mut()).map(Self)
    }

    /// Writes the little-endian words, with zeros above the value.
    #[cfg(test)]
    pub(crate) fn to_words(&self, words: &mut [u64]) -> Result<(), LibraryFailed> {
        let mut bytes = vec![0; 8 * words.len()];
        // SAFETY: the number is live; pointer and length are those of one exclusively borrowed buffer.
        succeeded(unsafe { aws_lc_sys::BN_bn2le_padded(bytes.as_mut_ptr(), bytes.len(), self.as_ptr()) })?;
        for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        Ok(())
    }

    /// The number's own words, at its full width.
    pub(crate) fn words_mut(&mut self) -> &mut [u64] {
        // SAFETY: the number is live and borrowed exclusively.
        let BIGNUM { d, width, .. } = unsafe { *self.as_mut_ptr() };
        match usize::try_from(width) {
            // SAFETY: `d` points to at least `width` initialized words, which the number owns; the result borrows the
            // number.
            Ok(width) if width > 0 && !d.is_null() => unsafe { std::slice::from_raw_parts_mut(d, width) },
            _ => &mut [],
        }
    }

    pub(super) const fn as_ptr(&self) -> *const BIGNUM {
        self.0.as_ptr()
    }

    const fn as_mut_ptr(&mut self) -> *mut BIGNUM {
        self.0.as_ptr()
    }

    /// Compares in constant time.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        // SAFETY: both numbers are live and only read.
        unsafe { aws_lc_sys::BN_equal_consttime(self.as_ptr(), other.as_ptr()) == 1 }
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        // SAFETY: the number is owned here and not used again.
        unsafe { aws_lc_sys::BN_clear_free(self.as_mut_ptr()) }
    }
}

/// Writes words into the number at `target`, which must be null or a live number that nothing else uses.
fn read_words(words: &[u64], target: *mut BIGNUM) -> Result<NonNull<BIGNUM>, LibraryFailed> {
    let mut bytes = [0; 8 * WORDS_MAX];
    let used = bytes.get_mut(..8 * words.len()).ok_or(LibraryFailed)?;
    for (bytes, word) in used.chunks_exact_mut(8).zip(words) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    // SAFETY: pointer and length are those of one borrowed buffer; both callers in this file pass null or a number of
    // their own.
    let number = unsafe { aws_lc_sys::BN_le2bn(used.as_ptr(), used.len(), target) };
    bytes.zeroize();
    NonNull::new(number).ok_or(LibraryFailed)
}

/// The longest number supported: a modulus of 4096 bits.
const WORDS_MAX: usize = 64;

/// The library's temporary numbers. They are wiped only when freed, so keep a `Scratch` no longer than one task.
pub(crate) struct Scratch(NonNull<BN_CTX>);

// SAFETY: a BN_CTX is not tied to a thread; `&mut` guarantees exclusive access.
unsafe impl Send for Scratch {}

impl Scratch {
    pub(crate) fn new() -> Result<Self, LibraryFailed> {
        // SAFETY: no preconditions; null on failure.
        NonNull::new(unsafe { aws_lc_sys::BN_CTX_new() }).map(Self).ok_or(LibraryFailed)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // SAFETY: owned here and not used again.
        unsafe { aws_lc_sys::BN_CTX_free(self.0.as_ptr()) }
    }
}

/// An odd modulus, ready for Montgomery arithmetic.
pub(crate) struct Modulus {
    number: Number,
    montgomery: NonNull<BN_MONT_CTX>,
}

// SAFETY: as for `Number`; this value alone owns what the pointer leads to.
unsafe impl Send for Modulus {}

impl Modulus {
    /// Prepares the modulus in constant time.
    pub(crate) fn new(words: &[u64], scratch: &mut Scratch) -> Result<Self, LibraryFailed> {
        let number = Number::from_words(words)?;
        // SAFETY: number and scratch are live; the library refuses an even or zero modulus with null.
        let montgomery = unsafe { aws_lc_sys::BN_MONT_CTX_new_consttime(number.as_ptr(), scratch.0.as_ptr()) };
        Ok(Self { number, montgomery: NonNull::new(montgomery).ok_or(LibraryFailed)? })
    }

    /// Prepares the modulus for squaring only, at its full width: without R^2, which squaring does not need. For filters, where
    /// speed matters and an error costs only time. Confirmation uses [`new`](Self::new).
    pub(crate) fn for_squaring(words: &[u64]) -> Result<Self, LibraryFailed> {
        let number = Number::from_words(words)?;
        // SAFETY: no preconditions; null on failure.
        let montgomery = NonNull::new(unsafe { aws_lc_sys::BN_MONT_CTX_new() }).ok_or(LibraryFailed)?;
        let mut modulus = Self { number, montgomery };
        // SAFETY: the values are live and owned here, and nothing else refers to them.
        let values = unsafe { modulus.montgomery.as_mut() };
        values.n0 = [inverse_of_odd(words.first().copied().unwrap_or(1)).wrapping_neg(), 0];
        read_words(words, &raw mut values.N)?;
        Ok(modulus)
    }

    /// Completes a modulus from [`for_squaring`](Self::for_squaring), so that it supports every operation.
    pub(crate) fn set_square_of_r(&mut self, square_of_r: &[u64]) -> Result<(), LibraryFailed> {
        // SAFETY: the values are live and owned here, and nothing else refers to them.
        let values = unsafe { self.montgomery.as_mut() };
        read_words(square_of_r, &raw mut values.RR).map(|_set| ())
    }

    /// `base^exponent`, in time that depends only on the width of the exponent. `base` must be below the modulus.
    pub(crate) fn power(
        &self,
        base: &Number,
        exponent: &Number,
        scratch: &mut Scratch,
    ) -> Result<Number, LibraryFailed> {
        let mut power = Number::new()?;
        // SAFETY: all numbers are live and distinct from the result, the Montgomery values belong to this modulus;
        // the library refuses a base that is not below the modulus.
        succeeded(unsafe {
            aws_lc_sys::BN_mod_exp_mont_consttime(
                power.as_mut_ptr(),
                base.as_ptr(),
                exponent.as_ptr(),
                self.number.as_ptr(),
                scratch.0.as_ptr(),
                self.montgomery.as_ptr(),
            )
        })?;
        Ok(power)
    }

    /// [`power`](Self::power) modulo two moduli at once. If the CPU has AVX-512 IFMA and every number is as wide as the moduli,
    /// this takes hardly longer than one.
    pub(crate) fn powers(
        moduli: [&Self; 2],
        bases: [&Number; 2],
        exponents: [&Number; 2],
        scratch: &mut Scratch,
    ) -> Result<[Number; 2], LibraryFailed> {
        let mut powers = [Number::new()?, Number::new()?];
        let [first, second] = &mut powers;
        // SAFETY: as for `power`, twice; the two results are distinct.
        succeeded(unsafe {
            aws_lc_sys::BN_mod_exp_mont_consttime_x2(
                first.as_mut_ptr(),
                bases[0].as_ptr(),
                exponents[0].as_ptr(),
                moduli[0].number.as_ptr(),
                moduli[0].montgomery.as_ptr(),
                second.as_mut_ptr(),
                bases[1].as_ptr(),
                exponents[1].as_ptr(),
                moduli[1].number.as_ptr(),
                moduli[1].montgomery.as_ptr(),
                scratch.0.as_ptr(),
            )
        })?;
        Ok(powers)
    }

    /// `number * R`, where R is 2 to the width of the modulus in bits. `number` must be below the modulus.
    pub(crate) fn to_montgomery(&self, number: &Number, scratch: &mut Scratch) -> Result<Number, LibraryFailed> {
        let mut product = Number::new()?;
        // SAFETY: all numbers are live, the Montgomery values belong to this modulus.
        succeeded(unsafe {
            aws_lc_sys::BN_to_montgomery(
                product.as_mut_ptr(),
                number.as_ptr(),
                self.montgomery.as_ptr(),
                scratch.0.as_ptr(),
            )
        })?;
        Ok(product)
    }

    /// `number / R`: out of Montgomery form. `number` must be below R times the modulus.
    pub(crate) fn out_of_montgomery(&self, number: &Number, scratch: &mut Scratch) -> Result<Number, LibraryFailed> {
        let mut quotient = Number::new()?;
        // SAFETY: all numbers are live, the Montgomery values belong to this modulus.
        succeeded(unsafe {
            aws_lc_sys::BN_from_montgomery(
                quotient.as_mut_ptr(),
                number.as_ptr(),
                self.montgomery.as_ptr(),
                scratch.0.as_ptr(),
            )
        })?;
        Ok(quotient)
    }

    /// `number^2 / R` in place: the square of a number in Montgomery form.
    pub(crate) fn square(&self, number: &mut Number, scratch: &mut Scratch) -> Result<(), LibraryFailed> {
        let at = number.as_mut_ptr();
        // SAFETY: the number is live and may be both factors and result; the Montgomery values belong to this
        // modulus.
        succeeded(unsafe {
            aws_lc_sys::BN_mod_mul_montgomery(at, at, at, self.montgomery.as_ptr(), scratch.0.as_ptr())
        })
    }
}

impl Drop for Modulus {
    fn drop(&mut self) {
        // SAFETY: owned here and not used again; the library wipes what it frees.
        unsafe { aws_lc_sys::BN_MONT_CTX_free(self.montgomery.as_ptr()) }
    }
}
