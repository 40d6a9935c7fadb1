//! What `-` stands for: the bytes of one picture, or a list with a file or URL on each line. The first bytes tell.

use std::io::{BufRead as _, BufReader, Cursor, Read};

use crate::failure::Failure;

/// A request has room for this much, so there is no use in reading more from stdin.
const MOST_PICTURE: u64 = 100 << 20;
/// Longer than any path or URL.
const MOST_LINE: u64 = 64 << 10;
/// With so many bytes each format of pictures is known.
const ENOUGH: usize = 64;

/// What stdin brought.
pub(crate) enum Stdin {
    Picture(Vec<u8>),
    /// Its lines, as bytes: not every file name is text.
    List(Box<dyn Iterator<Item = Result<Vec<u8>, Failure>> + Send>),
}

/// Reads a picture whole, and of a list no more than tells that it is one.
pub(crate) fn read() -> Result<Stdin, Failure> {
    sort_out(std::io::stdin())
}

/// The lines on stdin, as they come.
pub(crate) fn lines() -> impl Iterator<Item = Result<String, Failure>> + Send {
    let text = |line: Vec<u8>| String::from_utf8_lossy(&line).into_owned();
    lines_of(BufReader::new(std::io::stdin())).map(move |line| line.map(text))
}

fn sort_out(mut input: impl Read + Send + 'static) -> Result<Stdin, Failure> {
    let mut head = Vec::new();
    let mut buffer = [0; ENOUGH];
    // A whole line is enough too: whoever writes a list may take his time.
    while head.len() < ENOUGH && (!head.contains(&b'\n') || may_be_picture(&head)) {
        match input.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => head.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(&error)),
        }
    }
    if head.is_empty() {
        return Err(Failure::invalid("- is given, but nothing came on stdin")
            .hint("a picture as in: ii detect - < street.jpg; or a list of files and URLs, one a line"));
    }
    let (is_picture, is_binary) = (is_picture(&head), head.contains(&0));
    let whole = Cursor::new(head).chain(input);
    if !is_picture {
        if is_binary {
            return Err(Failure::invalid(
                "what came on stdin is neither a picture (JPEG, PNG, GIF, WebP, BMP, TIFF or HEIC) nor a list: it has NUL bytes",
            )
            .hint("a list has a file or URL on each line, as `find` prints it without -print0"));
        }
        return Ok(Stdin::List(Box::new(lines_of(BufReader::new(whole)))));
    }
    let mut bytes = Vec::new();
    whole.take(MOST_PICTURE + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > MOST_PICTURE {
        return Err(Failure::invalid("more than 100 MiB came on stdin; - takes the bytes of one picture, or a list"));
    }
    Ok(Stdin::Picture(bytes))
}

/// Whether this is how a picture begins: any bytes else may be those of a file name.
pub(crate) fn is_picture(head: &[u8]) -> bool {
    let is_brand =
        |brand: &[u8]| [&b"hei"[..], b"hev", b"mif1", b"msf1", b"avif"].iter().any(|it| brand.starts_with(it));
    match head {
        [0xff, 0xd8, 0xff, ..]
        | [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..]
        | [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..]
        | [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..]
        // After the size of the file come four bytes that are always 0.
        | [b'B', b'M', _, _, _, _, 0, 0, ..]
        | [b'I', b'I', b'*', 0, ..]
        | [b'M', b'M', 0, b'*', ..] => true,
        [0, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => is_brand(brand),
        _ => false,
    }
}

/// Whether it is the beginning of a picture, or may yet become it: some formats tell only after twelve bytes, of which any
/// may be a line's end.
fn may_be_picture(head: &[u8]) -> bool {
    const TOLD: usize = 12;
    let begins = |magic: &&[u8]| head.starts_with(&magic[..magic.len().min(head.len())]);
    is_picture(head) || (head.len() < TOLD && [&b"\x89PNG\r\n"[..], b"RIFF", b"BM", b"\0"].iter().any(begins))
}

/// The lines that say something.
fn lines_of(mut input: BufReader<impl Read + Send>) -> impl Iterator<Item = Result<Vec<u8>, Failure>> + Send {
    let mut line = Vec::new();
    let mut over = false;
    std::iter::from_fn(move || {
        while !over {
            line.clear();
            let read = input.by_ref().take(MOST_LINE).read_until(b'\n', &mut line);
            over = !matches!(read, Ok(1..));
            if let Err(error) = read {
                return Some(Err(unreadable(&error)));
            }
            if line.len() as u64 == MOST_LINE {
                over = true;
                return Some(Err(Failure::invalid(
                    "a line of more than 64 KiB came on stdin; a list has a file or URL on each",
                )));
            }
            while line.pop_if(|last| matches!(last, b'\r' | b'\n')).is_some() {}
            if !line.trim_ascii().is_empty() {
                return Some(Ok(std::mem::take(&mut line)));
            }
        }
        None
    })
}

fn unreadable(error: &std::io::Error) -> Failure {
    Failure::invalid(format!("stdin cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(bytes: &'static [u8]) -> Vec<String> {
        match sort_out(bytes).unwrap() {
            Stdin::List(lines) => lines.map(|line| String::from_utf8_lossy(&line.unwrap()).into_owned()).collect(),
            Stdin::Picture(bytes) => panic!("a picture: {bytes:?}"),
        }
    }

    #[test]
    fn a_list_is_its_lines() {
        assert_eq!(list(b"a.jpg\n\nhttps://x.test/b.jpg\r\nc d.jpg"), ["a.jpg", "https://x.test/b.jpg", "c d.jpg"]);
        assert_eq!(list("stra\u{df}e.jpg\n".as_bytes()), ["stra\u{df}e.jpg"]);
        for name in ["BMW.jpg", "BM", "RIFF.jpg", "GIF8.gif", "II*.jpg", "my-ftypheic.jpg"] {
            assert_eq!(list(Box::leak(format!("{name}\nb.jpg").into_bytes().into_boxed_slice())), [name, "b.jpg"]);
        }
        assert_eq!(list(b"stra\xdfe.jpg\nb.jpg\n"), ["stra\u{fffd}e.jpg", "b.jpg"], "Latin-1 is no picture");
    }

    #[test]
    fn a_picture_is_its_bytes() {
        for bytes in [
            &b"\xff\xd8\xff\xe0\0\x10JFIF"[..],
            b"\x89PNG\r\n\x1a\n",
            b"GIF89a\x01\x01",
            b"RIFF\x24\x24\x24\x24WEBPVP8 ",
            b"RIFF\n\n\0\0WEBPVP8 ",
            b"BM\x46\0\0\0\0\0",
            b"BM\n\0\0\0\0\0\0\0",
            b"II*\0\x08\0\0\0",
            b"MM\0*\0\0\0\x08",
            b"\0\0\0\x18ftypheic\0\0\0\0",
        ] {
            assert!(matches!(sort_out(bytes).unwrap(), Stdin::Picture(whole) if whole == bytes), "{bytes:?}");
        }
    }

    #[test]
    fn the_first_line_is_given_before_the_second_is_there() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        std::io::Write::write_all(&mut writer, b"a.jpg\n").unwrap();
        let Stdin::List(mut lines) = sort_out(reader).unwrap() else { panic!("a picture") };
        assert_eq!(lines.next().unwrap().unwrap(), b"a.jpg");
        drop(writer);
        assert!(lines.next().is_none());
    }

    #[test]
    fn what_will_not_do_is_told() {
        let failed = |outcome: Result<Stdin, Failure>| format!("{:?}", outcome.err().unwrap());
        assert!(failed(sort_out(&b""[..])).contains("nothing came on stdin"));
        for bytes in [&b"a.jpg\0b.jpg\0"[..], b"\x7fELF\x02\x01\x01\0", b"\0\0\0\x18ftypmp42"] {
            assert!(failed(sort_out(bytes)).contains("neither a picture"), "{bytes:?}");
        }
        let Stdin::List(mut lines) = sort_out(std::io::repeat(b'a')).unwrap() else { panic!("a picture") };
        assert!(format!("{:?}", lines.next().unwrap().unwrap_err()).contains("64 KiB"));
        assert!(lines.next().is_none());
    }
}
