//! The files that match a pattern. `**` goes into no folder through a link: one that leads back up would give each picture
//! again and again.

use std::path::{Component, Path, PathBuf};

use glob::{Paths, PatternError};

/// The files that match a pattern, sorted.
pub(super) struct Matches {
    paths: Paths,
    /// Of a pattern with `**` only.
    depths: Option<Depths>,
    /// The folder of the file before, and whether it is reached through a link.
    last: Option<(PathBuf, bool)>,
}

/// Which folders of a path a pattern with `**` does not name.
struct Depths {
    /// How many parts come before the first `**`.
    before: usize,
    /// Of the parts after the last `**`, from the end: whether each is a plain name.
    named: Vec<bool>,
}

impl Matches {
    pub(super) fn new(pattern: &str) -> Result<Self, PatternError> {
        Ok(Self { paths: glob::glob(pattern)?, depths: Depths::of(pattern), last: None })
    }

    fn is_linked(&mut self, file: &Path) -> bool {
        let (Some(depths), Some(folder)) = (&self.depths, file.parent()) else { return false };
        match &self.last {
            Some((last, is_linked)) if last == folder => *is_linked,
            _ => {
                let is_linked = depths.is_linked(file);
                self.last = Some((folder.to_owned(), is_linked));
                is_linked
            }
        }
    }
}

impl Iterator for Matches {
    type Item = PathBuf;

    /// What cannot be looked into cannot match.
    fn next(&mut self) -> Option<PathBuf> {
        loop {
            let path = self.paths.find_map(Result::ok)?;
            if path.is_file() && !self.is_linked(&path) {
                return Some(path);
            }
        }
    }
}

impl Depths {
    fn of(pattern: &str) -> Option<Self> {
        let parts: Vec<_> = parts(Path::new(pattern)).map(|part| part.as_os_str().to_string_lossy()).collect();
        let before = parts.iter().position(|part| part == "**")?;
        let after = parts.iter().rev().take_while(|part| *part != "**");
        Some(Self { before, named: after.map(|part| !part.contains(['*', '?', '['])).collect() })
    }

    /// Whether a folder that the pattern does not name is a link.
    fn is_linked(&self, file: &Path) -> bool {
        let count = parts(file).count();
        let mut path = PathBuf::new();
        parts(file).take(count.saturating_sub(1)).enumerate().any(|(depth, part)| {
            path.push(part);
            let is_named = depth < self.before || self.named.get(count - 1 - depth).copied().unwrap_or(false);
            !is_named && path.is_symlink()
        })
    }
}

/// The parts of a path, without the dot that it may begin with.
fn parts(path: &Path) -> impl Iterator<Item = Component<'_>> {
    path.components().filter(|part| *part != Component::CurDir)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_gone_into_only_where_the_pattern_names_them() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        std::fs::create_dir_all(root.join("real/deep")).unwrap();
        for name in ["a.jpg", "real/b.jpg", "real/deep/c.jpg"] {
            std::fs::write(root.join(name), "x").unwrap();
        }
        symlink(".", root.join("self")).unwrap();
        symlink("real", root.join("link")).unwrap();
        symlink("../a.jpg", root.join("real/d.jpg")).unwrap();
        let matching = |pattern: &str| -> Vec<String> {
            let found = Matches::new(&format!("{}/{pattern}", root.display())).unwrap();
            found.map(|path| path.strip_prefix(root).unwrap().display().to_string()).collect()
        };
        assert_eq!(matching("**/*.jpg"), ["a.jpg", "real/b.jpg", "real/d.jpg", "real/deep/c.jpg"]);
        assert_eq!(matching("**/*/b.jpg"), ["real/b.jpg"]);
        assert_eq!(matching("link/**/*.jpg"), ["link/b.jpg", "link/d.jpg", "link/deep/c.jpg"]);
        assert_eq!(matching("l*/**/c.jpg"), ["link/deep/c.jpg"]);
        assert_eq!(matching("**/link/b.jpg"), ["link/b.jpg"]);
        assert_eq!(matching("*/a.jpg"), ["self/a.jpg"], "as a shell has it");
    }
}
