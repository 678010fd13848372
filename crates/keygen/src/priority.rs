//! How urgent the generator's own threads are to the system's scheduler.
//!
//! Makers run under `SCHED_IDLE`: any other thread of the process that wakes takes the processor from them at once, so
//! that making pairs costs another call nothing but a context switch. The price is that they get next to nothing on a
//! machine that is busy all the time; the rescuer, which works only then, is an ordinary thread, a little less urgent.
//!
//! The one call that rustix lacks is `sched_setscheduler`; nothing unsafe leaves this file.
#![allow(unsafe_code, reason = "sched_setscheduler has no safe call")]

use rustix::process::{getpriority_process, setpriority_process};
use rustix::thread::gettid;

/// Nice value of the rescuer: about a third of an ordinary thread's share.
const RESCUE_NICE: i32 = 5;
/// Nice value where `SCHED_IDLE` is refused, and of makers beside it.
const LOWEST_NICE: i32 = 19;

/// Makes the calling thread give way to every other.
pub(crate) fn give_way() {
    // Refused only by a sandbox; then the other half of this function still holds.
    let _refused = setpriority_process(Some(gettid()), LOWEST_NICE);
    let no_priority = libc::sched_param { sched_priority: 0 };
    // SAFETY: 0 means the calling thread, and the pointer is to a live value of the type that the call reads.
    let _refused = unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const no_priority) };
}

/// Makes the calling thread a little less urgent than those of requests.
pub(crate) fn stand_back() {
    let thread = Some(gettid());
    let nice = getpriority_process(thread).map_or(RESCUE_NICE, |nice| nice.max(RESCUE_NICE));
    let _refused = setpriority_process(thread, nice);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fields 19 (nice) and 41 (policy) of `/proc/thread-self/stat`.
    fn nice_and_policy() -> (i32, i32) {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        let (_name, fields) = stat.rsplit_once(')').unwrap();
        let fields: Vec<&str> = fields.split_whitespace().collect();
        (fields[16].parse().unwrap(), fields[38].parse().unwrap())
    }

    #[test]
    fn only_the_calling_thread_changes() {
        let before = nice_and_policy();
        std::thread::spawn(|| {
            give_way();
            assert_eq!(nice_and_policy(), (LOWEST_NICE, libc::SCHED_IDLE));
        })
        .join()
        .unwrap();
        std::thread::spawn(move || {
            assert_eq!(nice_and_policy(), before, "another thread's change reached this one");
            stand_back();
            assert_eq!(nice_and_policy().0, RESCUE_NICE.max(before.0));
        })
        .join()
        .unwrap();
    }
}
