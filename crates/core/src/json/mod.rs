//! A JSON reader that [`Read`](crate::read::Read) is written against.
//!
//! `serde_json` would do but for three things. It refuses a lone surrogate in a string and a number too large for a float,
//! though both are JSON, and so one odd value would cost a user the whole body: here they read as U+FFFD and as absent.
//! It bounds the depth of what it reads and not of what it passes over: here both are bounded. And it is slower, as it
//! moves each model from hand to hand where this fills it in place.

mod number;
#[cfg(test)]
pub(crate) mod tests;
mod text;

use std::borrow::Cow;
use std::fmt;

pub(crate) use number::Number;
pub(crate) use text::plain;

/// How deep arrays and objects may stand in one another.
pub(crate) const DEEPEST: u32 = 128;

/// How deep they may stand where every language is to read them.
const DEEP: u32 = 64;

/// Why JSON could not be read, and at which byte. Says nothing of what stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) why: Why,
    pub(crate) at: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// It ends before the value does.
    BreaksOff,
    /// What stands here is no JSON.
    Syntax,
    /// More than [`DEEPEST`] arrays and objects in one another.
    TooDeep,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.why {
            Why::BreaksOff => write!(f, "it breaks off after {} bytes", self.at),
            Why::Syntax => write!(f, "no JSON at byte {}", self.at),
            Why::TooDeep => write!(f, "more than {DEEPEST} arrays and objects in one another at byte {}", self.at),
        }
    }
}

/// A place in a JSON text.
pub(crate) struct Json<'de> {
    text: &'de str,
    at: usize,
    depth: u32,
    scratch: String,
    /// Whether something was stepped over that other readers refuse or see otherwise: half a pair of surrogates, a number
    /// that is no float, an integer that not every float holds, too many arrays and objects in one another. Those who
    /// judge a text add what they find odd.
    pub(crate) odd: bool,
}

/// The items of an array as they stand in the text, none of them looked into; `None` where the text is no array.
pub(crate) fn items(text: &str) -> Result<Option<Vec<&str>>, Broken> {
    let mut json = Json::new(text);
    if json.peek() != Some(b'[') {
        json.skip()?;
        json.end()?;
        return Ok(None);
    }
    let mut items = Vec::new();
    let mut first = json.enter()?;
    while json.next_item(&mut first)? {
        json.peek();
        let start = json.at;
        json.skip()?;
        items.push(json.since(start));
    }
    json.end()?;
    Ok(Some(items))
}

/// A field of the object that the text is, as it stands there; the last of several of that name.
pub(crate) fn field<'de>(text: &'de str, key: &str) -> Option<&'de str> {
    let mut json = Json::new(text);
    let mut found = None;
    if json.peek()? != b'{' {
        return None;
    }
    let mut first = json.enter().ok()?;
    while let Some(name) = json.next_key(&mut first).ok()? {
        json.peek();
        let start = json.at;
        json.skip().ok()?;
        if name == key {
            found = Some(json.since(start));
        }
    }
    found
}

impl<'de> Json<'de> {
    pub(crate) fn new(text: &'de str) -> Self {
        Self { text, at: 0, depth: 0, scratch: String::new(), odd: false }
    }

    #[cold]
    fn syntax<T>(&self) -> Result<T, Broken> {
        let why = if self.at >= self.text.len() { Why::BreaksOff } else { Why::Syntax };
        Err(Broken { why, at: self.at })
    }

    /// The text from a place up to here. Both stand beside an ASCII character, so no character is cut.
    #[inline]
    fn since(&self, start: usize) -> &'de str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is no white space; the place is then on it.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.byte() {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other,
            }
        }
    }

    /// Fails where anything but white space is left.
    pub(crate) fn end(&mut self) -> Result<(), Broken> {
        if self.peek().is_none() { Ok(()) } else { self.syntax() }
    }

    /// Steps over the bracket that opens an array or object. The answer is what `next_item` and `next_key` want.
    #[inline]
    pub(crate) fn enter(&mut self) -> Result<bool, Broken> {
        if self.depth >= DEEP {
            if self.depth == DEEPEST {
                return Err(Broken { why: Why::TooDeep, at: self.at });
            }
            self.odd = true;
        }
        self.depth += 1;
        self.at += 1;
        Ok(true)
    }

    /// Whether another item follows, stepping over the comma before it or the bracket that closes them all.
    #[inline]
    fn another(&mut self, close: u8, first: &mut bool) -> Result<bool, Broken> {
        match self.peek() {
            Some(b',') if !*first => {
                self.at += 1;
                Ok(true)
            }
            Some(byte) if byte == close => {
                self.at += 1;
                self.depth -= 1;
                Ok(false)
            }
            Some(_) if *first => {
                *first = false;
                Ok(true)
            }
            _ => self.syntax(),
        }
    }

    /// Whether another item follows in an array. The place is then before it, or after the array.
    #[inline]
    pub(crate) fn next_item(&mut self, first: &mut bool) -> Result<bool, Broken> {
        self.another(b']', first)
    }

    /// Whether another key follows in an object. The place is then before it, or after the object.
    #[inline]
    pub(crate) fn next_field(&mut self, first: &mut bool) -> Result<bool, Broken> {
        self.another(b'}', first)
    }

    /// Steps over a key and its colon if they stand here, written as they mostly are: `"key":`.
    #[inline]
    pub(crate) fn key_is(&mut self, quoted: &str) -> bool {
        self.peek();
        let here = self.text.as_bytes().get(self.at..).unwrap_or_default().starts_with(quoted.as_bytes());
        if here {
            self.at += quoted.len();
        }
        here
    }

    /// The next key of an object. The place is then before its value, or after the object.
    #[inline]
    pub(crate) fn next_key(&mut self, first: &mut bool) -> Result<Option<Cow<'de, str>>, Broken> {
        if self.next_field(first)? { self.key().map(Some) } else { Ok(None) }
    }

    /// The key that stands here. The place is then before its value.
    pub(crate) fn key(&mut self) -> Result<Cow<'de, str>, Broken> {
        if self.peek() != Some(b'"') {
            return self.syntax();
        }
        let start = self.at + 1;
        let plain = self.string_end()?;
        let end = self.at;
        self.colon()?;
        Ok(if plain {
            Cow::Borrowed(self.text.get(start..end - 1).unwrap_or_default())
        } else {
            Cow::Owned(std::mem::take(&mut self.scratch))
        })
    }

    #[inline]
    fn colon(&mut self) -> Result<(), Broken> {
        if self.peek() != Some(b':') {
            return self.syntax();
        }
        self.at += 1;
        Ok(())
    }

    /// The string that begins here.
    #[inline]
    pub(crate) fn string(&mut self) -> Result<&str, Broken> {
        let start = self.at + 1;
        let plain = self.string_end()?;
        Ok(if plain { self.text.get(start..self.at - 1).unwrap_or_default() } else { &self.scratch })
    }

    /// Reads `true` or `false` if one of them stands here; steps over anything else.
    pub(crate) fn boolean(&mut self) -> Result<Option<bool>, Broken> {
        match self.peek() {
            Some(b't') => self.word("true").map(|()| Some(true)),
            Some(b'f') => self.word("false").map(|()| Some(false)),
            _ => self.skip().map(|()| None),
        }
    }

    /// Reads a number if one stands here; steps over anything else.
    pub(crate) fn number(&mut self) -> Result<Option<Number>, Broken> {
        match self.peek() {
            Some(b'-' | b'0'..=b'9') => self.number_here().map(Some),
            _ => self.skip().map(|()| None),
        }
    }

    fn word(&mut self, word: &str) -> Result<(), Broken> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let same = rest.iter().zip(word.as_bytes()).take_while(|(a, b)| a == b).count();
        self.at += same;
        if same == word.len() { Ok(()) } else { self.syntax() }
    }

    /// Steps over a value and keeps nothing of it.
    pub(crate) fn skip(&mut self) -> Result<(), Broken> {
        match self.peek() {
            Some(b'"') => self.string_end().map(|_| ()),
            Some(b'{') => {
                let mut first = self.enter()?;
                while self.next_key(&mut first)?.is_some() {
                    self.skip()?;
                }
                Ok(())
            }
            Some(b'[') => {
                let mut first = self.enter()?;
                while self.next_item(&mut first)? {
                    self.skip()?;
                }
                Ok(())
            }
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            Some(b'-' | b'0'..=b'9') => self.number_here().map(|_| ()),
            _ => self.syntax(),
        }
    }
}
