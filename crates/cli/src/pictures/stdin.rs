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
    List(Box<dyn Iterator<Item = Result<String, Failure>> + Send>),
}

/// Reads a picture whole, and of a list no more than tells that it is one.
pub(crate) fn read() -> Result<Stdin, Failure> {
    sort_out(std::io::stdin())
}

/// The lines on stdin, as they come.
pub(crate) fn lines() -> impl Iterator<Item = Result<String, Failure>> + Send {
    lines_of(BufReader::new(std::io::stdin()))
}

fn sort_out(mut input: impl Read + Send + 'static) -> Result<Stdin, Failure> {
    let mut head = Vec::new();
    let mut buffer = [0; ENOUGH];
    // A whole line is enough too: whoever writes a list may take his time.
    while head.len() < ENOUGH && !(head.contains(&b'\n') && is_text(&head)) {
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
    let whole = Cursor::new(head.clone()).chain(input);
    if is_text(&head) {
        return Ok(Stdin::List(Box::new(lines_of(BufReader::new(whole)))));
    }
    let mut bytes = Vec::new();
    whole.take(MOST_PICTURE + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > MOST_PICTURE {
        return Err(Failure::invalid("more than 100 MiB came on stdin; - takes the bytes of one picture, or a list"));
    }
    Ok(Stdin::Picture(bytes))
}

/// Whether this is how a list begins. Pictures begin with bytes that no text has, but for two formats with letters first.
fn is_text(head: &[u8]) -> bool {
    let is_picture = [&b"GIF8"[..], b"RIFF"].iter().any(|magic| head.starts_with(magic));
    let cut_off = |error: std::str::Utf8Error| error.error_len().is_none();
    let is_utf8 = std::str::from_utf8(head).map_or_else(cut_off, |_| true);
    let control = |byte: &u8| byte.is_ascii_control() && !matches!(byte, b'\n' | b'\r' | b'\t');
    !is_picture && is_utf8 && !head.iter().any(control)
}

/// The lines that say something.
fn lines_of(mut input: BufReader<impl Read + Send>) -> impl Iterator<Item = Result<String, Failure>> + Send {
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
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end_matches(['\r', '\n']);
            if !text.trim().is_empty() {
                return Some(Ok(text.to_owned()));
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
            Stdin::List(lines) => lines.map(Result::unwrap).collect(),
            Stdin::Picture(bytes) => panic!("a picture: {bytes:?}"),
        }
    }

    #[test]
    fn a_list_is_its_lines() {
        assert_eq!(list(b"a.jpg\n\nhttps://x.test/b.jpg\r\nc d.jpg"), ["a.jpg", "https://x.test/b.jpg", "c d.jpg"]);
        assert_eq!(list("stra\u{df}e.jpg\n".as_bytes()), ["stra\u{df}e.jpg"]);
        assert_eq!(list(b"BMW.jpg"), ["BMW.jpg"]);
    }

    #[test]
    fn a_picture_is_its_bytes() {
        for bytes in [
            &b"\xff\xd8\xff\xe0\0\x10JFIF"[..],
            b"\x89PNG\r\n\x1a\n",
            b"GIF89a\x01\x01",
            b"RIFF\x24\x24\x24\x24WEBPVP8 ",
            b"BM\x46\0\0\0\0\0",
        ] {
            assert!(matches!(sort_out(bytes).unwrap(), Stdin::Picture(whole) if whole == bytes), "{bytes:?}");
        }
    }

    #[test]
    fn the_first_line_is_given_before_the_second_is_there() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        std::io::Write::write_all(&mut writer, b"a.jpg\n").unwrap();
        let Stdin::List(mut lines) = sort_out(reader).unwrap() else { panic!("a picture") };
        assert_eq!(lines.next().unwrap().unwrap(), "a.jpg");
        drop(writer);
        assert!(lines.next().is_none());
    }

    #[test]
    fn what_will_not_do_is_told() {
        let failed = |outcome: Result<Stdin, Failure>| format!("{:?}", outcome.err().unwrap());
        assert!(failed(sort_out(&b""[..])).contains("nothing came on stdin"));
        let Stdin::List(mut lines) = sort_out(std::io::repeat(b'a')).unwrap() else { panic!("a picture") };
        assert!(format!("{:?}", lines.next().unwrap().unwrap_err()).contains("64 KiB"));
        assert!(lines.next().is_none());
    }
}
