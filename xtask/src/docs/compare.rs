//! Comparison of the output of a command with the documented output.

/// A description of the difference; `None` if `printed` matches `expected`.
pub(super) fn difference(expected: &[String], printed: &str) -> Option<String> {
    if expected.is_empty() {
        return None;
    }
    let printed: Vec<&str> = printed.lines().map(str::trim_end).collect();
    if matches(expected, &printed) {
        return None;
    }
    let stated = expected.join("\n    ");
    Some(format!("the document says:\n    {stated}\n  the output was:\n    {}", printed.join("\n    ")))
}

/// Whether the output so far starts with `expected`.
pub(super) fn begins_as_expected(expected: &[String], printed: &str) -> bool {
    let mut expected = expected.to_vec();
    expected.push("...".to_owned());
    matches(&expected, &printed.lines().map(str::trim_end).collect::<Vec<_>>())
}

fn matches(expected: &[String], printed: &[&str]) -> bool {
    let Some((first, rest)) = expected.split_first() else { return printed.is_empty() };
    if first.trim() == "..." {
        return (0..=printed.len()).any(|skipped| printed.get(skipped..).is_some_and(|left| matches(rest, left)));
    }
    match printed.split_first() {
        Some((line, left)) => line_matches(first.trim_end(), line) && matches(rest, left),
        None => false,
    }
}

fn line_matches(pattern: &str, line: &str) -> bool {
    match pattern.split_once("[..]") {
        None => pattern == line,
        Some((before, after)) => line.strip_prefix(before).is_some_and(|rest| {
            let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            ends.filter_map(|at| rest.get(at..)).any(|left| line_matches(after, left))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differs(expected: &[&str], printed: &str) -> bool {
        difference(&expected.iter().map(|line| String::from(*line)).collect::<Vec<_>>(), printed).is_some()
    }

    #[test]
    fn lines_are_compared_whole() {
        assert!(!differs(&["a", "b"], "a\nb\n"));
        assert!(differs(&["a"], "a\nb\n"));
        assert!(differs(&["a", "b"], "a\n"));
        assert!(differs(&["a"], "ab\n"));
        assert!(!differs(&[], "anything\n"));
    }

    #[test]
    fn wildcards_stand_for_text_and_for_lines() {
        assert!(!differs(&["id [..] of [..]."], "id x of y.\n"));
        assert!(differs(&["id [..] of"], "id x of y\n"));
        assert!(!differs(&["a", "...", "z"], "a\nb\nc\nz\n"));
        assert!(!differs(&["a", "..."], "a\n"));
        assert!(differs(&["a", "...", "z"], "a\nb\n"));
    }

    #[test]
    fn a_background_command_has_begun_when_its_lines_are_there() {
        let expected = ["ready [..]".to_owned()];
        assert!(!begins_as_expected(&expected, ""));
        assert!(begins_as_expected(&expected, "ready now\nmore\n"));
    }
}
