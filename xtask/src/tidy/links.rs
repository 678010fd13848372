//! Checks that links between documents lead to existing files and headings.

use std::path::{Component, Path, PathBuf};

use super::finding::Finding;
use super::markdown::{headings, prose};
use super::sources::Source;

pub(super) fn check(root: &Path, texts: &[Source]) -> Vec<Finding> {
    let pages: Vec<&Source> = texts.iter().filter(|source| source.path.ends_with(".md")).collect();
    let mut findings = Vec::new();
    for page in &pages {
        for (line, target) in links(&page.text) {
            let advice = advice(root, &pages, page, target);
            findings.extend(advice.map(|advice| Finding::new(page, line, "link", advice)));
        }
    }
    findings
}

/// What is wrong with a link to `target`, if anything.
fn advice(root: &Path, pages: &[&Source], page: &Source, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let folder = Path::new(&page.path).parent().unwrap_or(Path::new(""));
    let path = if file.is_empty() { PathBuf::from(&page.path) } else { normalized(&folder.join(file)) };
    if !root.join(&path).exists() && !pages.iter().any(|other| Path::new(&other.path) == path) {
        return Some(format!("{target}: there is no {}", path.display()));
    }
    let other = pages.iter().find(|other| Path::new(&other.path) == path)?;
    let is_there = anchor.is_empty() || headings(&other.text).iter().any(|heading| heading.anchor == anchor);
    (!is_there).then(|| format!("{target}: {} has no such heading", path.display()))
}

/// The targets of `[text](target)`, with their lines.
fn links(text: &str) -> impl Iterator<Item = (usize, &str)> {
    prose(text).flat_map(|(number, line)| {
        line.split("](").skip(1).filter_map(move |rest| Some((number, rest.split_once(')')?.0)))
    })
}

/// `path` without `.` and `..`. A path that leads out of the repository keeps its `..`, so that it is not found.
fn normalized(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if clean.file_name().is_some() => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(link: &str) -> usize {
        let other = Source::new("docs/keygen.md", "# Keys\n\n## A heading\n");
        let page = Source::new("docs/formats/blob.md", &format!("# Page\n\n[text]({link})\n"));
        check(Path::new("/nowhere-at-all"), &[other, page]).len()
    }

    #[test]
    fn a_broken_link_is_found() {
        for link in ["gone", "../gone", "../keygen.md#gone", "#gone", "../../../keygen.md"] {
            assert_eq!(found(link), 1, "{link}");
        }
        for link in ["../keygen.md", "../keygen.md#a-heading", "#page", "https://example.com/gone", "mailto:a@b"] {
            assert_eq!(found(link), 0, "{link}");
        }
    }

    #[test]
    fn code_blocks_have_no_links() {
        let page = Source::new("README.md", "```text\n[a](gone)\n```\n");
        assert!(check(Path::new("/nowhere-at-all"), &[page]).is_empty());
    }
}
