//! Test candidates for both kernels, in groups that fill their lanes.

use num_bigint::BigUint;

use crate::plain::passes_euler;
use crate::pseudoprimes;

/// Groups of numbers of `bits` bits: primes in each lane with composites in the others (if `bits` is 1024), pseudoprimes to
/// base 2, and extreme values.
pub(super) fn groups(bits: usize, lanes: usize) -> Vec<Vec<BigUint>> {
    let mut groups = Vec::new();
    if bits == 1024 {
        for prime in primes() {
            assert!(passes_euler(&prime));
            groups.push(vec![prime.clone(); lanes]);
            groups.extend((0..lanes).map(|lane| {
                let beside = |at: usize| if at == lane { prime.clone() } else { &prime + 2 * (at + 1) };
                (0..lanes).map(beside).collect()
            }));
        }
    }
    for pseudoprime in pseudoprimes::all().into_iter().filter(|number| number.bits() == bits as u64) {
        assert!(passes_euler(&pseudoprime));
        let mut group = vec![pseudoprime.clone(); lanes];
        group[lanes - 1] += 2_u8;
        groups.push(group);
    }
    groups.extend(extremes(bits).chunks_exact(lanes).map(<[BigUint]>::to_vec));
    groups
}

fn extremes(bits: usize) -> [BigUint; 8] {
    let one = BigUint::from(1_u8);
    let full: BigUint = (&one << bits) - 1_u8;
    let least: BigUint = (&one << (bits - 1)) + 1_u8;
    [
        full.clone(),
        least.clone(),
        &full - 2_u8,
        &least + 2_u8,
        &full ^ (&one << 52_u32),
        &full ^ (&one << 600_u32),
        &least + (&one << 260_u32),
        full - (&one << (bits - 64)),
    ]
}

/// Two primes of 1024 bits from AWS-LC's own generator, so that no search is needed.
fn primes() -> Vec<BigUint> {
    let key = claviger_crypto::rsa::PrivateKey::generate_2048().unwrap().pkcs8_der().unwrap();
    // The two primes are the only INTEGERs of 129 bytes (a zero before the set top bit).
    let der = key.reveal();
    let starts = der.windows(4).enumerate().filter(|(_, head)| **head == [2, 0x81, 0x81, 0]).map(|(at, _)| at + 4);
    let primes: Vec<_> = starts.map(|at| BigUint::from_bytes_be(&der[at..at + 128])).take(2).collect();
    assert_eq!(primes.len(), 2);
    primes
}
