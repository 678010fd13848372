//! The key derivation function of ANSI X9.63 (SEC 1 version 2.0 section 3.6.1), which is also that of SM2 (GB/T 32918.4
//! section 5.4.3): Hash(Z || counter) with a four-byte counter starting at 1, without shared information.

use zeroize::{Zeroize as _, Zeroizing};

/// Derives `len` bytes from the shared secret `z`. `None` if the counter would overflow.
pub(crate) fn derive<const N: usize>(
    hash: impl Fn(&[&[u8]]) -> [u8; N],
    z: &[u8],
    len: usize,
) -> Option<Zeroizing<Vec<u8>>> {
    let mut out = Zeroizing::new(vec![0; len]);
    for (index, block) in out.chunks_mut(N).enumerate() {
        let counter = u32::try_from(index).ok()?.checked_add(1)?;
        let mut digest = hash(&[z, &counter.to_be_bytes()]);
        // The last block is truncated on the right (3.6.1 step 5).
        for (to, from) in block.iter_mut().zip(&digest) {
            *to = *from;
        }
        digest.zeroize();
    }
    Some(out)
}

/// XORs `data` with a key stream of the same length.
pub(crate) fn xor(data: &[u8], key_stream: &[u8]) -> Vec<u8> {
    data.iter().zip(key_stream).map(|(byte, key)| byte ^ key).collect()
}
