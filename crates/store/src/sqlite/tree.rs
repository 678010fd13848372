//! Walking the b-trees of a damaged file: first every page that can be reached from a root, then the other pages.
//!
//! Free pages contain no old rows: the store is written with `secure_delete`, which overwrites them with zeros.

use super::page::{Cell, Pages, Tree};

/// A walk over one file, which visits each page at most once.
pub(super) struct Walk<'a> {
    pages: &'a Pages,
    is_visited: Vec<bool>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(pages: &'a Pages) -> Self {
        Self { pages, is_visited: vec![false; pages.count + 1] }
    }

    /// Passes every cell that can be reached from `root` to `take`. Returns whether the tree is complete.
    pub(super) fn tree<E>(
        &mut self,
        root: usize,
        tree: Tree,
        take: &mut dyn FnMut(&Cell) -> Result<(), E>,
    ) -> Result<bool, E> {
        let (mut waiting, mut is_whole) = (vec![root], true);
        while let Some(number) = waiting.pop() {
            let Some(node) = self.visit(number).then(|| self.pages.node(number, tree)).flatten() else {
                is_whole = false;
                continue;
            };
            is_whole &= node.is_whole;
            waiting.extend(node.children.iter().rev());
            node.cells.iter().try_for_each(&mut *take)?;
        }
        Ok(is_whole)
    }

    /// Passes the cells of all pages of this kind that were not visited to `take`.
    pub(super) fn rest<E>(&mut self, tree: Tree, take: &mut dyn FnMut(&Cell) -> Result<(), E>) -> Result<(), E> {
        for number in 1..=self.pages.count {
            let is_visited = self.is_visited.get(number).copied().unwrap_or(true);
            if let Some(node) = (!is_visited).then(|| self.pages.node(number, tree)).flatten() {
                self.visit(number);
                node.cells.iter().try_for_each(&mut *take)?;
            }
        }
        Ok(())
    }

    /// Marks the page as visited; `false` if it was visited before or does not exist.
    fn visit(&mut self, number: usize) -> bool {
        let seen = self.is_visited.get_mut(number).filter(|_| number > 0);
        seen.is_some_and(|seen| !std::mem::replace(seen, true))
    }
}
