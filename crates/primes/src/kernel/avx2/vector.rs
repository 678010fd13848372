//! Four 64-bit lanes in memory and in a register, and the multiply-add that the kernel uses.
#![allow(unsafe_code, reason = "a load and a store of a whole register have no safe form in core::arch")]

use std::arch::x86_64::{__m256i, _mm256_add_epi64, _mm256_load_si256, _mm256_mul_epi32, _mm256_store_si256};

use zeroize::Zeroize;

/// One register's worth of lanes in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(32))]
pub(super) struct Vector(pub(super) [u64; 4]);

impl Vector {
    pub(super) const ZERO: Self = Self([0; 4]);
}

impl Zeroize for Vector {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load(from: &Vector) -> __m256i {
    // SAFETY: `from` points to 32 bytes, aligned to 32 by its type; the caller has AVX2 (target_feature).
    unsafe { _mm256_load_si256(std::ptr::from_ref(from).cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn store(to: &mut Vector, value: __m256i) {
    // SAFETY: `to` points to 32 writable bytes, aligned to 32 by its type; the caller has AVX2 (target_feature).
    unsafe { _mm256_store_si256(std::ptr::from_mut(to).cast(), value) }
}

/// `sum + a * b` in each lane, of the low 32 bits of `a` and `b` as signed numbers, modulo 2^64.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn add_product(sum: __m256i, a: __m256i, b: __m256i) -> __m256i {
    _mm256_add_epi64(sum, _mm256_mul_epi32(a, b))
}
