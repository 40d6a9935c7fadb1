//! The arguments of a command, made into pictures as they are asked for: a directory of any size begins at once.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::pictures::Picture;
use crate::pictures::stdin::{self, Stdin};

const EXTENSIONS: [&str; 6] = ["jpg", "jpeg", "png", "webp", "gif", "bmp"];

/// The pictures of a command line, in its order; what a directory or a pattern gives is sorted by name.
pub(crate) struct Walk {
    steps: VecDeque<Step>,
    total: Option<usize>,
    has_list: bool,
}

enum Step {
    One(Picture),
    Directory(PathBuf, std::vec::IntoIter<OsString>),
    Pattern(Box<glob::Paths>),
    /// Files and URLs that are read as they come.
    List(Box<dyn Iterator<Item = Result<String, Failure>> + Send>),
}

impl Walk {
    /// Fails where an argument is nothing, before anything is sent.
    pub(crate) fn new(arguments: &[String]) -> Result<Self, Failure> {
        if arguments.iter().filter(|argument| *argument == "-").count() > 1 {
            return Err(Failure::invalid("- is given twice; stdin can be read once"));
        }
        let mut walk = Self { steps: VecDeque::new(), total: Some(0), has_list: false };
        for argument in arguments {
            walk.add(argument)?;
        }
        Ok(walk)
    }

    /// How many pictures there are, where that is known without looking further.
    pub(crate) fn total(&self) -> Option<usize> {
        self.total
    }

    /// Whether some come from a list, which may be without end.
    pub(crate) fn has_list(&self) -> bool {
        self.has_list
    }

    /// Gives these again, and then the others.
    pub(crate) fn put_back(&mut self, pictures: Vec<Picture>) {
        for picture in pictures.into_iter().rev() {
            self.steps.push_front(Step::One(picture));
        }
    }

    fn add(&mut self, argument: &str) -> Result<(), Failure> {
        if argument == "-" {
            match stdin::read()? {
                Stdin::Picture(bytes) => self.push(Picture::Bytes { name: "-".to_owned(), bytes }),
                Stdin::List(lines) => {
                    (self.total, self.has_list) = (None, true);
                    self.steps.push_back(Step::List(lines));
                }
            }
            return Ok(());
        }
        if let Some((scheme, _)) = argument.split_once("://") {
            if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
                let problem = format!("\"{argument}\" is not an http:// or https:// URL");
                return Err(Failure::invalid(problem)
                    .hint("for a file, give its path; for anything else, its bytes on stdin (-)"));
            }
            self.push(Picture::Url(argument.to_owned()));
            return Ok(());
        }
        let path = Path::new(argument);
        match std::fs::metadata(path) {
            Ok(there) if there.is_dir() => {
                let names = in_directory(path)?;
                self.total = self.total.map(|total| total + names.len());
                self.steps.push_back(Step::Directory(path.to_owned(), names.into_iter()));
                Ok(())
            }
            Ok(_) => {
                self.push(Picture::File(path.to_owned()));
                Ok(())
            }
            Err(_) if argument.contains(['*', '?', '[']) => self.add_pattern(argument),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(missing(argument)),
            Err(error) => Err(Failure::invalid(format!("{argument} cannot be read: {error}"))),
        }
    }

    fn push(&mut self, picture: Picture) {
        self.total = self.total.map(|total| total + 1);
        self.steps.push_back(Step::One(picture));
    }

    /// The first that matches is looked for at once, so that a pattern for nothing is told.
    fn add_pattern(&mut self, pattern: &str) -> Result<(), Failure> {
        let mut paths = glob::glob(pattern)
            .map_err(|error| Failure::invalid(format!("\"{pattern}\" is no pattern: {}", error.msg)))?;
        let first = matching(&mut paths).ok_or_else(|| Failure::invalid(format!("no file matches \"{pattern}\"")))?;
        self.push(first);
        self.total = None;
        self.steps.push_back(Step::Pattern(Box::new(paths)));
        Ok(())
    }
}

impl Iterator for Walk {
    type Item = Result<Picture, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let next = match self.steps.front_mut()? {
                Step::One(_) => match self.steps.pop_front() {
                    Some(Step::One(picture)) => return Some(Ok(picture)),
                    _ => None,
                },
                Step::Directory(directory, names) => names.next().map(|name| Ok(Picture::File(directory.join(name)))),
                Step::Pattern(paths) => matching(paths).map(Ok),
                Step::List(lines) => lines.next().map(|line| line.map(listed)),
            };
            if next.is_some() {
                return next;
            }
            self.steps.pop_front();
        }
    }
}

/// What a line of a list names. Whether it is there is told of this picture alone.
fn listed(line: String) -> Picture {
    if line.contains("://") { Picture::Url(line) } else { Picture::File(line.into()) }
}

/// The next file that matches. What cannot be looked into cannot match.
fn matching(paths: &mut glob::Paths) -> Option<Picture> {
    paths.flatten().find(|path| path.is_file()).map(Picture::File)
}

fn missing(argument: &str) -> Failure {
    let failure = Failure::invalid(format!("there is no file \"{argument}\", and it is not a URL"));
    // example.com/street.jpg: what a person copies from a browser that hides the scheme
    let first = argument.split('/').next().unwrap_or_default();
    if argument.contains('/') && first.contains('.') && !first.starts_with('.') {
        return failure.hint(format!("for a URL, write https://{argument}"));
    }
    failure.hint("check the path; a URL starts with https://")
}

/// The names of the pictures right in a directory, sorted. Without a look at each file, of which there may be many.
fn in_directory(directory: &Path) -> Result<Vec<OsString>, Failure> {
    let unreadable =
        |error: std::io::Error| Failure::invalid(format!("{} cannot be read: {error}", directory.display()));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name();
        let hidden = name.to_string_lossy().starts_with('.');
        // What an earlier --annotate made is no picture of its own.
        let copy = Path::new(&name).file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with(".boxes"));
        if hidden || copy || !is_picture(&name) {
            continue;
        }
        let is_file = match entry.file_type() {
            Ok(kind) if !kind.is_symlink() => kind.is_file(),
            _ => entry.path().is_file(),
        };
        if is_file {
            found.push(name);
        }
    }
    if found.is_empty() {
        let problem = format!("no picture ({}) in the directory {}", EXTENSIONS.join(", "), directory.display());
        return Err(
            Failure::invalid(problem).hint(format!("for its subdirectories too: '{}/**/*.jpg'", directory.display()))
        );
    }
    found.sort();
    Ok(found)
}

fn is_picture(name: &OsString) -> bool {
    let extension = Path::new(name).extension();
    extension.is_some_and(|extension| EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHOTOS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/photos");

    fn walk(arguments: &[&str]) -> Result<Walk, Failure> {
        let arguments: Vec<_> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        Walk::new(&arguments)
    }

    fn names(arguments: &[&str]) -> Vec<String> {
        let name = |picture: Result<Picture, Failure>| picture.unwrap().name().rsplit('/').next().unwrap().to_owned();
        walk(arguments).unwrap().map(name).collect()
    }

    #[test]
    fn a_directory_and_a_pattern_are_sorted() {
        let all = ["astronaut.jpg", "chelsea.jpg", "coffee.jpg", "rocket.jpg"];
        assert_eq!(names(&[PHOTOS]), all);
        assert_eq!(names(&[&format!("{PHOTOS}/c*.jpg")]), all[1..3]);
        assert_eq!(names(&["https://x.test/b.jpg", &format!("{PHOTOS}/../p*/a*.jpg")]), ["b.jpg", "astronaut.jpg"]);
        assert_eq!(walk(&[PHOTOS, "https://x.test/b.jpg"]).unwrap().total(), Some(5));
        assert_eq!(walk(&[&format!("{PHOTOS}/c*.jpg")]).unwrap().total(), None);
    }

    #[test]
    fn what_is_put_back_comes_first_again() {
        let mut walk = walk(&[PHOTOS]).unwrap();
        let two: Vec<_> = walk.by_ref().take(2).map(Result::unwrap).collect();
        walk.put_back(two.clone());
        let all: Vec<_> = walk.map(Result::unwrap).collect();
        assert_eq!((all.len(), &all[..2]), (4, &two[..]));
    }

    #[test]
    fn hidden_files_copies_and_what_is_no_picture_are_left_out() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["b.JPG", "a.webp", ".hidden.jpg", "a.boxes.jpg", "notes.txt", "jpg"] {
            std::fs::write(directory.path().join(name), "x").unwrap();
        }
        std::fs::create_dir(directory.path().join("folder.jpg")).unwrap();
        assert_eq!(names(&[directory.path().to_str().unwrap()]), ["a.webp", "b.JPG"]);
    }

    #[test]
    fn a_line_of_a_list_is_a_url_or_a_file() {
        assert_eq!(listed("https://x.test/b.jpg".into()), Picture::Url("https://x.test/b.jpg".into()));
        assert_eq!(listed("a b.jpg".into()), Picture::File("a b.jpg".into()));
    }

    #[test]
    fn what_is_nothing_is_told_with_advice() {
        let failed = |argument: &str| format!("{:?}", walk(&[argument]).err().unwrap());
        assert!(failed("no-such.jpg").contains("a URL starts with https://"));
        assert!(failed("example.com/street.jpg").contains("write https://example.com/street.jpg"));
        assert!(failed("./no/such.jpg").contains("check the path"));
        assert!(failed("ftp://example.com/a.jpg").contains("is not an http:// or https:// URL"));
        assert!(failed("no-such-*.jpg").contains("no file matches"));
        assert!(failed(env!("CARGO_MANIFEST_DIR")).contains("no picture"));
    }
}
