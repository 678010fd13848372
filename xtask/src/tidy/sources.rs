//! Finds the source files, and separates code from comments and strings.

use std::fs;
use std::path::Path;

/// Folders without sources of this project.
const IGNORED_FOLDERS: [&str; 4] = ["target", "vectors", "claviger-data", "__pycache__"];
/// Extensions of source files.
const SOURCE_EXTENSIONS: [&str; 5] = ["rs", "py", "toml", "proto", "sql"];
/// Extensions of other text files: documents, and the suites in other languages.
const TEXT_EXTENSIONS: [&str; 7] = ["go", "ini", "java", "json", "md", "txt", "xml"];

/// One source file.
pub(crate) struct Source {
    /// Its path from the root of the repository, with `/`.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
    /// For Rust, the text with comments, strings and character literals blanked out; length and line breaks are the same.
    pub(crate) code: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let code = if path.ends_with(".rs") { blanked(text) } else { String::new() };
        Self { path: String::from(path), text: String::from(text), code }
    }

    /// Whether it is code or configuration, and not a document.
    pub(super) fn is_source(&self) -> bool {
        has_extension(&self.path, &SOURCE_EXTENSIONS)
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The words of the code with their line numbers, from 1.
    pub(crate) fn words(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().flat_map(|(index, line)| {
            line.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
                .filter(|word| !word.is_empty())
                .map(move |word| (index + 1, word))
        })
    }
}

/// Every source file and every other text under `root`, in order of path.
///
/// # Errors
/// A folder or a file cannot be read.
pub(crate) fn walk(root: &Path) -> Result<Vec<Source>, String> {
    let mut sources = Vec::new();
    visit(root, "", &mut sources)?;
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(sources)
}

fn visit(folder: &Path, prefix: &str, sources: &mut Vec<Source>) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() && !name.starts_with('.') && !IGNORED_FOLDERS.contains(&name.as_str()) {
            visit(&entry.path(), &format!("{path}/"), sources)?;
        } else if kind.is_file() && (has_extension(&name, &SOURCE_EXTENSIONS) || has_extension(&name, &TEXT_EXTENSIONS))
        {
            let text = fs::read_to_string(entry.path()).map_err(|error| format!("{path}: {error}"))?;
            sources.push(Source::new(&path, &text));
        }
    }
    Ok(())
}

fn has_extension(name: &str, extensions: &[&str]) -> bool {
    extensions.iter().any(|extension| name.strip_suffix(extension).is_some_and(|stem| stem.ends_with('.')))
}

/// `text` with every character of comments, strings and character literals replaced by a space.
fn blanked(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < letters.len() {
        let end = literal_end(&letters, at);
        if end > at {
            out.extend(letters.iter().take(end).skip(at).map(|letter| if *letter == '\n' { '\n' } else { ' ' }));
            at = end;
        } else {
            out.extend(letters.get(at));
            at += 1;
        }
    }
    out
}

/// The end of the comment or literal that starts at `at`; `at` itself if none starts there.
fn literal_end(letters: &[char], at: usize) -> usize {
    let rest = letters.get(at..).unwrap_or_default();
    let before = at.checked_sub(1).and_then(|index| letters.get(index));
    let inside_word = before.is_some_and(|letter| letter.is_alphanumeric() || *letter == '_');
    let length = match rest {
        ['/', '/', ..] => rest.iter().position(|letter| *letter == '\n').unwrap_or(rest.len()),
        ['/', '*', ..] => block_comment_length(rest),
        ['r', '"' | '#', ..] if !inside_word => {
            raw_string_length(rest.get(1..).unwrap_or_default()).map_or(0, |n| n + 1)
        }
        ['b', 'r', '"' | '#', ..] if !inside_word => {
            raw_string_length(rest.get(2..).unwrap_or_default()).map_or(0, |n| n + 2)
        }
        ['"', ..] => string_length(rest),
        ['\'', '\\', ..] => rest.iter().skip(3).position(|letter| *letter == '\'').map_or(rest.len(), |n| n + 4),
        ['\'', _, '\'', ..] => 3,
        _ => 0,
    };
    at + length
}

fn block_comment_length(rest: &[char]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        match rest.get(at..).unwrap_or_default() {
            ['/', '*', ..] => {
                depth += 1;
                at += 2;
            }
            ['*', '/', ..] => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of a raw string from its first `#` or quote on; `None` for a raw identifier.
fn raw_string_length(rest: &[char]) -> Option<usize> {
    let hashes = rest.iter().take_while(|letter| **letter == '#').count();
    if rest.get(hashes) != Some(&'"') {
        return None;
    }
    let closing: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let body = rest.get(hashes + 1..).unwrap_or_default();
    let end = body.windows(closing.len()).position(|window| window == closing);
    Some(end.map_or(rest.len(), |end| hashes + 1 + end + closing.len()))
}

fn string_length(rest: &[char]) -> usize {
    let mut at = 1;
    while let Some(letter) = rest.get(at) {
        match letter {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_and_code_is_kept() {
        let text = "let a = \"x \\\" y\"; // tail\nlet b = 'c'; let d: &'static str = r#\"raw \" q\"#; /* one /* two */ */ end";
        let code = Source::new("a.rs", text).code;
        assert_eq!(code.chars().count(), text.chars().count());
        assert_eq!(code.lines().count(), 2);
        for gone in ["x", "tail", "raw", "one", "two", "'c'"] {
            assert!(!code.contains(gone), "{gone} in {code}");
        }
        for kept in ["let a =", "let b =", "&'static str", "end"] {
            assert!(code.contains(kept), "{kept} in {code}");
        }
    }

    #[test]
    fn escapes_and_bytes_do_not_confuse() {
        let code = Source::new("a.rs", "f('\\'', b'\\n', br\"z\", '\\u{41}'); g(r#type)").code;
        assert!(code.contains("g(r#type)"), "{code}");
        assert!(!code.contains('z') && !code.contains("41"), "{code}");
    }
}
