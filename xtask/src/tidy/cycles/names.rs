//! The names in an item: the name that it defines, and the paths in it.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Item, UseTree};

/// A reference to something that is defined elsewhere.
#[derive(Debug)]
pub(super) enum Name {
    /// A path in code or in a `use`.
    Path(Vec<String>),
    /// `use path as name`.
    Import { name: String, path: Vec<String> },
    /// `use path::*`.
    Glob(Vec<String>),
}

/// The name that the item defines.
pub(super) fn defined(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        _ => return None,
    };
    Some(name.to_string())
}

/// Every path in the item.
pub(super) fn named(item: &Item) -> Vec<Name> {
    let mut paths = Paths::default();
    paths.visit_item(item);
    paths.names
}

#[derive(Default)]
struct Paths {
    names: Vec<Name>,
}

impl Visit<'_> for Paths {
    fn visit_path(&mut self, path: &syn::Path) {
        if path.leading_colon.is_none() {
            self.names.push(Name::Path(path.segments.iter().map(|one| one.ident.to_string()).collect()));
        }
        visit::visit_path(self, path);
    }

    /// The path in `pub(super)` is not a use.
    fn visit_visibility(&mut self, _: &syn::Visibility) {}

    fn visit_item_use(&mut self, item: &syn::ItemUse) {
        if item.leading_colon.is_none() {
            self.add_use(&mut Vec::new(), &item.tree);
        }
    }

    fn visit_macro(&mut self, item: &syn::Macro) {
        self.add_tokens(item.tokens.clone());
        visit::visit_macro(self, item);
    }
}

impl Paths {
    fn add_use(&mut self, before: &mut Vec<String>, tree: &UseTree) {
        match tree {
            UseTree::Path(tree) => {
                before.push(tree.ident.to_string());
                self.add_use(before, &tree.tree);
                before.pop();
            }
            UseTree::Name(tree) => self.add_import(before, &tree.ident.to_string(), None),
            UseTree::Rename(tree) => self.add_import(before, &tree.ident.to_string(), Some(tree.rename.to_string())),
            UseTree::Glob(_) => {
                self.names.push(Name::Path(before.clone()));
                self.names.push(Name::Glob(before.clone()));
            }
            UseTree::Group(tree) => tree.items.iter().for_each(|one| self.add_use(before, one)),
        }
    }

    fn add_import(&mut self, before: &[String], last: &str, renamed: Option<String>) {
        let mut path = before.to_vec();
        if last != "self" || path.is_empty() {
            path.push(last.to_owned());
        }
        let name = renamed.or_else(|| path.last().cloned()).unwrap_or_default();
        self.names.push(Name::Path(path.clone()));
        self.names.push(Name::Import { name, path });
    }

    /// Adds the paths in the tokens of a macro: identifiers joined by `::`.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(word) => {
                    if colons != 2 {
                        self.add_path(&mut path);
                    }
                    path.push(word.to_string());
                    colons = 0;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                other => {
                    self.add_path(&mut path);
                    if let TokenTree::Group(group) = other {
                        self.add_tokens(group.stream());
                    }
                    colons = 0;
                }
            }
        }
        self.add_path(&mut path);
    }

    fn add_path(&mut self, path: &mut Vec<String>) {
        if path.len() > 1 {
            self.names.push(Name::Path(path.clone()));
        }
        path.clear();
    }
}
