//! Signs that this machine's memory was copied: a virtual machine restored from a snapshot or cloned would hand out the
//! same stock twice. What can be seen from inside a process, and what it cannot see, is told in docs/security.md.
//!
//! * the kernel's own notice that the generation of the virtual machine changed (`NEW_VMGENID`, where the hypervisor and the kernel have it),
//! * the wall clock set by a second or more, which guest agents and time daemons do after a restore,
//! * time during which the machine slept (`CLOCK_BOOTTIME` runs on, `CLOCK_MONOTONIC` does not): also hibernation, which
//!   writes memory to the disk,
//! * another boot id: the process was restored from a checkpoint.

use std::fmt;
use std::fs;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::netlink::{KOBJECT_UEVENT, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};
use rustix::time::{ClockId, clock_gettime};

/// A wall clock that moved by this much was set; what time daemons do between two looks is far less.
const STEP_MIN: Duration = Duration::from_secs(1);
/// Sleep shorter than this is none.
const SLEEP_MIN: Duration = Duration::from_millis(100);
/// Two looks at one clock closer than this had nothing between them.
const STRETCH_MAX: Duration = Duration::from_millis(50);
/// Looks at the clocks before one that was interrupted is taken as it is.
const TRIES: usize = 8;
/// Kernel notices read at one look.
const NOTICES_MAX: usize = 32;
/// A kernel notice is at most 2 KiB of text.
const NOTICE_BYTES: usize = 4096;

/// What was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    /// The kernel says that the virtual machine has another generation, or it said more than could be heard.
    Generation,
    /// The wall clock was set.
    ClockSet,
    /// The machine slept.
    Slept,
    /// The process runs under another boot.
    OtherBoot,
}

impl fmt::Display for Sign {
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

/// Remembers what it saw last.
#[derive(Debug)]
pub(crate) struct Witness {
    clocks: Clocks,
    boot_id: Option<String>,
    /// The kernel's notices, where it lets us hear them.
    notices: Option<OwnedFd>,
}

impl Witness {
    pub(crate) fn new() -> Self {
        Self { clocks: Clocks::now(), boot_id: boot_id(), notices: listen() }
    }

    /// What happened since the last look; a few system calls at most.
    pub(crate) fn look(&mut self) -> Option<Sign> {
        let clocks = Clocks::now();
        let sign = clocks.sign_since(&std::mem::replace(&mut self.clocks, clocks));
        let announced = self.notices.as_ref().is_some_and(announces_generation).then_some(Sign::Generation);
        announced.or(sign)
    }

    /// As [`look`](Self::look), and reads the boot id.
    pub(crate) fn look_closely(&mut self) -> Option<Sign> {
        let mut is_other = false;
        // One that cannot be read, for want of a file descriptor say, is no sign of anything.
        if let Some(now) = boot_id() {
            is_other = self.boot_id.as_ref().is_some_and(|before| *before != now);
            self.boot_id = Some(now);
        }
        self.look().or_else(|| is_other.then_some(Sign::OtherBoot))
    }

    /// As if the wall clock had been set since the last look.
    #[cfg(test)]
    pub(crate) fn pretend_the_clock_was_set(&mut self) {
        self.clocks.wall += STEP_MIN * 2;
    }
}

/// Time that the machine has been up, sleep included: what the age of a pair is measured by.
pub(crate) fn time_since_boot() -> Duration {
    read(ClockId::Boottime)
}

impl Clocks {
    fn now() -> Self {
        let mut clocks = Self::read_once().0;
        for _ in 0..TRIES {
            let (read, took) = Self::read_once();
            clocks = read;
            // Otherwise this thread was stopped between two clocks, and they do not belong together.
            if took < STRETCH_MAX {
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

    fn sign_since(&self, before: &Self) -> Option<Sign> {
        let ran = self.running.saturating_sub(before.running);
        let slept = self.with_sleep.saturating_sub(before.with_sleep).saturating_sub(ran);
        if slept >= SLEEP_MIN {
            return Some(Sign::Slept);
        }
        let expected = before.wall.saturating_add(ran);
        (self.wall.abs_diff(expected) >= STEP_MIN).then_some(Sign::ClockSet)
    }
}

fn read(clock: ClockId) -> Duration {
    let read = clock_gettime(clock);
    // Negative only before 1970.
    Duration::new(u64::try_from(read.tv_sec).unwrap_or(0), u32::try_from(read.tv_nsec).unwrap_or(0))
}

fn boot_id() -> Option<String> {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()
}

/// A socket that hears what the kernel tells about devices; refused in most containers.
fn listen() -> Option<OwnedFd> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, Some(KOBJECT_UEVENT)).ok()?;
    bind(&socket, &SocketAddrNetlink::new(0, 1)).ok()?;
    Some(socket)
}

fn announces_generation(socket: &OwnedFd) -> bool {
    let mut notice = [0; NOTICE_BYTES];
    for _ in 0..NOTICES_MAX {
        match recv(socket, notice.as_mut_slice(), RecvFlags::DONTWAIT) {
            Ok((len, _)) if notice.get(..len).is_some_and(is_generation_notice) => return true,
            Ok(_) | Err(Errno::INTR) => {}
            // Notices were lost; this one may have been among them.
            Err(Errno::NOBUFS) => return true,
            Err(_) => return false,
        }
    }
    false
}

/// A notice is `action@path` and `NAME=VALUE` texts, each ended by a zero byte.
fn is_generation_notice(notice: &[u8]) -> bool {
    notice.split(|byte| *byte == 0).any(|text| text == b"NEW_VMGENID=1")
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
    fn clocks_that_part_are_a_sign() {
        let before = clocks(1_000_000, 5_000, 7_000);
        let cases = [
            ((1_010_000, 15_000, 17_000), None),
            ((1_010_900, 15_000, 17_000), None),
            ((1_009_100, 15_000, 17_000), None),
            ((1_011_000, 15_000, 17_000), Some(Sign::ClockSet)),
            ((1_008_999, 15_000, 17_000), Some(Sign::ClockSet)),
            ((0, 15_000, 17_000), Some(Sign::ClockSet)),
            ((1_010_000, 15_000, 17_099), None),
            ((1_010_100, 15_000, 17_100), Some(Sign::Slept)),
            ((9_010_000, 15_000, 8_017_000), Some(Sign::Slept)),
        ];
        for ((wall, running, with_sleep), sign) in cases {
            assert_eq!(clocks(wall, running, with_sleep).sign_since(&before), sign, "{wall} {running} {with_sleep}");
        }
    }

    #[test]
    fn each_sign_is_seen_once() {
        let mut witness = Witness::new();
        witness.pretend_the_clock_was_set();
        assert_eq!(witness.look(), Some(Sign::ClockSet));
        witness.boot_id = Some("another".to_owned());
        assert_eq!(witness.look_closely(), Some(Sign::OtherBoot));
        assert_ne!(witness.look_closely(), Some(Sign::OtherBoot));
    }

    #[test]
    fn the_kernels_notice_is_known_among_others() {
        let notice = |texts: &[&str]| texts.join("\0").into_bytes();
        let path = "change@/devices/LNXSYSTM:00/VMGENCTR:00";
        assert!(is_generation_notice(&notice(&[path, "ACTION=change", "NEW_VMGENID=1", "SEQNUM=1873", ""])));
        for other in ["NEW_VMGENID=0", "NEW_VMGENID=11", "OLD_NEW_VMGENID=1", "SEQNUM=1"] {
            assert!(!is_generation_notice(&notice(&[path, "ACTION=change", other])), "{other}");
        }
        assert!(!is_generation_notice(b""));
    }
}
