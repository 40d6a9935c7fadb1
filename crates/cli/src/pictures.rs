//! What `ii detect` is given: files, patterns, directories, URLs and stdin, made into a list of pictures.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use image_intelligence::Image;

use crate::failure::Failure;

/// How many pictures one job takes.
const MOST: usize = 64;
/// A request has room for this much, so there is no use in reading more from stdin.
const MOST_STDIN: u64 = 100 << 20;
const EXTENSIONS: [&str; 6] = ["jpg", "jpeg", "png", "webp", "gif", "bmp"];

/// One picture to send.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Picture {
    File(PathBuf),
    Url(String),
    /// Bytes that are at hand: from stdin, or compiled in.
    Bytes {
        name: String,
        bytes: Vec<u8>,
    },
}

impl Picture {
    /// Its name for a person: as it was given.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Url(url) => url.clone(),
            Self::Bytes { name, .. } => name.clone(),
        }
    }

    /// How it travels, in a word.
    pub(crate) fn sent_as(&self) -> &'static str {
        match self {
            Self::Url(_) => "url",
            Self::File(_) | Self::Bytes { .. } => "file",
        }
    }

    pub(crate) fn to_image(&self) -> Image {
        match self {
            Self::File(path) => Image::file(path),
            Self::Url(url) => Image::url(url),
            Self::Bytes { bytes, .. } => Image::bytes(bytes.clone()),
        }
    }
}

/// A number of pictures, in words.
pub(crate) fn count(pictures: usize) -> String {
    if pictures == 1 { "1 picture".to_owned() } else { format!("{pictures} pictures") }
}

/// Makes pictures of the arguments, in their order; what a directory or a pattern gives is sorted by name.
pub(crate) fn from_arguments(arguments: &[String]) -> Result<Vec<Picture>, Failure> {
    if arguments.iter().filter(|argument| *argument == "-").count() > 1 {
        return Err(Failure::invalid("- is given twice; stdin can be read once, as one picture"));
    }
    let mut pictures = Vec::new();
    for argument in arguments {
        from_argument(argument, &mut pictures)?;
    }
    if pictures.len() > MOST {
        let given = pictures.len();
        return Err(Failure::invalid(format!("{given} pictures given; one job takes at most {MOST}"))
            .hint(format!("give at most {MOST} at a time, such as by a narrower pattern")));
    }
    Ok(pictures)
}

fn from_argument(argument: &str, pictures: &mut Vec<Picture>) -> Result<(), Failure> {
    if argument == "-" {
        pictures.push(Picture::Bytes { name: "-".to_owned(), bytes: stdin()? });
        return Ok(());
    }
    if let Some((scheme, _)) = argument.split_once("://") {
        if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
            let problem = format!("\"{argument}\" is not an http:// or https:// URL");
            return Err(
                Failure::invalid(problem).hint("for a file, give its path; for anything else, its bytes on stdin (-)")
            );
        }
        pictures.push(Picture::Url(argument.to_owned()));
        return Ok(());
    }
    let path = Path::new(argument);
    match std::fs::metadata(path) {
        Ok(there) if there.is_dir() => from_directory(path, pictures),
        Ok(_) => {
            pictures.push(Picture::File(path.to_owned()));
            Ok(())
        }
        Err(_) if argument.contains(['*', '?', '[']) => from_pattern(argument, pictures),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(missing(argument)),
        Err(error) => Err(Failure::invalid(format!("{argument} cannot be read: {error}"))),
    }
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

fn from_directory(directory: &Path, pictures: &mut Vec<Picture>) -> Result<(), Failure> {
    let unreadable =
        |error: std::io::Error| Failure::invalid(format!("{} cannot be read: {error}", directory.display()));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        // What an earlier --annotate made is no picture of its own.
        let copy = path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with(".boxes"));
        if !hidden && !copy && is_picture(&path) && path.is_file() {
            found.push(path);
        }
    }
    if found.is_empty() {
        let problem = format!("no picture ({}) in the directory {}", EXTENSIONS.join(", "), directory.display());
        return Err(
            Failure::invalid(problem).hint(format!("for its subdirectories too: '{}/**/*.jpg'", directory.display()))
        );
    }
    found.sort();
    pictures.extend(found.into_iter().map(Picture::File));
    Ok(())
}

fn is_picture(path: &Path) -> bool {
    path.extension().is_some_and(|extension| EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

fn from_pattern(pattern: &str, pictures: &mut Vec<Picture>) -> Result<(), Failure> {
    let paths =
        glob::glob(pattern).map_err(|error| Failure::invalid(format!("\"{pattern}\" is no pattern: {}", error.msg)))?;
    let before = pictures.len();
    // What cannot be looked into cannot match.
    pictures.extend(paths.flatten().filter(|path| path.is_file()).map(Picture::File));
    if pictures.len() == before {
        return Err(Failure::invalid(format!("no file matches \"{pattern}\"")));
    }
    Ok(())
}

fn stdin() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(MOST_STDIN + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::invalid(format!("stdin cannot be read: {error}")))?;
    if bytes.is_empty() {
        return Err(Failure::invalid("- is given, but nothing came on stdin").hint("as in: ii detect - < street.jpg"));
    }
    if bytes.len() as u64 > MOST_STDIN {
        return Err(Failure::invalid("more than 100 MiB came on stdin; - takes the bytes of one picture"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHOTOS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/photos");

    fn names(arguments: &[&str]) -> Vec<String> {
        let arguments: Vec<_> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let name = |picture: &Picture| picture.name().rsplit('/').next().unwrap().to_owned();
        from_arguments(&arguments).unwrap().iter().map(name).collect()
    }

    #[test]
    fn a_directory_and_a_pattern_are_sorted() {
        let all = ["astronaut.jpg", "chelsea.jpg", "coffee.jpg", "rocket.jpg"];
        assert_eq!(names(&[PHOTOS]), all);
        assert_eq!(names(&[&format!("{PHOTOS}/c*.jpg")]), all[1..3]);
        assert_eq!(names(&["https://x.test/b.jpg", &format!("{PHOTOS}/../p*/a*.jpg")]), ["b.jpg", "astronaut.jpg"]);
    }

    #[test]
    fn what_is_nothing_is_told_with_advice() {
        let failed = |argument: &str| format!("{:?}", from_arguments(&[argument.to_owned()]).unwrap_err());
        assert!(failed("no-such.jpg").contains("a URL starts with https://"));
        assert!(failed("example.com/street.jpg").contains("write https://example.com/street.jpg"));
        assert!(failed("./no/such.jpg").contains("check the path"));
        assert!(failed("ftp://example.com/a.jpg").contains("is not an http:// or https:// URL"));
        assert!(failed("no-such-*.jpg").contains("no file matches"));
        assert!(failed(env!("CARGO_MANIFEST_DIR")).contains("no picture"));
    }

    #[test]
    fn one_job_takes_64() {
        let urls: Vec<_> = (0..65).map(|index| format!("https://x.test/{index}.jpg")).collect();
        assert_eq!(from_arguments(&urls[..64]).unwrap().len(), 64);
        assert!(format!("{:?}", from_arguments(&urls).unwrap_err()).contains("65 pictures given"));
    }
}
