//! Assigns a sample to a part of a request: the first part that matches one of its frames.

use std::collections::BTreeMap;

/// A part of a request, with the threads and frames that belong to it.
struct Part {
    name: &'static str,
    /// The prefix of the thread's name; empty for any thread.
    thread: &'static str,
    /// Substrings of the names of its functions.
    frames: &'static [&'static str],
}

const OTHER: &str = "other";

/// The parts, in order of matching. Some assembly functions have incomplete call stacks, so they are listed themselves.
const PARTS: &[Part] = &[
    Part { name: "audit: write and sync", thread: "audit", frames: &["vfs_write", "fsync", "fdatasync", "ext4_"] },
    Part { name: "audit: chain and sign", thread: "audit", frames: &[""] },
    Part {
        name: "signature check",
        thread: "",
        frames: &["verify_pkcs1_sha256", "bn_sqr", "bn_mul", "bn_power", "BN_", "rsa_verify"],
    },
    Part {
        name: "key pair generation",
        thread: "",
        frames: &[
            "claviger_primes",
            "claviger_keygen",
            "k256::",
            "nistz256",
            "bignum_",
            "crypto_bigint",
            "primeorder",
            "elliptic_curve",
        ],
    },
    Part { name: "audit: record submission", thread: "", frames: &["claviger_audit"] },
    Part { name: "sockets", thread: "", frames: &["tcp_", "sock_", "inet_", "unix_", "__sys_recv", "__sys_send"] },
    Part { name: "TLS", thread: "", frames: &["rustls"] },
    Part { name: "encryption, decryption", thread: "", frames: &["aead", "gcm", "Aes256Gcm"] },
    Part {
        name: "permissions, cached keys",
        thread: "",
        frames: &["claviger_service", "claviger_store", "claviger_vault", "sqlite"],
    },
    Part { name: "headers and messages", thread: "", frames: &["claviger_wire", "prost", "base64"] },
    Part { name: "HTTP", thread: "", frames: &["hyper", "http::", "claviger_server"] },
    Part {
        name: "memory allocator",
        thread: "",
        frames: &["malloc", "_int_free", "cfree", "realloc", "calloc", "unlink_chunk"],
    },
    Part { name: "scheduling", thread: "", frames: &["futex", "epoll", "__schedule", "tokio::"] },
];

/// The names of all parts.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    PARTS.iter().map(|part| part.name).chain([OTHER])
}

/// The number of samples of each part.
#[derive(Debug, Default)]
pub(super) struct Shares {
    samples: BTreeMap<&'static str, u32>,
}

impl Shares {
    /// Counts the samples in the output of `perf script -F comm,ip,sym`: per sample a line with the thread's name, a line for
    /// each frame, and an empty line. `None` if there is no sample.
    pub(super) fn count(script: &str) -> Option<Self> {
        let mut shares = Self::default();
        for sample in script.split("\n\n").filter(|sample| !sample.trim().is_empty()) {
            let (thread, frames) = sample.trim_start().split_once('\n').unwrap_or((sample, ""));
            *shares.samples.entry(part_of(thread, frames)).or_default() += 1;
        }
        (!shares.samples.is_empty()).then_some(shares)
    }

    /// The share of a part, per cent.
    pub(super) fn of(&self, part: &str) -> f64 {
        let all: u32 = self.samples.values().sum();
        let some = self.samples.get(part).copied().unwrap_or(0);
        100.0 * f64::from(some) / f64::from(all.max(1))
    }
}

fn part_of(thread: &str, frames: &str) -> &'static str {
    let matches =
        |part: &&Part| thread.starts_with(part.thread) && part.frames.iter().any(|known| frames.contains(known));
    PARTS.iter().find(matches).map_or(OTHER, |part| part.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_go_to_the_first_part_that_matches() {
        let script = "audit \n\tff vfs_write\n\t1 claviger_audit::file::sync\n\n\
                      tokio-rt-worker \n\t1 bn_sqrx8x_internal\n\n\
                      tokio-rt-worker \n\t1 ff\n\t2 rustls::record_layer::RecordLayer::encrypt_outgoing\n\t3 hyper::proto\n\n\
                      tokio-rt-worker \n\t1 [unknown]\n\n";
        let shares = Shares::count(script).unwrap();
        for part in ["audit: write and sync", "signature check", "TLS", OTHER] {
            assert!((shares.of(part) - 25.0).abs() < 1e-9, "{part}: {shares:?}");
        }
        assert!((names().map(|part| shares.of(part)).sum::<f64>() - 100.0).abs() < 1e-9);
    }

    #[test]
    fn no_samples_give_no_table() {
        assert!(Shares::count("").is_none() && Shares::count("\n\n").is_none());
    }
}
