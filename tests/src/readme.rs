//! The README's programs, so that each language's tests can run them as they stand there.

/// A program, and the name of the file it is handed over in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The language, as the fence names it.
    pub language: &'static str,
    /// Its first program is `python.py`, a second one `python-2.py`.
    pub file: String,
    /// What stands between the fences.
    pub text: String,
}

/// What a fence may name: the language, the name of its file, what stands before a number, the ending.
const LANGUAGES: [(&str, &str, &str, &str, &str); 7] = [
    ("rust", "rust", "rust", "-", ".rs"),
    ("python", "python", "python", "-", ".py"),
    ("js", "node", "node", "-", ".mjs"),
    ("javascript", "node", "node", "-", ".mjs"),
    ("ts", "node", "node", "-", ".mts"),
    ("kotlin", "kotlin", "Readme", "", ".kt"),
    ("swift", "swift", "swift", "-", ".swift"),
];

/// The programs of a Markdown text, in its order. Blocks in other languages (`sh`, `toml`) are none.
pub fn programs(markdown: &str) -> Vec<Program> {
    let mut programs: Vec<Program> = Vec::new();
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let text: String =
            lines.by_ref().take_while(|line| !line.starts_with("```")).flat_map(|line| [line, "\n"]).collect();
        // `rust,no_run` is rust.
        let fence = info.split(',').next().unwrap_or_default().trim();
        if let Some((_, language, stem, dash, ending)) = LANGUAGES.into_iter().find(|row| row.0 == fence) {
            let before = programs.iter().filter(|program| program.language == language).count();
            let number = if before == 0 { String::new() } else { format!("{dash}{}", before + 1) };
            programs.push(Program { language, file: format!("{stem}{number}{ending}"), text });
        }
    }
    programs
}

#[cfg(test)]
mod tests {
    use super::programs;

    #[test]
    fn programs_are_found_and_named() {
        let found = programs(
            "a\n```sh\nls\n```\n```rust,no_run\nfn a() {}\n\nb\n```\n```python\n1\n```\n```python\n2\n```\n```kotlin\n```\n```kotlin\n```",
        );
        let named: Vec<_> = found.iter().map(|program| (program.language, program.file.as_str())).collect();
        assert_eq!(
            named,
            [
                ("rust", "rust.rs"),
                ("python", "python.py"),
                ("python", "python-2.py"),
                ("kotlin", "Readme.kt"),
                ("kotlin", "Readme2.kt")
            ]
        );
        assert_eq!(found[0].text, "fn a() {}\n\nb\n");
        assert_eq!(found[2].text, "2\n");
    }
}
