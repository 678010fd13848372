//! Detects that this machine's memory may have been copied: after a virtual machine is restored from a snapshot or cloned, the
//! same stock would be handed out twice. docs/security.md says which of these copies a process can detect.
//!
//! The evidence:
//! * the kernel announces that the generation of the virtual machine changed (`NEW_VMGENID`, if hypervisor and kernel support
//!   it);
//! * the wall clock was set by a second or more, as guest agents and time daemons do after a restore;
//! * the machine slept (`CLOCK_BOOTTIME` went on while `CLOCK_MONOTONIC` stood still), which includes hibernation, where
//!   memory is written to the disk;
//! * the boot id changed: the process was restored from a checkpoint.

use std::fmt;
use std::fs;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::netlink::{KOBJECT_UEVENT, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};
use rustix::time::{ClockId, clock_gettime};

/// A wall clock that moved by this much was set; time daemons adjust it by far less between two checks.
const STEP_MIN: Duration = Duration::from_secs(1);
/// Differences between the clocks below this are not sleep.
const SLEEP_MIN: Duration = Duration::from_millis(100);
/// If reading all clocks took less than this, the thread was not preempted between them.
const READ_MAX: Duration = Duration::from_millis(50);
/// How often the clocks are read again after a preempted read; the last read counts in any case.
const TRIES: usize = 8;
/// Kernel messages read in one check.
const MESSAGES_MAX: usize = 32;
/// A kernel message has at most 2 KiB.
const MESSAGE_BYTES: usize = 4096;

/// Why memory may have been copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SnapshotEvidence {
    /// The kernel announced a new generation of the virtual machine, or may have done so in a message that was lost.
    Generation,
    /// The wall clock was set.
    ClockSet,
    /// The machine slept.
    Slept,
    /// The boot id changed.
    OtherBoot,
}

impl fmt::Display for SnapshotEvidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Generation => "the kernel announced another generation of this virtual machine",
            Self::ClockSet => "the wall clock was set by a second or more",
            Self::Slept => "the machine slept",
            Self::OtherBoot => "the boot id changed",
        })
    }
}

/// The three clocks at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Clocks {
    wall: Duration,
    running: Duration,
    with_sleep: Duration,
}

/// Compares clocks, boot id and kernel messages with those of the previous check.
#[derive(Debug)]
pub(crate) struct SnapshotDetector {
    clocks: Clocks,
    boot_id: Option<String>,
    /// The kernel's device messages; most containers have no access to them.
    messages: Option<OwnedFd>,
}

impl SnapshotDetector {
    pub(crate) fn new() -> Self {
        Self { clocks: Clocks::now(), boot_id: boot_id(), messages: subscribe() }
    }

    /// Evidence since the previous check. Costs a few system calls.
    pub(crate) fn check(&mut self) -> Option<SnapshotEvidence> {
        let clocks = Clocks::now();
        let from_clocks = clocks.evidence_since(&std::mem::replace(&mut self.clocks, clocks));
        let is_announced = self.messages.as_ref().is_some_and(announces_generation);
        is_announced.then_some(SnapshotEvidence::Generation).or(from_clocks)
    }

    /// Like [`check`](Self::check), but compares the boot id as well.
    pub(crate) fn check_with_boot_id(&mut self) -> Option<SnapshotEvidence> {
        let mut is_other = false;
        // A boot id that cannot be read, for example for lack of file descriptors, is no evidence.
        if let Some(now) = boot_id() {
            is_other = self.boot_id.as_ref().is_some_and(|before| *before != now);
            self.boot_id = Some(now);
        }
        self.check().or_else(|| is_other.then_some(SnapshotEvidence::OtherBoot))
    }

    /// As if the wall clock had been set since the previous check.
    #[cfg(test)]
    pub(crate) fn pretend_the_clock_was_set(&mut self) {
        self.clocks.wall += STEP_MIN * 2;
    }
}

/// How long the machine has been up, including sleep. The age of a pair is measured with this clock.
pub(crate) fn time_since_boot() -> Duration {
    read(ClockId::Boottime)
}

impl Clocks {
    fn now() -> Self {
        let mut clocks = Self::read_once().0;
        for _ in 0..TRIES {
            let (read, took) = Self::read_once();
            clocks = read;
            // Otherwise this thread was preempted between two clocks, and they cannot be compared.
            if took < READ_MAX {
                break;
            }
        }
        clocks
    }

    fn read_once() -> (Self, Duration) {
        let running = read(ClockId::Monotonic);
        let clocks = Self { wall: read(ClockId::Realtime), running, with_sleep: read(ClockId::Boottime) };
        (clocks, read(ClockId::Monotonic).saturating_sub(running))
    }

    fn evidence_since(&self, before: &Self) -> Option<SnapshotEvidence> {
        let ran = self.running.saturating_sub(before.running);
        let slept = self.with_sleep.saturating_sub(before.with_sleep).saturating_sub(ran);
        if slept >= SLEEP_MIN {
            return Some(SnapshotEvidence::Slept);
        }
        let expected = before.wall.saturating_add(ran);
        (self.wall.abs_diff(expected) >= STEP_MIN).then_some(SnapshotEvidence::ClockSet)
    }
}

fn read(clock: ClockId) -> Duration {
    let read = clock_gettime(clock);
    // Only a wall clock before 1970 is negative.
    Duration::new(u64::try_from(read.tv_sec).unwrap_or(0), u32::try_from(read.tv_nsec).unwrap_or(0))
}

fn boot_id() -> Option<String> {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()
}

/// A socket that receives the kernel's device messages. Most containers refuse it.
fn subscribe() -> Option<OwnedFd> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, Some(KOBJECT_UEVENT)).ok()?;
    bind(&socket, &SocketAddrNetlink::new(0, 1)).ok()?;
    Some(socket)
}

fn announces_generation(socket: &OwnedFd) -> bool {
    let mut message = [0; MESSAGE_BYTES];
    for _ in 0..MESSAGES_MAX {
        match recv(socket, message.as_mut_slice(), RecvFlags::DONTWAIT) {
            Ok((len, _)) if message.get(..len).is_some_and(is_generation_message) => return true,
            Ok(_) | Err(Errno::INTR) => {}
            // Messages were lost, and the announcement may have been among them.
            Err(Errno::NOBUFS) => return true,
            Err(_) => return false,
        }
    }
    false
}

/// A message consists of `action@path` and `NAME=VALUE` strings, each terminated by a zero byte.
fn is_generation_message(message: &[u8]) -> bool {
    message.split(|byte| *byte == 0).any(|text| text == b"NEW_VMGENID=1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clocks(wall_ms: u64, running_ms: u64, with_sleep_ms: u64) -> Clocks {
        Clocks {
            wall: Duration::from_millis(wall_ms),
            running: Duration::from_millis(running_ms),
            with_sleep: Duration::from_millis(with_sleep_ms),
        }
    }

    #[test]
    fn clocks_that_diverge_are_evidence() {
        let before = clocks(1_000_000, 5_000, 7_000);
        let cases = [
            ((1_010_000, 15_000, 17_000), None),
            ((1_010_900, 15_000, 17_000), None),
            ((1_009_100, 15_000, 17_000), None),
            ((1_011_000, 15_000, 17_000), Some(SnapshotEvidence::ClockSet)),
            ((1_008_999, 15_000, 17_000), Some(SnapshotEvidence::ClockSet)),
            ((0, 15_000, 17_000), Some(SnapshotEvidence::ClockSet)),
            ((1_010_000, 15_000, 17_099), None),
            ((1_010_100, 15_000, 17_100), Some(SnapshotEvidence::Slept)),
            ((9_010_000, 15_000, 8_017_000), Some(SnapshotEvidence::Slept)),
        ];
        for ((wall, running, with_sleep), evidence) in cases {
            assert_eq!(
                clocks(wall, running, with_sleep).evidence_since(&before),
                evidence,
                "{wall} {running} {with_sleep}"
            );
        }
    }

    #[test]
    fn each_piece_of_evidence_is_seen_once() {
        let mut detector = SnapshotDetector::new();
        detector.pretend_the_clock_was_set();
        assert_eq!(detector.check(), Some(SnapshotEvidence::ClockSet));
        detector.boot_id = Some("another".to_owned());
        assert_eq!(detector.check_with_boot_id(), Some(SnapshotEvidence::OtherBoot));
        assert_ne!(detector.check_with_boot_id(), Some(SnapshotEvidence::OtherBoot));
    }

    #[test]
    fn the_announcement_is_recognised_among_other_messages() {
        let message = |texts: &[&str]| texts.join("\0").into_bytes();
        let path = "change@/devices/LNXSYSTM:00/VMGENCTR:00";
        assert!(is_generation_message(&message(&[path, "ACTION=change", "NEW_VMGENID=1", "SEQNUM=1873", ""])));
        for other in ["NEW_VMGENID=0", "NEW_VMGENID=11", "OLD_NEW_VMGENID=1", "SEQNUM=1"] {
            assert!(!is_generation_message(&message(&[path, "ACTION=change", other])), "{other}");
        }
        assert!(!is_generation_message(b""));
    }
}
