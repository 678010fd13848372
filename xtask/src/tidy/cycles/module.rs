//! The modules of one crate: the file of each, and what it defines, re-exports and uses.

use std::collections::{BTreeMap, BTreeSet};

use syn::{Attribute, Item};

use super::super::sources::Source;
use super::names::{self, Name};

/// The index of the crate's root in the list of modules.
pub(super) const ROOT: usize = 0;

/// One module.
#[derive(Debug, Default)]
pub(super) struct Module {
    /// The file that contains its items.
    pub(super) file: String,
    /// The parent module; the root is its own parent.
    pub(super) parent: usize,
    /// The child modules, by name.
    pub(super) children: BTreeMap<String, usize>,
    /// The names of items that it defines.
    pub(super) defined: BTreeSet<String>,
    /// The names that `use` imports, each with its path.
    pub(super) imported: BTreeMap<String, Vec<String>>,
    /// The paths of glob imports.
    pub(super) globs: Vec<Vec<String>>,
    /// The paths in its code, without re-exports.
    pub(super) named: Vec<Vec<String>>,
}

/// The modules of the crate whose root is the file `root`.
///
/// # Errors
/// A source is not Rust, or a declared module has no file.
pub(super) fn tree(sources: &[Source], root: &str) -> Result<Vec<Module>, String> {
    let mut tree = Tree { sources, modules: Vec::new() };
    let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder);
    tree.read(root, folder, ROOT)?;
    Ok(tree.modules)
}

struct Tree<'a> {
    sources: &'a [Source],
    modules: Vec<Module>,
}

impl Tree<'_> {
    /// Reads a file as a module whose child modules are in `folder`.
    fn read(&mut self, file: &str, folder: &str, parent: usize) -> Result<usize, String> {
        let source = self.sources.iter().find(|source| source.path == file);
        let source = source.ok_or_else(|| format!("{file}: the file of a declared module does not exist"))?;
        let parsed = syn::parse_file(&source.text).map_err(|error| format!("{file}: {error}"))?;
        self.add(&parsed.items, file, folder, parent)
    }

    fn add(&mut self, items: &[Item], file: &str, folder: &str, parent: usize) -> Result<usize, String> {
        let at = self.modules.len();
        self.modules.push(Module { file: file.to_owned(), parent, ..Module::default() });
        for item in items.iter().filter(|item| !is_test(attributes(item))) {
            match item {
                Item::Mod(inner) => {
                    let name = inner.ident.to_string();
                    let child = match &inner.content {
                        Some((_, items)) => self.add(items, file, &format!("{folder}/{name}"), at)?,
                        None => self.read(&self.file_of(folder, &name), &format!("{folder}/{name}"), at)?,
                    };
                    self.modules.get_mut(at).and_then(|module| module.children.insert(name, child));
                }
                item => self.note(at, item),
            }
        }
        Ok(at)
    }

    fn file_of(&self, folder: &str, name: &str) -> String {
        let old = format!("{folder}/{name}/mod.rs");
        if self.sources.iter().any(|source| source.path == old) { old } else { format!("{folder}/{name}.rs") }
    }

    fn note(&mut self, at: usize, item: &Item) {
        let Some(module) = self.modules.get_mut(at) else { return };
        module.defined.extend(names::defined(item));
        let is_re_export = matches!(item, Item::Use(one) if !matches!(one.vis, syn::Visibility::Inherited));
        for name in names::named(item) {
            match name {
                Name::Path(path) if !is_re_export => module.named.push(path),
                Name::Path(_) => {}
                Name::Import { name, path } => drop(module.imported.insert(name, path)),
                Name::Glob(path) => module.globs.push(path),
            }
        }
    }
}

/// Whether the item is compiled only for tests.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|one| {
        let is_cfg = one.path().is_ident("cfg");
        is_cfg && one.parse_args::<syn::Path>().is_ok_and(|condition| condition.is_ident("test"))
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
