//! Values as they stand on a command line: durations, moments, kinds of job, secrets.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use image_intelligence::{Kind, Secret, Timestamp};

use crate::moments;

const LOOKS_LIKE: &str = "a duration looks like 60s, 15m or 1h";

/// Reads `60s`, `1.5m`, `1h`, `2d`, `500ms`; a bare number is seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim() {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return Err(LOOKS_LIKE.to_owned()),
    };
    let number: f64 = number.parse().map_err(|_| LOOKS_LIKE.to_owned())?;
    Duration::try_from_secs_f64(number * factor).map_err(|_| "that is longer than anybody can wait".to_owned())
}

/// The same, and not 0, where nothing could come in time.
pub(crate) fn patience(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("nothing is answered in no time; give it some, such as 10s".to_owned()),
        some => Ok(some),
    }
}

/// Reads a moment; `2h` is so long before now, by this machine's clock.
pub(crate) fn when(text: &str) -> Result<Timestamp, String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    when_at(text, i64::try_from(now.as_millis()).unwrap_or(i64::MAX))
}

fn when_at(text: &str, now: i64) -> Result<Timestamp, String> {
    const WANTED: &str = "a moment looks like 2h (so long ago), 2017-02-21, 2017-02-21T03:39:08Z or 1487648348000 (ms)";
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().map(Timestamp::from_wire).map_err(|_| WANTED.to_owned());
    }
    if text.get(4..5) == Some("-") {
        return moments::parse(text).map(Timestamp::from_millis);
    }
    let ago = text.strip_suffix("ago").unwrap_or(text).trim_end();
    let ago = duration(ago).map_err(|_| WANTED.to_owned())?;
    let millis = i64::try_from(ago.as_millis()).ok().filter(|millis| *millis <= now);
    millis.map(|millis| Timestamp::from_millis(now - millis)).ok_or_else(|| "that is before 1970".to_owned())
}

/// One of the four kinds of job.
pub(crate) fn kind() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(Kind::ALL.map(Kind::as_str))
        .try_map(|name| Kind::from_name(&name).ok_or("no kind of job has that name"))
}

/// Takes anything: an error of the command line would print it.
#[expect(clippy::unnecessary_wraps, reason = "what clap asks for")]
pub(crate) fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration("60s"), Ok(Duration::from_mins(1)));
        assert_eq!(duration("15m"), Ok(Duration::from_mins(15)));
        assert_eq!(duration("1.5h"), Ok(Duration::from_mins(90)));
        assert_eq!(duration("2d"), Ok(Duration::from_hours(48)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("7"), Ok(Duration::from_secs(7)));
        for wrong in ["", "s", "-1s", "1 fortnight", "1e99h", "1.2.3s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        assert_eq!((duration("0s"), patience("1ms")), (Ok(Duration::ZERO), Ok(Duration::from_millis(1))));
        assert!(patience("0s").is_err() && patience("x").is_err());
    }

    #[test]
    fn moments_absolute_and_relative() {
        let now = 1_487_648_348_000;
        let at = |text: &str| when_at(text, now).map(Timestamp::as_millis);
        assert_eq!(at("2h"), Ok(now - 7_200_000));
        assert_eq!(at("2h ago"), Ok(now - 7_200_000));
        assert_eq!(at("1.5d"), Ok(now - 129_600_000));
        assert_eq!(at("1487648348000"), Ok(now));
        assert_eq!(at("1487648348"), Ok(now), "a small number is seconds, as everywhere");
        assert_eq!(at("2017-02-21T03:39:08Z"), Ok(now));
        assert_eq!(at("2017-02-21"), Ok(1_487_635_200_000));
        for wrong in ["", "yesterday", "ago", "-2h", "2 moons", "99999999999999999999"] {
            assert!(at(wrong).unwrap_err().contains("2h (so long ago)"), "{wrong}");
        }
        assert!(at("40000d").unwrap_err().contains("before 1970"));
        assert!(at("2017-02-30").is_err());
    }
}
