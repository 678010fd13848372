//! Many RSA pairs, checked with libraries that took no part in making them: `crypto-primes` for primality (Baillie-PSW) and
//! `num-bigint` for everything that FIPS 186-5 A.1.1 and A.1.3 require of a key. No prime may occur twice, and the primes' top
//! bits, bottom bits and small residues must be distributed as the standard's method distributes them.
//!
//! `CLAVIGER_KEYS` sets how many pairs of 2048, 3072 and 4096 bits are made (default `300/40/10`), `CLAVIGER_ENGINE` by which
//! engine. The slow stage `keys` of `cargo xtask test` makes 100,000, 10,000 and 3,000.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "a test fails by panicking")]

use std::collections::HashSet;

use claviger_keygen::{DirectGenerator, EngineKind, PairSpec};
use crypto_bigint::{U1024, U1536, U2048};
use crypto_primes::{Flavor, is_prime};
use num_bigint::BigUint;
use num_integer::Integer;

const SPECS: [(PairSpec, usize); 3] = [(PairSpec::Rsa2048, 2048), (PairSpec::Rsa3072, 3072), (PairSpec::Rsa4096, 4096)];

/// The tags and contents of the DER values in `der`.
fn values(mut der: &[u8]) -> Vec<(u8, &[u8])> {
    let mut values = Vec::new();
    while !der.is_empty() {
        let (tag, first) = (der[0], usize::from(der[1]));
        let long = first.saturating_sub(0x80);
        let length =
            if long == 0 { first } else { der[2..2 + long].iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)) };
        values.push((tag, &der[2 + long..2 + long + length]));
        der = &der[2 + long + length..];
    }
    values
}

/// n, e, d, p, q, dP, dQ, qInv of a PKCS#8 private key.
fn numbers(pkcs8: &[u8]) -> [BigUint; 8] {
    let info = values(values(pkcs8)[0].1);
    let key = values(values(info[2].1)[0].1);
    assert_eq!((info.len(), key.len(), key[0].1), (3, 9, &[0][..]));
    std::array::from_fn(|index| BigUint::from_bytes_be(key[index + 1].1))
}

/// Checks everything that the standard requires of one pair, and returns its primes.
fn check(bits: usize, pkcs8: &[u8], spki: &[u8]) -> [BigUint; 2] {
    let [n, e, d, p, q, d_p, d_q, q_inverse] = numbers(pkcs8);
    let one = BigUint::from(1_u8);
    let half = bits / 2;
    assert_eq!(e, BigUint::from(65537_u32));
    assert!(n == &p * &q && n.bits() == bits as u64);
    // The bit string of the SPKI holds the PKCS#1 public key after its count of unused bits.
    let info = values(values(spki)[0].1);
    let public = values(values(&info[1].1[1..])[0].1);
    assert_eq!((BigUint::from_bytes_be(public[0].1), BigUint::from_bytes_be(public[1].1)), (n, e.clone()));
    for prime in [&p, &q] {
        // At least sqrt(2) * 2^(half - 1), and of half bits.
        assert!((prime * prime).bits() == 2 * half as u64 && prime.bits() == half as u64);
        assert!(is_prime_here(half, prime), "{prime}");
        assert_eq!((prime - 1_u8).gcd(&e), one);
    }
    let difference = if p > q { &p - &q } else { &q - &p };
    assert!(difference > &one << (half - 100));
    let lcm = (&p - 1_u8).lcm(&(&q - 1_u8));
    assert!(&d * &e % &lcm == one && d < lcm && d > &one << half);
    assert!(d_p == &d % (&p - 1_u8) && d_q == &d % (&q - 1_u8) && q_inverse < p && q_inverse * &q % &p == one);
    [p, q]
}

fn is_prime_here(bits: usize, number: &BigUint) -> bool {
    let mut bytes = number.to_bytes_le();
    bytes.resize(bits / 8, 0);
    match bits {
        1024 => is_prime(Flavor::Any, &U1024::from_le_slice(&bytes)),
        1536 => is_prime(Flavor::Any, &U1536::from_le_slice(&bytes)),
        _ => is_prime(Flavor::Any, &U2048::from_le_slice(&bytes)),
    }
}

/// Makes and checks `count` pairs, using every core; their primes.
fn made_and_checked(kind: EngineKind, spec: PairSpec, bits: usize, count: usize) -> Vec<BigUint> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let work = |core: usize| {
        let mut generator = DirectGenerator::new(kind, spec).unwrap();
        let mut primes = Vec::new();
        for made in 0..(count + cores - 1 - core) / cores {
            let (public_key, private_key) = generator.next_pair().unwrap().into_parts();
            primes.extend(check(bits, private_key.reveal(), &public_key));
            if made % 1000 == 999 && core == 0 {
                println!("{}: {} of {count}", spec.name(), (made + 1) * cores);
            }
        }
        primes
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..cores).map(|core| scope.spawn(move || work(core))).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

/// How far the chi-square value is from that expected for equal classes, in standard deviations of the normal distribution
/// (Wilson and Hilferty's approximation).
fn deviation(counts: &[usize]) -> f64 {
    let classes = counts.len() as f64;
    let expected = counts.iter().sum::<usize>() as f64 / classes;
    let chi_square: f64 = counts.iter().map(|count| (*count as f64 - expected).powi(2) / expected).sum();
    let spread = 2.0 / (9.0 * (classes - 1.0));
    ((chi_square / (classes - 1.0)).cbrt() - (1.0 - spread)) / spread.sqrt()
}

/// Primes are distributed evenly over the range (their density falls by a thousandth from end to end, too little to show here)
/// and, by Dirichlet's theorem, over the residue classes that are coprime to a modulus.
fn check_distribution(name: &str, bits: usize, primes: &[BigUint]) {
    let classes = |count: usize, class: &dyn Fn(&BigUint) -> usize| {
        let mut counts = vec![0; count];
        primes.iter().for_each(|prime| counts[class(prime)] += 1);
        counts
    };
    let mut tests = vec![(
        String::from("top bits"),
        classes(32, &|prime| {
            let top = (prime >> (bits / 2 - 53)).to_u64_digits()[0] as f64 / f64::from(2).powi(53);
            let least = f64::sqrt(0.5);
            (((top - least) / (1.0 - least) * 32.0) as usize).min(31)
        }),
    )];
    tests.push((String::from("bottom bits"), classes(32, &|prime| (prime.to_u64_digits()[0] >> 1 & 31) as usize)));
    for modulus in [3_u32, 5, 7, 11, 13] {
        let class = |prime: &BigUint| (prime % modulus).to_u64_digits()[0] as usize - 1;
        tests.push((format!("modulo {modulus}"), classes(modulus as usize - 1, &class)));
    }
    for (what, counts) in tests {
        let deviation = deviation(&counts);
        println!("{name}: {what}: {deviation:+.2} standard deviations");
        // A correct generator is this far off once in 10^9 tests.
        assert!(deviation.abs() < 6.0, "{name}: {what}: {deviation} {counts:?}");
    }
}

#[test]
fn pairs_are_as_the_standard_requires() {
    let counts = std::env::var("CLAVIGER_KEYS").unwrap_or_else(|_unset| String::from("300/40/10"));
    let counts: Vec<usize> = counts.split('/').map(|count| count.parse().unwrap()).collect();
    assert_eq!(counts.len(), SPECS.len(), "CLAVIGER_KEYS must be three numbers with / between");
    let kind = std::env::var("CLAVIGER_ENGINE").map_or(EngineKind::Auto, |name| EngineKind::parse(&name).unwrap());
    let mut seen = HashSet::new();
    for ((spec, bits), count) in SPECS.into_iter().zip(counts) {
        let primes = made_and_checked(kind, spec, bits, count);
        assert_eq!(primes.len(), 2 * count);
        println!("{}: {count} pairs by engine {kind}, none fails", spec.name());
        if count >= 200 {
            check_distribution(spec.name(), bits, &primes);
        }
        // Both factors of every modulus are known and prime, so two moduli share a factor exactly if a prime occurs
        // twice.
        for prime in primes {
            assert!(seen.insert(prime.to_bytes_le()), "made twice: {prime}");
        }
    }
    println!("{} primes, none twice", seen.len());
}

#[test]
fn the_checks_can_fail() {
    let mut generator = DirectGenerator::new(EngineKind::Auto, PairSpec::Rsa2048).unwrap();
    let [_, _, _, p, q, ..] = numbers(generator.next_pair().unwrap().into_parts().1.reveal());
    assert!(is_prime_here(1024, &p) && is_prime_here(1024, &q));
    assert!(!is_prime_here(2048, &(&p * &q)));
    assert!(deviation(&[100; 32]) < -6.0 && deviation(&[90, 110, 100, 200, 20, 100, 100, 100]) > 6.0);
    assert!(deviation(&[95, 108, 101, 90, 104, 97, 110, 99]).abs() < 3.0);
}
