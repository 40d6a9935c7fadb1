//! Numbers.

use super::{Broken, Json};

/// A number as it is nearest.
pub(crate) enum Number {
    Integer(i64),
    /// Infinite where no float is so large.
    Float(f64),
}

/// The powers of ten that a float holds exactly.
const TENS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// The integers up to here are all floats.
const EXACT: u64 = 1 << 53;

impl Json<'_> {
    /// Steps over digits, of which there is at least one, and adds them to a number; `None` once that does not fit.
    #[inline]
    fn digits(&mut self, mut value: Option<u64>) -> Result<Option<u64>, Broken> {
        let start = self.at;
        while let Some(byte @ b'0'..=b'9') = self.byte() {
            value = value.and_then(|value| value.checked_mul(10)?.checked_add(u64::from(byte - b'0')));
            self.at += 1;
        }
        if self.at == start { self.syntax() } else { Ok(value) }
    }

    pub(super) fn number_here(&mut self) -> Result<Number, Broken> {
        let start = self.at;
        let negative = self.byte() == Some(b'-');
        if negative {
            self.at += 1;
        }
        let mut digits = if self.byte() == Some(b'0') {
            self.at += 1;
            Some(0)
        } else {
            self.digits(Some(0))?
        };
        let mut decimals = 0;
        let mut whole = true;
        if self.byte() == Some(b'.') {
            whole = false;
            self.at += 1;
            let point = self.at;
            digits = self.digits(digits)?;
            decimals = self.at - point;
        }
        let mut exponent = false;
        if let Some(b'e' | b'E') = self.byte() {
            whole = false;
            exponent = true;
            self.at += 1;
            if let Some(b'+' | b'-') = self.byte() {
                self.at += 1;
            }
            self.digits(None)?;
        }
        self.odd |= whole && digits.is_none_or(|digits| digits > EXACT);
        if whole && let Some(value) = digits.and_then(|digits| i64::try_from(digits).ok()) {
            return Ok(Number::Integer(if negative { -value } else { value }));
        }
        // One exact number divided by another is rounded once, and so rightly.
        if let (false, Some(digits @ ..=EXACT), Some(power)) = (exponent, digits, TENS.get(decimals)) {
            let value = digits as f64 / power;
            return Ok(Number::Float(if negative { -value } else { value }));
        }
        let value = self.since(start).parse().unwrap_or(f64::INFINITY);
        self.odd |= value.is_infinite();
        Ok(Number::Float(value))
    }
}
