//! Strings.

use super::{Broken, Json};

const ONES: u64 = u64::MAX / 255;
const HIGH: u64 = ONES << 7;

/// The place of the first quote, backslash or control character of eight bytes, by the carry of a subtraction. A byte
/// above one that matched may match wrongly, so only the lowest match counts.
#[inline]
fn special_of(eight: [u8; 8]) -> Option<usize> {
    let word = u64::from_le_bytes(eight);
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    let quote = word ^ (ONES * u64::from(b'"'));
    let quote = quote.wrapping_sub(ONES) & !quote;
    let backslash = word ^ (ONES * u64::from(b'\\'));
    let backslash = backslash.wrapping_sub(ONES) & !backslash;
    let found = (control | quote | backslash) & HIGH;
    (found != 0).then(|| found.trailing_zeros() as usize / 8)
}

/// How many bytes from the start are neither a quote, a backslash nor a control character. Keys end within sixteen bytes.
#[inline]
pub(crate) fn plain(bytes: &[u8]) -> usize {
    let Some((&first, after)) = bytes.split_first_chunk::<8>() else { return plain_of_short(bytes) };
    if let Some(at) = special_of(first) {
        return at;
    }
    let Some((&second, after)) = after.split_first_chunk::<8>() else { return 8 + plain_of_short(after) };
    if let Some(at) = special_of(second) {
        return 8 + at;
    }
    16 + plain_of_long(after)
}

fn plain_of_short(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|&&byte| byte >= 0x20 && byte != b'"' && byte != b'\\').count()
}

/// Goes by blocks, which the compiler turns into vector instructions.
fn plain_of_long(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some((block, after)) = rest.split_first_chunk::<32>() {
        let special = |byte: u8| u8::from(byte < 0x20) | u8::from(byte == b'"') | u8::from(byte == b'\\');
        if block.iter().fold(0, |any, &byte| any | special(byte)) != 0 {
            break;
        }
        rest = after;
    }
    while let Some((&eight, after)) = rest.split_first_chunk::<8>() {
        if let Some(at) = special_of(eight) {
            return bytes.len() - rest.len() + at;
        }
        rest = after;
    }
    bytes.len() - rest.len() + plain_of_short(rest)
}

impl Json<'_> {
    /// Steps to the next byte of a string that means something.
    #[inline]
    fn run(&mut self) -> Option<u8> {
        self.at += plain(self.text.as_bytes().get(self.at..).unwrap_or_default());
        self.byte()
    }

    /// Steps over the string that begins here. `true`: it stands in the text as it is; `false`: it had escapes, and
    /// `scratch` holds it.
    #[inline]
    pub(super) fn string_end(&mut self) -> Result<bool, Broken> {
        self.at += 1;
        let start = self.at;
        match self.run() {
            Some(b'"') => {
                self.at += 1;
                Ok(true)
            }
            Some(b'\\') => self.unescape(start).map(|()| false),
            _ => self.syntax(),
        }
    }

    #[cold]
    fn unescape(&mut self, mut start: usize) -> Result<(), Broken> {
        self.scratch.clear();
        loop {
            let byte = self.run();
            self.scratch.push_str(self.since(start));
            match byte {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    let character = self.escape()?;
                    self.scratch.push(character);
                    start = self.at;
                }
                _ => return self.syntax(),
            }
        }
    }

    /// The character that an escape stands for; half a pair of surrogates stands for none and becomes U+FFFD.
    fn escape(&mut self) -> Result<char, Broken> {
        self.at += 1;
        let character = match self.byte() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.code_point();
            }
            _ => return self.syntax(),
        };
        self.at += 1;
        Ok(character)
    }

    fn code_point(&mut self) -> Result<char, Broken> {
        let first = self.four_digits()?;
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if (0xd800..0xdc00).contains(&first) && rest.starts_with(b"\\u") {
            let back = self.at;
            self.at += 2;
            let second = self.four_digits()?;
            if (0xdc00..0xe000).contains(&second) {
                let point = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = back;
        }
        Ok(char::from_u32(first).unwrap_or_else(|| {
            self.odd = true;
            char::REPLACEMENT_CHARACTER
        }))
    }

    fn four_digits(&mut self) -> Result<u32, Broken> {
        let mut value = 0;
        for _ in 0..4 {
            let Some(digit) = self.byte().and_then(|byte| char::from(byte).to_digit(16)) else { return self.syntax() };
            value = value * 16 + digit;
            self.at += 1;
        }
        Ok(value)
    }
}
