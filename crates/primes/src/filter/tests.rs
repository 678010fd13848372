//! Every filter, compared with a plain implementation.

use num_bigint::BigUint;

#[cfg(target_arch = "x86_64")]
use super::avx2::Avx2Filter;
use super::dual::DualFilter;
#[cfg(target_arch = "x86_64")]
use super::ifma::IfmaFilter;
use super::scalar::ScalarFilter;
use super::*;
use crate::draw::Random;
#[cfg(target_arch = "x86_64")]
use crate::kernel::{Avx2, Ifma};
use crate::plain::{number, passes_euler as passes, words};
use crate::pseudoprimes;
use crate::words::zeros;

fn wiped(number: &BigUint, len: usize) -> Words {
    let mut wiped = zeros(len);
    wiped.copy_from_slice(&words(number, len));
    wiped
}

fn check(filter: &mut dyn Filter, numbers: &[BigUint], len: usize) {
    for group in numbers.chunks(filter.batch_size()) {
        let mut group: Vec<Words> = group.iter().map(|number| wiped(number, len)).collect();
        while group.len() < filter.batch_size() {
            group.extend(group.first().cloned());
        }
        let verdicts = filter.test(&group).unwrap();
        for (place, words) in group.iter().enumerate() {
            let w = number(words);
            assert_eq!(verdicts >> place & 1 == 1, passes(&w), "{w} in place {place} of {}", filter.batch_size());
        }
    }
}

/// Primes and composites of this length, including extreme values.
fn numbers(len: usize) -> Vec<BigUint> {
    let one = BigUint::from(1_u8);
    let full: BigUint = (&one << (64 * len)) - 1_u8;
    let least: BigUint = (&one << (64 * len - 1)) + 1_u8;
    let mut numbers = vec![full.clone(), &full - 2_u8, least.clone(), &least + 2_u8, &full ^ (&one << 64_u32)];
    numbers.extend(pseudoprimes::all().into_iter().filter(|number| number.bits() == 64 * len as u64));
    let mut random = Random::new();
    let mut words = vec![0; len];
    while numbers.len() < 24 {
        if random.candidate(&mut words).unwrap() {
            numbers.push(number(&words));
        }
    }
    if len == 16 {
        let mut search = crate::search::Search::new(
            claviger_crypto::rsa::ModulusLength::Bits2048,
            crate::division::Division::portable(16),
            Box::new(DualFilter),
            true,
        );
        numbers.extend(search.two_primes().map(|prime| number(&prime)));
    }
    numbers
}

#[test]
fn every_filter_agrees_with_a_plain_implementation() {
    for len in [16, 24, 32] {
        let numbers = numbers(len);
        assert!(numbers.iter().any(passes) && !numbers.iter().all(passes));
        check(&mut DualFilter, &numbers, len);
        check(&mut ScalarFilter, &numbers, len);
        #[cfg(target_arch = "x86_64")]
        if let Some(cpu) = Ifma::detect() {
            match len {
                16 => check(&mut IfmaFilter::<4>::new(cpu), &numbers, len),
                24 => check(&mut IfmaFilter::<6>::new(cpu), &numbers, len),
                _ => check(&mut IfmaFilter::<8>::new(cpu), &numbers, len),
            }
        } else {
            println!("skipped ifma: this CPU has no AVX-512 IFMA");
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(cpu) = Avx2::detect() {
            match len {
                16 => check(&mut Avx2Filter::<9>::new(cpu), &numbers, len),
                24 => check(&mut Avx2Filter::<14>::new(cpu), &numbers, len),
                _ => check(&mut Avx2Filter::<18>::new(cpu), &numbers, len),
            }
        } else {
            println!("skipped avx2: this CPU has no AVX2");
        }
    }
}
