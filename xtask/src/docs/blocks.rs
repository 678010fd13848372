//! The blocks of a Markdown document that contain commands or files.

/// One command and its expected result.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Its line in the document, from 1.
    pub(super) line: usize,
    /// The command.
    pub(super) command: String,
    /// The expected output; if empty, any output is accepted.
    pub(super) expected: Vec<String>,
    /// The expected exit status.
    pub(super) status: i32,
}

/// A block.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// Commands, one after the other.
    Commands { steps: Vec<Step>, is_background: bool },
    /// A file.
    File { name: String, text: String },
    /// A block that is not run, and the reason.
    NotRun { line: usize, reason: String },
}

/// The comment before a block.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Note {
    Background,
    File(String),
    NotRun(String),
}

/// The blocks of one document, in order.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) blocks: Vec<Block>,
    /// Programs that the commands need and that not every machine has.
    pub(super) tools: Vec<String>,
}

/// Languages of blocks that are neither commands nor files.
const QUOTED: [&str; 5] = ["text", "json", "toml", "ini", "diff"];
/// The first words by which a command in an indented block is recognised.
const PROGRAMS: [&str; 12] =
    ["claviger", "cargo", "curl", "pip", "npm", "go", "mvn", "export", "sqlite3", "systemctl", "python3", "openssl"];

impl Document {
    /// # Errors
    /// A block with commands in another form: the line, and what is wrong.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let lines: Vec<&str> = text.lines().collect();
        let (mut blocks, mut tools, mut note, mut at) = (Vec::new(), Vec::new(), None, 0);
        while let Some(line) = lines.get(at) {
            let number = at + 1;
            if let Some(language) = line.strip_prefix("```") {
                let body: Vec<&str> = lines.iter().skip(at + 1).take_while(|line| **line != "```").copied().collect();
                at += body.len() + 2;
                blocks.extend(fenced(number, language.trim(), &body, note.take())?);
                continue;
            }
            if let Some(found) = parse_note(line) {
                note = Some(found);
            } else if let Some(("tools", names)) = comment(line).and_then(|inside| inside.split_once(':')) {
                tools.extend(names.split_whitespace().map(String::from));
            } else if is_indented_command(line) {
                match note.take() {
                    Some(Note::NotRun(reason)) => blocks.push(Block::NotRun { line: number, reason }),
                    _ => {
                        return Err(format!(
                            "{number}: write commands as a ```console block, or say why it is not run"
                        ));
                    }
                }
                at += lines.iter().skip(at).take_while(|line| line.starts_with("    ")).count();
                continue;
            } else if !line.trim().is_empty() {
                note = None;
            }
            at += 1;
        }
        Ok(Self { blocks, tools })
    }

    pub(super) fn not_run(&self) -> impl Iterator<Item = (usize, &str)> {
        self.blocks.iter().filter_map(|block| match block {
            Block::NotRun { line, reason } => Some((*line, reason.as_str())),
            _ => None,
        })
    }

    pub(super) fn has_commands(&self) -> bool {
        self.blocks.iter().any(|block| matches!(block, Block::Commands { .. }))
    }
}

/// The text of a comment.
fn comment(line: &str) -> Option<&str> {
    line.trim().strip_prefix("<!--")?.strip_suffix("-->").map(str::trim)
}

fn parse_note(line: &str) -> Option<Note> {
    let inside = comment(line)?;
    match inside.split_once(':') {
        Some(("file", name)) => Some(Note::File(name.trim().to_owned())),
        Some(("not run", reason)) if !reason.trim().is_empty() => Some(Note::NotRun(reason.trim().to_owned())),
        None if inside == "background" => Some(Note::Background),
        _ => None,
    }
}

fn is_indented_command(line: &str) -> bool {
    let words = line.strip_prefix("    ").and_then(|rest| rest.split_whitespace().next());
    words.is_some_and(|word| PROGRAMS.contains(&word))
}

fn fenced(line: usize, language: &str, body: &[&str], note: Option<Note>) -> Result<Option<Block>, String> {
    match (language, note) {
        (_, Some(Note::NotRun(reason))) => Ok(Some(Block::NotRun { line, reason })),
        ("console", note) => {
            let steps = steps(line, body)?;
            Ok(Some(Block::Commands { steps, is_background: note == Some(Note::Background) }))
        }
        (_, Some(Note::File(name))) => Ok(Some(Block::File { name, text: body.join("\n") + "\n" })),
        (quoted, _) if QUOTED.contains(&quoted) => Ok(None),
        _ => Err(format!("{line}: write `<!-- file: NAME -->` or `<!-- not run: REASON -->` before this block")),
    }
}

fn steps(first_line: usize, body: &[&str]) -> Result<Vec<Step>, String> {
    let mut steps: Vec<Step> = Vec::new();
    for (at, text) in body.iter().enumerate() {
        let line = first_line + 1 + at;
        if let Some(command) = text.strip_prefix("$ ") {
            steps.push(Step { line, command: command.to_owned(), expected: Vec::new(), status: 0 });
            continue;
        }
        let Some(step) = steps.last_mut() else {
            return Err(format!("{line}: a console block begins with a command after `$ `"));
        };
        if let Some(more) = text.strip_prefix("> ").filter(|_| step.expected.is_empty()) {
            step.command.push('\n');
            step.command.push_str(more);
        } else if let Some(status) = exit_status(text) {
            step.status = status;
        } else {
            step.expected.push((*text).to_owned());
        }
    }
    Ok(steps)
}

fn exit_status(text: &str) -> Option<i32> {
    text.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_carry_their_lines_and_status() {
        let text = "words\n\n```console\n$ one \\\n> two\nprinted\n$ three\n[1]\n```\n";
        let document = Document::parse(text).unwrap();
        let [Block::Commands { steps, is_background: false }] = document.blocks.as_slice() else { panic!() };
        assert_eq!(steps[0].command, "one \\\ntwo");
        assert_eq!((steps[0].line, steps[0].expected.as_slice()), (4, &["printed".to_owned()][..]));
        assert_eq!((steps[1].command.as_str(), steps[1].status), ("three", 1));
    }

    #[test]
    fn the_comment_before_a_block_sets_its_kind() {
        let text = "<!-- file: app.py -->\n```python\nimport this\n```\n<!-- background -->\n```console\n$ serve\n```\n\
                    <!-- not run: needs root -->\n    cargo install x\n";
        let document = Document::parse(text).unwrap();
        assert!(
            matches!(&document.blocks[0], Block::File { name, text } if name == "app.py" && text == "import this\n")
        );
        assert!(matches!(&document.blocks[1], Block::Commands { is_background: true, .. }));
        assert_eq!(document.not_run().collect::<Vec<_>>(), [(10, "needs root")]);
    }

    #[test]
    fn the_tools_of_a_document_are_parsed() {
        let document = Document::parse("# Title\n\n<!-- tools: node npm -->\n\n```console\n$ npm ci\n```\n").unwrap();
        assert_eq!(document.tools, ["node", "npm"]);
        assert!(document.has_commands());
        assert!(Document::parse("words\n").unwrap().tools.is_empty());
    }

    #[test]
    fn a_block_without_markup_is_an_error() {
        for text in
            ["    cargo xtask test\n", "```python\nx\n```\n", "```sh\nls\n```\n", "```console\nno command\n```\n"]
        {
            assert!(Document::parse(text).is_err(), "{text}");
        }
        let words_between = "<!-- not run: why -->\nwords\n\n    claviger dev\n";
        assert!(Document::parse(words_between).is_err(), "a comment applies only to the next block");
        assert!(Document::parse("    not a command\n```json\n{}\n```\n").is_ok());
    }
}
