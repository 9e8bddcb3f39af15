//! The lines of each file: how many, and words that say that something isn't finished.

use super::Source;

/// The most lines that a source file may have. One that needs more is listed with its reason.
const MOST_LINES: usize = 500;
const LONG_FILES: [(&str, &str); 0] = [];

/// Words that stand for work left undone or a test that doesn't run, by the files' endings.
/// Written in two halves, so that this file doesn't name them itself.
const UNFINISHED: [(&[&str], &str, &str); 12] = [
    (&["rs"], "todo", "!("),
    (&["rs"], "unimplemented", "!("),
    (&["rs"], "#[ign", "ore"),
    (
        &["rs", "ts", "tsx", "js", "mjs", "css", "html", "md"],
        "FIX",
        "ME",
    ),
    (&["rs", "ts", "tsx", "js", "mjs"], "TO", "DO"),
    (&["rs", "ts", "tsx", "js", "mjs"], "XX", "X"),
    (&["ts", "tsx", "js", "mjs"], "test.sk", "ip"),
    (&["ts", "tsx", "js", "mjs"], "it.sk", "ip"),
    (&["ts", "tsx", "js", "mjs"], "describe.sk", "ip"),
    (&["ts", "tsx", "js", "mjs"], "test.on", "ly"),
    (&["ts", "tsx", "js", "mjs"], "it.on", "ly"),
    (&["ts", "tsx", "js", "mjs"], "@ts-ign", "ore"),
];

/// Complaints about the lines of these files.
pub(super) fn check(sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in sources {
        let ending = source.path.rsplit('.').next().unwrap_or_default();
        complaints.extend(check_length(source, ending));
        complaints.extend(check_words(source, ending));
    }
    for (path, _) in LONG_FILES {
        let is_long = |source: &Source| source.path == path && is_long(source);
        if !sources.iter().any(is_long) {
            complaints.push(format!("{path}: is short now, take it off xtask's list"));
        }
    }
    complaints
}

fn is_long(source: &Source) -> bool {
    source.text.lines().count() > MOST_LINES
}

fn check_length(source: &Source, ending: &str) -> Option<String> {
    let is_source = matches!(ending, "rs" | "ts" | "tsx" | "js" | "mjs");
    let is_listed = LONG_FILES.iter().any(|(path, _)| *path == source.path);
    (is_source && is_long(source) && !is_listed).then(|| {
        format!(
            "{}: has over {MOST_LINES} lines; split it by state",
            source.path
        )
    })
}

fn check_words(source: &Source, ending: &str) -> Vec<String> {
    let words: Vec<String> = UNFINISHED
        .iter()
        .filter(|(endings, _, _)| endings.contains(&ending))
        .map(|(_, first, second)| format!("{first}{second}"))
        .collect();
    let mut complaints = Vec::new();
    for (number, line) in source.text.lines().enumerate() {
        for word in words.iter().filter(|word| line.contains(word.as_str())) {
            complaints.push(format!(
                "{}:{}: finish this: {word}",
                source.path,
                number + 1
            ));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: String) -> Source {
        Source {
            path: path.to_owned(),
            text,
        }
    }

    #[test]
    fn a_file_of_501_lines_is_too_long_and_one_of_500_is_not() {
        assert!(check(&[source("a.rs", "x\n".repeat(MOST_LINES))]).is_empty());
        assert_eq!(
            check(&[source("a.rs", "x\n".repeat(MOST_LINES + 1))]).len(),
            1
        );
        assert!(check(&[source("a.json", "x\n".repeat(MOST_LINES + 1))]).is_empty());
    }

    #[test]
    fn unfinished_work_is_reported_with_its_line() {
        let text = format!("fn main() {{\n    {}{}\"later\");\n}}\n", "todo", "!(");
        let complaints = check(&[source("a.rs", text)]);
        assert_eq!(complaints.len(), 1);
        assert!(complaints[0].starts_with("a.rs:2: "));
    }
}
