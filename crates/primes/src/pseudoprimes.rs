//! For tests: composite numbers that pass Euler's test to base 2, found by a search.
//!
//! Each is p (2 p - 1) with both factors prime. A base that is a square modulo both factors does not reveal such a composite.

use num_bigint::BigUint;

const P: [&str; 3] = [
    "8e3130fa3aa6e320112131ab2c1928cc3589d0c20cdf6c2a007c27251cbfa3a022454c3e3ef6191834fbdd3e670ea08c\
     a2ec08cfdf0ed8249441943a3e55a819",
    "800816885d605bab26a2eb13dc605080f6b37ad0b28c462c859c9fc03be76304df19ecc6d598088537e99a331d4b923c\
     75c1d0c9a8ee9baf1332fadc2c7ff83ea59e54fb677d75909700494cbf2b7fda3de8ab72b32824f917c830e3d9a48cf5",
    "93858bcdbf61f8325525b0e5645a70642f9d0f0e351c4a0a311c81e4fd287de1aeda443564cadac0ac4560712df7b3a8\
     592253ed0f92eb604a9cb03e80281791c68cc4d014214d9d7bebd0a7cc6dedc8a2a6959db6dddeaa271555a479cfc802\
     6077c1db51bf7269a93c414ff634f4eeb6324aa606ad3d6a0d9f7f40b28dca45",
];

/// One number each of 1024, 1536 and 2048 bits.
pub(crate) fn all() -> [BigUint; 3] {
    P.map(|p| {
        let p = BigUint::parse_bytes(p.as_bytes(), 16).unwrap();
        &p * (&p * 2_u8 - 1_u8)
    })
}
