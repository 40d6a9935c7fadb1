//! What a job takes, and whether the pictures at hand fit into it.

use std::io::Read as _;
use std::path::Path;

use image_intelligence::{AddressClass, ErrorKind, Limits, stays_here};
use url::{Host, Url};

use crate::doctor::report::Check;
use crate::failure::Failure;
use crate::pictures::{MOST, Picture, Walk, count, grouped, is_picture};
use crate::{delivery, reasons};

/// How large a request the client sends: the pictures in base64, and little else.
const MOST_REQUEST: u64 = 100 << 20;
/// How many bad pictures are told one by one.
const TOLD: usize = 20;

/// What this client holds each job to.
pub(crate) fn limits() -> Check {
    let Limits { images, url, custom_id, question, .. } = Limits::default();
    let message = format!(
        "a job takes {images} pictures, URLs of {url} characters, names of {custom_id}, a question of {question}; \
         a request 100 MiB, which is 75 MiB of files"
    );
    Check::ok("limits", message)
        .with("images", images)
        .with("urlCharacters", url)
        .with("customIdCharacters", custom_id)
        .with("questionCharacters", question)
        .with("requestBytes", MOST_REQUEST)
}

/// Looks at each picture, and gives what is wrong with them, then what they come to.
pub(crate) fn look(arguments: &[String], hosted: bool) -> Vec<Check> {
    const NAME: &str = "pictures";
    if arguments.iter().any(|argument| argument == "-") {
        return vec![Check::failed(
            NAME,
            ErrorKind::InvalidRequest,
            "-: stdin can be read once, and sending needs it; name the files",
        )];
    }
    // One by one: what cannot be found must not hide the others.
    let walks = arguments.iter().map(|argument| Walk::new(std::slice::from_ref(argument)));
    let (mut checks, mut seen, mut bad, mut encoded) = (Vec::new(), 0, 0, 0);
    for walk in walks {
        let pictures: Box<dyn Iterator<Item = Result<Picture, Failure>>> = match walk {
            Ok(walk) => Box::new(walk),
            Err(failure) => Box::new(std::iter::once(Err(failure))),
        };
        for picture in pictures {
            seen += 1;
            let problem = match picture {
                Ok(picture) => {
                    encoded += size(&picture);
                    problem(&picture, hosted)
                }
                Err(failure) => Some(Check::of("picture", &failure)),
            };
            let Some(check) = problem else { continue };
            bad += 1;
            if bad <= TOLD {
                checks.push(check);
            }
        }
    }
    let jobs = usize::div_ceil(seen, MOST);
    let what = format!("{}, {} bytes in base64", count(seen), grouped(usize::try_from(encoded).unwrap_or(usize::MAX)));
    let jobs = if jobs > 1 { format!("{jobs} jobs of at most {MOST}") } else { "one job".to_owned() };
    checks.push(if bad > 0 {
        let message = format!(
            "{what}: something is amiss with {}",
            if bad == seen { "all of them".to_owned() } else { bad.to_string() }
        );
        Check::warning(NAME, message, "see above")
    } else if seen <= MOST && encoded > MOST_REQUEST {
        Check::warning(
            NAME,
            format!("{what}: too much for one request of 100 MiB"),
            "send fewer a job: --batch-size 8, say",
        )
    } else {
        Check::ok(NAME, format!("{what}: {jobs}"))
    });
    checks
}

/// How many bytes it takes in a request.
fn size(picture: &Picture) -> u64 {
    let bytes = match picture {
        Picture::Url(url) => return url.len() as u64,
        Picture::File(path) => std::fs::metadata(path).map_or(0, |file| file.len()),
        Picture::Bytes { bytes, .. } => bytes.len() as u64,
    };
    bytes.div_ceil(3).saturating_mul(4)
}

fn problem(picture: &Picture, hosted: bool) -> Option<Check> {
    let name = picture.name();
    match picture {
        Picture::Url(url) => of_url(url, hosted),
        Picture::File(path) => match of_file(path, size(picture)) {
            Ok(()) => reasons::reason(picture).map(|reason| {
                let next =
                    "`ii serve` refuses it so, and the API may (INVALID_IMAGE_FORMAT_ERROR); save it again, as JPEG";
                Check::warning("picture", format!("{name}: {reason}"), next)
            }),
            Err((kind, problem)) => Some(Check::failed("picture", kind, format!("{name}: {problem}"))),
        },
        Picture::Bytes { .. } => None,
    }
}

fn of_file(path: &Path, encoded: u64) -> Result<(), (ErrorKind, String)> {
    let invalid = |problem: &str| Err((ErrorKind::InvalidRequest, problem.to_owned()));
    let unreadable = |error: std::io::Error| (ErrorKind::InvalidRequest, format!("it cannot be read: {error}"));
    let there = std::fs::metadata(path).map_err(unreadable)?;
    // Opening what is no file may wait for ever.
    if !there.is_file() {
        return invalid("it is no file");
    }
    if there.len() == 0 {
        return invalid("it is empty");
    }
    if encoded > MOST_REQUEST {
        return Err((
            ErrorKind::TooLarge,
            format!("{encoded} bytes in base64, and a request takes {MOST_REQUEST}; scale it down"),
        ));
    }
    let mut head = Vec::new();
    std::fs::File::open(path).and_then(|file| file.take(64).read_to_end(&mut head)).map_err(unreadable)?;
    if is_picture(&head) { Ok(()) } else { invalid("it is no picture of any format that is known here") }
}

fn of_url(text: &str, hosted: bool) -> Option<Check> {
    let most = Limits::default().url;
    let failed = |problem: String| Some(Check::failed("picture", ErrorKind::InvalidRequest, problem));
    let given = text.chars().count();
    let short: String = text.chars().take(80).collect();
    let Ok(url) = Url::parse(text) else { return failed(format!("{short}: not a URL")) };
    let shown: String = delivery::shown(&url).chars().take(80).collect();
    if given > most {
        return failed(format!("{shown}: {given} characters, and the API takes {most}"));
    }
    let public = match url.host() {
        Some(Host::Ipv4(address)) => AddressClass::of(address.into()) == AddressClass::Public,
        Some(Host::Ipv6(address)) => AddressClass::of(address.into()) == AddressClass::Public,
        _ => !stays_here(&url),
    };
    if hosted && !public {
        return failed(format!("{shown}: the API cannot fetch it from there; send the file"));
    }
    None
}
