//! Pages of listings.

use claviger_vault::{Cursor, Page, Stored};

use crate::error::ServiceError;

/// How many records one read of a listing takes from the store.
pub(crate) const SCAN_STEP: usize = 500;

/// Which page of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// From 1.
    pub number: usize,
    /// Entries on a page.
    pub size: usize,
}

/// One page of a listing that is ordered by name.
#[derive(Debug, Clone)]
pub struct Listing<R> {
    /// The page.
    pub records: Vec<R>,
    /// How many records there are in all.
    pub total: usize,
}

impl PageRequest {
    /// Everything on one page.
    pub(crate) const ALL: Self = Self { number: 1, size: usize::MAX };

    /// Reads a listing to its end. Returns this page of the values that `keep` makes of records, and how many values there are
    /// in all. Records that cannot be read are left out and not counted: failing the whole page would hide all the others.
    pub(crate) fn collect<R, T>(
        self,
        read: impl Fn(Option<&Cursor>) -> Result<Page<R>, ServiceError>,
        keep: impl Fn(R) -> Option<T>,
    ) -> Result<(Vec<T>, usize), ServiceError> {
        let first = self.number.saturating_sub(1).saturating_mul(self.size);
        let (mut kept, mut total, mut after) = (Vec::new(), 0, None);
        loop {
            let page = read(after.as_ref())?;
            for Stored { record, .. } in page.records {
                let Some(record) = keep(record) else { continue };
                if total >= first && kept.len() < self.size {
                    kept.push(record);
                }
                total += 1;
            }
            if page.next.is_none() {
                return Ok((kept, total));
            }
            after = page.next;
        }
    }
}
