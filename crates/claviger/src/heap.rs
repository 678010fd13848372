//! Gives memory back that the C library keeps after a burst: what many connections held would count as this process's for ever.

use std::time::Duration;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(10);
/// Growth over the usual, in bytes, from which on it is worth it.
const GROWTH: u64 = 32 << 20;

/// Looks for ever.
pub(crate) async fn keep_small() {
    let mut usual = resident().unwrap_or(0);
    loop {
        tokio::time::sleep(EVERY).await;
        let Some(now) = resident() else { return };
        if now > usual.saturating_add(GROWTH) {
            // It takes each arena's lock for a moment; a thread of its own keeps the runtime's free.
            let _panicked = tokio::task::spawn_blocking(give_back).await;
        }
        let after = resident().unwrap_or(now);
        // Slowly upwards: while a burst lasts nothing can be given back, and afterwards it still counts as growth.
        usual = if after < usual { after } else { usual + (after - usual) / 8 };
    }
}

/// Bytes of this process in memory; `None` where the system does not say.
fn resident() -> Option<u64> {
    let pages: u64 = std::fs::read_to_string("/proc/self/statm").ok()?.split(' ').nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

#[cfg(target_env = "gnu")]
#[allow(unsafe_code, reason = "no library offers this call")]
fn give_back() {
    // SAFETY: malloc_trim(3) takes a number, touches free memory only, and may be called by any thread at any time.
    let _whether_any = unsafe { libc::malloc_trim(0) };
}

#[cfg(not(target_env = "gnu"))]
fn give_back() {}
