//! The answer to a search as it comes in: cut into its rows, so that none but ours is ever kept.

use crate::body::{text, unreadable};
use crate::json::plain;
use crate::read::{from_text, read_fields};
use crate::{Error, ErrorKind, JobStatus, Result};

/// What there is to know of a job before it is worth reading.
///
/// ```
/// use image_intelligence_core::JobBrief;
///
/// let brief = JobBrief::from_json(br#"{"id": "f9d73f87", "status": "IN_PROGRESS", "imageResults": []}"#)?;
/// assert_eq!((brief.id.as_str(), brief.status.is_done()), ("f9d73f87", false));
/// # Ok::<(), image_intelligence_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobBrief {
    /// The service's name for it.
    pub id: String,
    /// How far it has come.
    pub status: JobStatus,
}

#[derive(Default)]
struct Fields {
    id: Option<String>,
    status: Option<JobStatus>,
}
read_fields!(Fields { "id" => id, "status" => status });

impl JobBrief {
    /// Reads as much of a job as this is. Fails with `invalid_response` where it is no JSON object, or has no `id`.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        let kind = ErrorKind::InvalidResponse;
        let text = text(json, kind)?;
        let fields = from_text::<Option<Fields>>(text).map_err(|broken| unreadable(kind, text, broken))?;
        let Some(Fields { id: Some(id), status }) =
            fields.filter(|fields| fields.id.as_ref().is_some_and(|id| !id.is_empty()))
        else {
            return Err(Error::new(kind, "id: missing in a job; is this the API's answer?").with_body(json));
        };
        Ok(Self { id, status: status.unwrap_or_default() })
    }
}

/// Cuts an array of JSON objects, which comes in pieces, into its rows.
///
/// ```
/// use image_intelligence_core::RowSplitter;
///
/// let (mut rows, mut seen) = (RowSplitter::new(), Vec::new());
/// for piece in [&br#"[{"id": "a"}, {"i"#[..], br#"d": "}]"}]"#] {
///     rows.push(piece, |row| seen.push(String::from_utf8_lossy(row).into_owned()))?;
/// }
/// rows.finish()?;
/// assert_eq!(seen, [r#"{"id": "a"}"#, r#"{"id": "}]"}"#]);
/// # Ok::<(), image_intelligence_core::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct RowSplitter {
    row: Vec<u8>,
    depth: u32,
    state: State,
    in_text: bool,
    escaped: bool,
    rows: usize,
    bytes: usize,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing but white space, or a byte order mark, has come.
    #[default]
    Before,
    /// `null`, which is no rows.
    Null,
    Inside,
    After,
}

impl RowSplitter {
    /// One that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many rows there were so far.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many bytes there were so far.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes the next piece, and tells each row that is whole. Fails with `invalid_response` where it is no array.
    pub fn push(&mut self, piece: &[u8], mut row: impl FnMut(&[u8])) -> Result<()> {
        self.bytes += piece.len();
        // The item that is open began in a piece before this one, or begins here later.
        let (mut at, mut start) = (0, 0);
        while let Some(&byte) = piece.get(at) {
            match self.state {
                State::Before => match byte {
                    b' ' | b'\n' | b'\r' | b'\t' | 0xef | 0xbb | 0xbf => {}
                    b'[' => self.state = State::Inside,
                    b'n' => self.state = State::Null,
                    _ => return Err(no_array(piece)),
                },
                State::Null | State::After => return Ok(()),
                // Most of an answer is text.
                State::Inside if self.in_text && !self.escaped => {
                    at += plain(&piece[at..]);
                    match piece.get(at) {
                        Some(b'"') => self.in_text = false,
                        Some(b'\\') => self.escaped = true,
                        _ => {}
                    }
                }
                State::Inside if self.in_text => self.escaped = false,
                State::Inside => match byte {
                    b'"' => self.in_text = true,
                    b'{' | b'[' => {
                        if self.depth == 0 {
                            start = at;
                        }
                        self.depth += 1;
                    }
                    b']' if self.depth == 0 => self.state = State::After,
                    b'}' | b']' => {
                        self.depth = self.depth.saturating_sub(1);
                        if self.depth == 0 {
                            self.item(&piece[start..=at], &mut row);
                        }
                    }
                    _ => {}
                },
            }
            at += 1;
        }
        if self.depth > 0 {
            self.row.extend_from_slice(&piece[start..]);
        }
        Ok(())
    }

    /// Takes the last bytes of an item, and tells it.
    fn item(&mut self, last: &[u8], row: &mut impl FnMut(&[u8])) {
        let item = if self.row.is_empty() {
            last
        } else {
            self.row.extend_from_slice(last);
            &self.row
        };
        // An item that is no object is no job.
        if item.first() == Some(&b'{') {
            self.rows += 1;
            row(item);
        }
        self.row.clear();
    }

    /// Says whether the array was whole. Fails with `invalid_response` where it breaks off.
    pub fn finish(&self) -> Result<()> {
        match self.state {
            State::After | State::Null => Ok(()),
            State::Before => Err(no_array(b"")),
            State::Inside => {
                let message =
                    format!("the answer to a search: {} bytes of JSON came, and then it broke off", self.bytes);
                Err(Error::new(ErrorKind::InvalidResponse, message))
            }
        }
    }
}

fn no_array(piece: &[u8]) -> Error {
    let what = match piece.trim_ascii_start().first() {
        None => "an empty body came, JSON was expected",
        Some(b'<') => "HTML came, JSON was expected; is the address right, or a proxy in between?",
        Some(_) => "it is no JSON array",
    };
    Error::new(ErrorKind::InvalidResponse, format!("the answer to a search: {what}")).with_body(piece)
}
