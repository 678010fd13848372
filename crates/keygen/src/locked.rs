//! Memory pages for ready private keys: locked against swapping where the system allows it, excluded from core dumps and
//! child processes, wiped before they are unmapped.
//!
//! `mmap`, `mlock` and `madvise` are called only here, behind a safe interface.
#![allow(unsafe_code, reason = "mapping and locking memory has no safe call")]

use std::fmt;
use std::io;
use std::ptr::NonNull;

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mlock, mmap_anonymous, munmap};
use rustix::param::page_size;
use zeroize::Zeroize;

/// Whole pages, initially zero.
pub(crate) struct LockedPages {
    start: NonNull<u8>,
    len: usize,
    is_locked: bool,
}

// SAFETY: this value alone owns the pages, and they are not tied to a thread.
unsafe impl Send for LockedPages {}

impl fmt::Debug for LockedPages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockedPages")
            .field("len", &self.len)
            .field("is_locked", &self.is_locked)
            .finish_non_exhaustive()
    }
}

impl LockedPages {
    /// At least `len` bytes. If the system refuses to lock them (`RLIMIT_MEMLOCK`), the pages stay unlocked.
    ///
    /// # Errors
    /// If there is no memory, or pages cannot be excluded from core dumps and child processes.
    pub(crate) fn new(len: usize) -> io::Result<Self> {
        if len == 0 {
            return Ok(Self { start: NonNull::dangling(), len: 0, is_locked: true });
        }
        let len = len.checked_next_multiple_of(page_size()).ok_or(io::ErrorKind::OutOfMemory)?;
        // SAFETY: a new anonymous mapping at an address chosen by the kernel overlaps nothing that exists.
        let start = unsafe {
            mmap_anonymous(std::ptr::null_mut(), len, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE)
        }?;
        let start = NonNull::new(start.cast::<u8>()).ok_or(io::ErrorKind::OutOfMemory)?;
        // From here on, dropping `pages` unmaps them.
        let mut pages = Self { start, len, is_locked: false };
        for advice in [Advice::LinuxDontDump, Advice::LinuxDontFork] {
            // SAFETY: exactly the mapping made above; neither advice changes its contents or its protection here.
            unsafe { madvise(start.as_ptr().cast(), len, advice) }?;
        }
        // SAFETY: exactly the mapping made above, which is still mapped.
        pages.is_locked = unsafe { mlock(start.as_ptr().cast(), len) }.is_ok();
        Ok(pages)
    }

    /// Whether the pages are locked against swapping.
    pub(crate) const fn is_locked(&self) -> bool {
        self.is_locked
    }

    /// Size in bytes.
    #[cfg(test)]
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// All bytes.
    #[cfg(test)]
    pub(crate) const fn bytes(&self) -> &[u8] {
        // SAFETY: as in `bytes_mut`; the shared borrow of `self` keeps writers out.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    /// All bytes, writable.
    pub(crate) const fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: `start` is aligned and valid for `len` bytes until drop (dangling only if `len` is 0), the kernel
        // zeroed them, and the exclusive borrow of `self` keeps every other reader and writer out.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl Drop for LockedPages {
    fn drop(&mut self) {
        if self.len == 0 {
            return;
        }
        self.bytes_mut().zeroize();
        // SAFETY: exactly the mapping of `new`; no reference into it is left, since each one borrows this value.
        // Unmapping also unlocks. It fails only for invalid arguments.
        let _infallible = unsafe { munmap(self.start.as_ptr().cast(), self.len) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kernel's flags for the mapping that contains `address`, from `/proc/self/smaps`.
    fn flags_of(address: usize) -> String {
        let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut is_inside = false;
        for line in smaps.lines() {
            let range = line.split(' ').next().and_then(|range| range.split_once('-'));
            if let Some((from, to)) = range {
                let parse = |text| usize::from_str_radix(text, 16);
                if let (Ok(from), Ok(to)) = (parse(from), parse(to)) {
                    is_inside = (from..to).contains(&address);
                }
            }
            if let Some(flags) = line.strip_prefix("VmFlags:").filter(|_| is_inside) {
                return flags.to_owned();
            }
        }
        panic!("{address:x} is not mapped");
    }

    #[test]
    fn pages_are_zero_and_writable_and_have_the_flags_asked_for() {
        let mut pages = LockedPages::new(5000).unwrap();
        assert!(pages.bytes().len() >= 5000 && pages.bytes().iter().all(|byte| *byte == 0));
        pages.bytes_mut()[4999] = 7;
        assert_eq!(pages.bytes()[4999], 7);
        let flags: Vec<String> =
            flags_of(pages.bytes().as_ptr().addr()).split_whitespace().map(str::to_owned).collect();
        let has = |flag: &str| flags.iter().any(|one| one == flag);
        assert!(has("dd"), "not excluded from core dumps: {flags:?}");
        assert!(has("dc"), "not excluded from child processes: {flags:?}");
        assert_eq!(has("lo"), pages.is_locked(), "{flags:?}");
        let ordinary = vec![0_u8; 1 << 20];
        let flags = flags_of(ordinary.as_ptr().addr());
        assert!(!flags.split_whitespace().any(|flag| flag == "dd"), "ordinary memory shows the flags too: {flags}");
    }

    #[test]
    fn no_bytes_are_no_pages_and_too_many_are_refused() {
        assert!(LockedPages::new(0).unwrap().bytes().is_empty());
        assert!(LockedPages::new(usize::MAX).is_err());
        assert!(LockedPages::new(usize::MAX / 4).is_err());
    }
}
