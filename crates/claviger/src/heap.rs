//! Returns memory that the C library keeps after a burst. Without this, the process would keep the size of its largest
//! burst.

use std::time::Duration;

/// Time between two checks.
const CHECK_INTERVAL: Duration = Duration::from_secs(10);
/// Growth in bytes that makes a trim worthwhile.
const GROWTH_BYTES: u64 = 32 << 20;

/// Checks for as long as the process runs.
pub(crate) async fn trim_periodically() {
    let mut usual = resident().unwrap_or(0);
    loop {
        tokio::time::sleep(CHECK_INTERVAL).await;
        let Some(now) = resident() else { return };
        if now > usual.saturating_add(GROWTH_BYTES) {
            // Trimming locks each arena for a moment; on its own thread it does not block the runtime.
            let _panicked = tokio::task::spawn_blocking(trim).await;
        }
        let after = resident().unwrap_or(now);
        // The baseline rises slowly. During a burst nothing can be returned; afterwards, its memory must still count as
        // growth.
        usual = if after < usual { after } else { usual + (after - usual) / 8 };
    }
}

/// Resident bytes of this process; `None` if the system does not tell.
fn resident() -> Option<u64> {
    let pages: u64 = std::fs::read_to_string("/proc/self/statm").ok()?.split(' ').nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

#[cfg(target_env = "gnu")]
#[allow(unsafe_code, reason = "no library offers this call")]
fn trim() {
    // SAFETY: malloc_trim(3) takes a number, touches only free memory, and may be called by any thread at any time.
    let _whether_any = unsafe { libc::malloc_trim(0) };
}

#[cfg(not(target_env = "gnu"))]
fn trim() {}
