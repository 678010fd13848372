//! What a private key looks like in memory: the secret numbers of its PKCS#8 in every form that code may hold them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Bytes of one fragment: long enough never to match by chance, short enough to find parts of a key.
pub(crate) const FRAGMENT_BYTES: usize = 16;

/// The fragments to search for, each with the key and form it comes from.
pub(crate) struct KeyFragments {
    pub(crate) fragments: Vec<([u8; FRAGMENT_BYTES], String)>,
}

impl KeyFragments {
    /// The fragments of each named private key, DER or PEM.
    pub(crate) fn of(keys: &[(String, Vec<u8>)]) -> Self {
        let mut fragments = Vec::new();
        for (name, key) in keys {
            for (form, bytes) in forms(key) {
                for (place, window) in bytes.windows(FRAGMENT_BYTES).enumerate().step_by(FRAGMENT_BYTES / 2) {
                    fragments.push((window.try_into().unwrap(), format!("{name}: {form} at {place}")));
                }
            }
        }
        Self { fragments }
    }

    pub(crate) fn len(&self) -> usize {
        self.fragments.len()
    }
}

/// The forms of one number of the key, to be planted.
pub(crate) fn forms_to_plant(key: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut forms = forms(key);
    forms.retain(|(name, bytes)| name.starts_with("p,") && bytes.len() > 2 * FRAGMENT_BYTES);
    forms
}

fn forms(key: &[u8]) -> Vec<(String, Vec<u8>)> {
    let der = der_of(key);
    let mut forms = Vec::new();
    for (name, range) in secret_numbers(&der) {
        let number = &der[range.clone()];
        let reversed: Vec<u8> = number.iter().rev().copied().collect();
        forms.push((format!("{name}, radix 2^52"), radix_52(&reversed)));
        forms.push((format!("{name}, radix 2^29"), radix_29(&reversed)));
        forms.push((format!("{name}, little-endian"), reversed));
        forms.push((format!("{name}, big-endian"), number.to_vec()));
        // Base64 of the number alone, aligned as in the whole key.
        let start = range.start.next_multiple_of(3);
        let end = range.end - (range.end - start) % 3;
        // 48 bytes are one line of PEM; the lines are searched for without their ends.
        let mut at = start;
        while at < end {
            let line_end = (at / 48 + 1) * 48;
            let stop = line_end.min(end);
            forms.push((format!("{name}, Base64"), STANDARD.encode(&der[at..stop]).into_bytes()));
            at = stop;
        }
    }
    forms.retain(|(_, bytes)| bytes.len() >= FRAGMENT_BYTES);
    forms
}

fn der_of(key: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(key) else { return key.to_vec() };
    let lines = text.lines().filter(|line| !line.starts_with("-----"));
    STANDARD.decode(lines.collect::<String>()).unwrap()
}

/// Where the secret numbers of a PKCS#8 lie.
fn secret_numbers(der: &[u8]) -> Vec<(&'static str, std::ops::Range<usize>)> {
    let outer = values(der, value(der, 0).1);
    let inner = values(der, value(der, outer[2].1.start).1);
    if inner.len() < 9 {
        // SEC 1: version, the scalar, ...
        return vec![("scalar", inner[1].1.clone())];
    }
    // PKCS#1: version, n, e, d, p, q, dP, dQ, qInv.
    let names = ["d", "p", "q", "dP", "dQ", "qInv"];
    let numbers = inner[3..9].iter().map(|(tag, range)| {
        assert_eq!(*tag, 2);
        let leading = usize::from(der[range.start] == 0);
        range.start + leading..range.end
    });
    names.into_iter().zip(numbers).collect()
}

/// The values inside `range`, with their tags.
fn values(der: &[u8], range: std::ops::Range<usize>) -> Vec<(u8, std::ops::Range<usize>)> {
    let mut values = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let (tag, inside) = value(der, at);
        at = inside.end;
        values.push((tag, inside));
    }
    values
}

fn value(der: &[u8], at: usize) -> (u8, std::ops::Range<usize>) {
    let first = usize::from(der[at + 1]);
    let (len, start) = match first {
        0x81 => (usize::from(der[at + 2]), at + 3),
        0x82 => (usize::from(der[at + 2]) * 256 + usize::from(der[at + 3]), at + 4),
        short => (short, at + 2),
    };
    (der[at], start..start + len)
}

/// Limbs of 52 bits in words of 64, as the kernel for IFMA holds them.
fn radix_52(little_endian: &[u8]) -> Vec<u8> {
    limbs(little_endian, 52).into_iter().flat_map(u64::to_le_bytes).collect()
}

/// Digits of 29 bits from -2^28 to 2^28 - 1 in words of 64, as the kernel for AVX2 holds them.
fn radix_29(little_endian: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let digits = limbs(little_endian, 29).into_iter().map(|limb| {
        let digit = limb + carry;
        carry = u64::from(digit >= 1 << 28);
        digit.wrapping_sub(carry << 29)
    });
    digits.flat_map(u64::to_le_bytes).collect()
}

fn limbs(little_endian: &[u8], width: usize) -> Vec<u64> {
    let bit = |n: usize| little_endian.get(n / 8).map_or(0, |byte| u64::from(byte >> (n % 8) & 1));
    let count = (little_endian.len() * 8).div_ceil(width);
    (0..count).map(|limb| (0..width).map(|n| bit(limb * width + n) << n).sum()).collect()
}
