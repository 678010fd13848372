//! What can be read from a damaged file: the roots of its trees, which of them are complete, and its rows.
//!
//! **Rule:** a file is copied only if no key can be lost without notice: the tree of records or the index of their keys must be
//! complete. A key whose value is lost is kept with an empty value, which does not open, so that it counts as damaged and not
//! as absent.

use super::page::{Cell, Pages, Tree, Value};
use super::tree::Walk;
use crate::error::StoreError;

/// Higher revisions are damage: reaching this one would take nine years at a million commits per second.
pub(super) const REVISION_MAX: i64 = 1 << 48;

/// One row of the table `record`.
pub(super) struct Row<'a> {
    pub(super) rowid: i64,
    pub(super) key: &'a [u8],
    /// The value and its revision; `None` when they are lost.
    pub(super) content: Option<(&'a [u8], i64)>,
}

/// One entry of the index of keys.
pub(super) struct Name<'a> {
    pub(super) key: &'a [u8],
    pub(super) rowid: i64,
}

/// A damaged file that may be copied.
pub(super) struct Salvage<'a> {
    pages: &'a Pages,
    roots: Roots,
    is_table_whole: bool,
    is_index_whole: bool,
}

/// The root pages of the trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Roots {
    record: usize,
    record_by_key: usize,
    counter: usize,
}

/// Where the schema puts them. Only a manual `VACUUM` moves them.
const USUAL_ROOTS: Roots = Roots { record: 2, record_by_key: 3, counter: 6 };

impl<'a> Salvage<'a> {
    /// Examines the file; `None` if it is not a store, or keys may have been lost.
    pub(super) fn of(pages: &'a Pages) -> Option<Self> {
        let stated = stated_roots(pages).filter(|stated| *stated != USUAL_ROOTS);
        stated.into_iter().chain([USUAL_ROOTS]).find_map(|roots| {
            let (is_table_whole, rows) = look(pages, roots.record, Tree::Table, &|cell| row(cell).is_some());
            let (is_index_whole, names) = look(pages, roots.record_by_key, Tree::Index, &|cell| name(cell).is_some());
            let may_be_copied = (is_table_whole || is_index_whole) && rows + names > 0;
            may_be_copied.then_some(Self { pages, roots, is_table_whole, is_index_whole })
        })
    }

    /// Whether no row is missing.
    pub(super) fn is_whole(&self) -> bool {
        self.is_table_whole && self.is_index_whole
    }

    /// Passes every readable row to `take`, in no particular order. A key may occur more than once.
    ///
    /// # Errors
    /// Those of `take`.
    pub(super) fn rows(&self, take: &mut dyn FnMut(Row<'_>) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let mut walk = Walk::new(self.pages);
        let mut take = |cell: &Cell| row(cell).map_or(Ok(()), &mut *take);
        walk.tree(self.roots.record, Tree::Table, &mut take)?;
        if !self.is_table_whole {
            walk.rest(Tree::Table, &mut take)?;
        }
        Ok(())
    }

    /// Passes every key in the index to `take`, in no particular order.
    ///
    /// # Errors
    /// Those of `take`.
    pub(super) fn names(&self, take: &mut dyn FnMut(Name<'_>) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let mut take = |cell: &Cell| name(cell).map_or(Ok(()), &mut *take);
        Walk::new(self.pages).tree(self.roots.record_by_key, Tree::Index, &mut take)?;
        Ok(())
    }

    /// The newest revision according to the counter; `None` if the counter is lost.
    pub(super) fn revision(&self) -> Option<i64> {
        let node = self.pages.node(self.roots.counter, Tree::Table)?;
        node.cells.iter().find_map(|cell| match cell.columns()?.as_slice() {
            [Value::Text(b"revision"), Value::Integer(revision @ 0..=REVISION_MAX)] => Some(*revision),
            _ => None,
        })
    }
}

/// Whether the tree is complete and every cell valid, and how many cells are valid.
fn look(pages: &Pages, root: usize, tree: Tree, is_right: &dyn Fn(&Cell) -> bool) -> (bool, usize) {
    let (mut right, mut wrong) = (0, 0);
    let walked = Walk::new(pages).tree(root, tree, &mut |cell: &Cell| {
        *(if is_right(cell) { &mut right } else { &mut wrong }) += 1;
        Ok::<_, std::convert::Infallible>(())
    });
    (walked == Ok(true) && wrong == 0, right)
}

/// A row of `record`; `None` if the cell is not one.
fn row(cell: &Cell) -> Option<Row<'_>> {
    let columns = cell.columns()?;
    let [Value::Null, Value::Blob(key), value, revision] = columns.as_slice() else { return None };
    let content = match (value, revision) {
        (Value::Blob(value), Value::Integer(revision @ 0..=REVISION_MAX)) => Some((*value, *revision)),
        _ => None,
    };
    Some(Row { rowid: cell.rowid, key, content })
}

fn name(cell: &Cell) -> Option<Name<'_>> {
    match cell.columns()?.as_slice() {
        [Value::Blob(key), Value::Integer(rowid)] => Some(Name { key, rowid: *rowid }),
        _ => None,
    }
}

/// The roots according to the schema on the first page.
fn stated_roots(pages: &Pages) -> Option<Roots> {
    let node = pages.node(1, Tree::Table)?;
    let root = |wanted: &[u8]| {
        node.cells.iter().find_map(|cell| match cell.columns()?.as_slice() {
            [Value::Text(_), Value::Text(name), Value::Text(_), Value::Integer(root), Value::Text(_)]
                if *name == wanted =>
            {
                usize::try_from(*root).ok()
            }
            _ => None,
        })
    };
    Some(Roots { record: root(b"record")?, record_by_key: root(b"record_by_key")?, counter: root(b"counter")? })
}
