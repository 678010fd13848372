//! Scheduling priorities of the generator's own threads.
//!
//! Workers run under `SCHED_IDLE`: any other thread of the process that wakes up preempts them immediately, so making pairs
//! costs other calls no more than a context switch. On a machine that is constantly busy they get almost no CPU time. The
//! fallback worker, which runs only then, is a normal thread with slightly lower priority.
//!
//! rustix has no `sched_setscheduler`, so this file calls it through `libc`.
#![allow(unsafe_code, reason = "sched_setscheduler has no safe call")]

use rustix::process::{getpriority_process, setpriority_process};
use rustix::thread::gettid;

/// Nice value of the fallback worker: about a third of a normal thread's share.
const FALLBACK_NICE: i32 = 5;
/// Nice value of workers, which takes effect where `SCHED_IDLE` is refused.
const LOWEST_NICE: i32 = 19;

/// Lets the calling thread run only when no other thread wants the CPU.
pub(crate) fn run_when_idle() {
    // Only a sandbox refuses this, and then the second call may still succeed.
    let _refused = setpriority_process(Some(gettid()), LOWEST_NICE);
    let no_priority = libc::sched_param { sched_priority: 0 };
    // SAFETY: 0 means the calling thread, and the pointer leads to a live value of the type that the call reads.
    let _refused = unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const no_priority) };
}

/// Gives the calling thread a slightly lower priority than the threads that serve requests.
pub(crate) fn lower_priority() {
    let thread = Some(gettid());
    let nice = getpriority_process(thread).map_or(FALLBACK_NICE, |nice| nice.max(FALLBACK_NICE));
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
            run_when_idle();
            assert_eq!(nice_and_policy(), (LOWEST_NICE, libc::SCHED_IDLE));
        })
        .join()
        .unwrap();
        std::thread::spawn(move || {
            assert_eq!(nice_and_policy(), before, "another thread's change reached this one");
            lower_priority();
            assert_eq!(nice_and_policy().0, FALLBACK_NICE.max(before.0));
        })
        .join()
        .unwrap();
    }
}
