//! Resolves the paths in modules to the files that define the items.

use std::collections::{BTreeMap, BTreeSet};

use super::module::{Module, ROOT};

/// For each file, the files that it uses, each with one name that it uses from there.
pub(super) type Uses = BTreeMap<String, BTreeMap<String, String>>;

/// The uses between the files of these modules.
pub(super) fn uses(modules: &[Module]) -> Uses {
    let resolver = Resolver { modules };
    let mut uses = Uses::new();
    for (at, module) in modules.iter().enumerate() {
        for path in &module.named {
            let target = resolver.file(at, path, &mut BTreeSet::new()).filter(|file| *file != module.file);
            if let Some(file) = target {
                let name = path.last().cloned().unwrap_or_default();
                uses.entry(module.file.clone()).or_default().entry(file.to_owned()).or_insert(name);
            }
        }
    }
    uses
}

struct Resolver<'a> {
    modules: &'a [Module],
}

impl<'a> Resolver<'a> {
    /// The file that defines the item at `path` in the module `at`; `None` if it belongs to another crate.
    ///
    /// `seen` ends the recursion if two modules import each other's names.
    fn file(&self, at: usize, path: &[String], seen: &mut BTreeSet<(usize, Vec<String>)>) -> Option<&'a str> {
        if !seen.insert((at, path.to_vec())) {
            return None;
        }
        let module = self.modules.get(at)?;
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => self.inside(ROOT, rest, seen),
            "self" => self.inside(at, rest, seen),
            "super" => self.inside(module.parent, rest, seen),
            name if module.children.contains_key(name) || module.imported.contains_key(name) => {
                self.inside(at, path, seen)
            }
            _ => module.globs.iter().find_map(|glob| self.through(at, glob, path, seen)),
        }
    }

    /// The file that defines the item at `path`, relative to the module `at`.
    fn inside(&self, at: usize, path: &[String], seen: &mut BTreeSet<(usize, Vec<String>)>) -> Option<&'a str> {
        let module = self.modules.get(at)?;
        let Some((first, rest)) = path.split_first() else { return Some(&module.file) };
        if first == "super" {
            return self.inside(module.parent, rest, seen);
        }
        if rest.is_empty() && module.defined.contains(first) {
            return Some(&module.file);
        }
        let imported = module.imported.get(first).filter(|_| rest.is_empty() || !module.children.contains_key(first));
        if let Some(path) = imported {
            let whole: Vec<String> = path.iter().chain(rest).cloned().collect();
            // `None`: a name of another crate, re-exported here.
            return self.file(at, &whole, seen).or(Some(&module.file));
        }
        if let Some(child) = module.children.get(first) {
            return self.inside(*child, rest, seen);
        }
        let through = module.globs.iter().find_map(|glob| self.through(at, glob, path, seen));
        through.or(Some(&module.file))
    }

    /// The file that defines `path`, if the module of the glob import contains it.
    fn through(
        &self,
        at: usize,
        glob: &[String],
        path: &[String],
        seen: &mut BTreeSet<(usize, Vec<String>)>,
    ) -> Option<&'a str> {
        let file = self.file(at, glob, seen)?;
        let target = self.modules.iter().position(|module| module.file == file)?;
        let module = self.modules.get(target)?;
        let first = path.first()?;
        let has = module.defined.contains(first)
            || module.imported.contains_key(first)
            || module.children.contains_key(first);
        has.then(|| self.inside(target, path, seen)).flatten()
    }
}
