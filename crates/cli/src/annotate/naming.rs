//! Where the copies go: a name of its own for each, never that of an input.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::pictures::Picture;

/// The names in one directory that are given or must not be.
pub(crate) struct Names {
    directory: PathBuf,
    /// Without its detours, so that it can be compared with the inputs.
    real_directory: PathBuf,
    inputs: HashSet<PathBuf>,
    given: HashSet<String>,
}

impl Names {
    pub(crate) fn new(directory: &Path, pictures: &[Picture]) -> Self {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let inputs = pictures.iter().filter_map(|picture| match picture {
            Picture::File(path) => Some(path),
            Picture::Url(_) | Picture::Bytes { .. } => None,
        });
        // A link to an input is as bad to replace as the input itself.
        let inputs = inputs.flat_map(|path| [real(path), real_parent(path)]).collect();
        Self { directory: directory.to_owned(), real_directory: real(directory), inputs, given: HashSet::new() }
    }

    /// `street.boxes.jpg`, or `street-2.boxes.jpg` where that is taken.
    pub(crate) fn take(&mut self, picture: &Picture, extension: &str) -> PathBuf {
        let stem = stem(picture);
        let mut number = 1;
        loop {
            let name = if number == 1 {
                format!("{stem}.boxes.{extension}")
            } else {
                format!("{stem}-{number}.boxes.{extension}")
            };
            number += 1;
            // Some file systems take A.jpg and a.jpg for one.
            let fold = name.to_lowercase();
            let there = self.real_directory.join(&name);
            let is_input =
                self.inputs.contains(&there) || there.canonicalize().is_ok_and(|real| self.inputs.contains(&real));
            let exists = there.symlink_metadata().is_ok();
            if !is_input && !exists && self.given.insert(fold) {
                return self.directory.join(name);
            }
        }
    }
}

fn real_parent(path: &Path) -> PathBuf {
    match (
        path.parent().map(|parent| if parent.as_os_str().is_empty() { Path::new(".") } else { parent }),
        path.file_name(),
    ) {
        (Some(parent), Some(name)) => parent.canonicalize().unwrap_or_else(|_| parent.to_owned()).join(name),
        _ => path.to_owned(),
    }
}

fn stem(picture: &Picture) -> String {
    let stem = match picture {
        Picture::File(path) => path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default(),
        Picture::Url(url) => {
            let path = url.split(['?', '#']).next().unwrap_or_default();
            let path = path.split_once("://").map_or(path, |(_, rest)| rest);
            let name = path.rsplit('/').next().unwrap_or_default();
            name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
        }
        Picture::Bytes { .. } => "stdin".to_owned(),
    };
    // A URL may hold anything, and a name must not leave the directory.
    let safe = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ') { c } else { '_' };
    let stem: String = stem.trim_matches('.').chars().take(100).map(safe).collect();
    if stem.is_empty() { "picture".to_owned() } else { stem }
}

/// The name of a file that is still being written.
pub(crate) fn unfinished(directory: &Path) -> PathBuf {
    directory.join(format!(".ii-{}.part", std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_copy_has_a_name_of_its_own_and_no_input_is_hit() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, "x").unwrap();
            Picture::File(path)
        };
        let pictures = [file("a.jpg"), file("a.boxes.jpg"), Picture::File("elsewhere/a.jpg".into())];
        let mut names = Names::new(directory.path(), &pictures);
        let mut take =
            |picture: &Picture| names.take(picture, "jpg").file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(take(&pictures[0]), "a-2.boxes.jpg");
        assert_eq!(take(&pictures[1]), "a.boxes.boxes.jpg");
        assert_eq!(take(&pictures[2]), "a-3.boxes.jpg");
        assert_eq!(take(&Picture::Url("https://x.test/b/c.png?size=2/3".into())), "c.boxes.jpg");
        assert_eq!(take(&Picture::Url("https://x.test/".into())), "picture.boxes.jpg");
        assert_eq!(take(&Picture::Url("https://x.test/..%2f..\\etc".into())), "%2f.boxes.jpg".replace("%2f", "_2f"));
        assert_eq!(take(&Picture::Bytes { name: "-".into(), bytes: vec![] }), "stdin.boxes.jpg");
    }
}
