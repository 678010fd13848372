//! Eight 64-bit lanes in memory and in a register, and the two multiply-add instructions that the kernels use.
#![allow(unsafe_code, reason = "a load and a store of a whole register have no safe form in core::arch")]

use std::arch::x86_64::{__m512i, _mm512_load_si512, _mm512_madd52hi_epu64, _mm512_madd52lo_epu64, _mm512_store_si512};

use zeroize::Zeroize;

/// The 52 bits of a limb.
pub(super) const LIMB_MASK: u64 = (1 << 52) - 1;

/// One register's worth of lanes in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(64))]
pub(super) struct Vector(pub(super) [u64; 8]);

impl Vector {
    pub(super) const ZERO: Self = Self([0; 8]);
}

impl Zeroize for Vector {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load(from: &Vector) -> __m512i {
    // SAFETY: `from` points to 64 bytes, aligned to 64 by its type; the caller has AVX-512 F (target_feature).
    unsafe { _mm512_load_si512(std::ptr::from_ref(from).cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn store(to: &mut Vector, value: __m512i) {
    // SAFETY: `to` points to 64 writable bytes, aligned to 64 by its type; the caller has AVX-512 F (target_feature).
    unsafe { _mm512_store_si512(std::ptr::from_mut(to).cast(), value) }
}

/// `sum + (a * b mod 2^52)` in each lane, of the low 52 bits of `a` and `b`.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn add_low(sum: __m512i, a: __m512i, b: __m512i) -> __m512i {
    _mm512_madd52lo_epu64(sum, a, b)
}

/// `sum + floor(a * b / 2^52)` in each lane, of the low 52 bits of `a` and `b`.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn add_high(sum: __m512i, a: __m512i, b: __m512i) -> __m512i {
    _mm512_madd52hi_epu64(sum, a, b)
}
