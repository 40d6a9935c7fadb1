//! Moments for people: 2017-02-21T03:39:08Z, written and read.

use image_intelligence::Timestamp;

const DAY: i64 = 86_400;

/// 2017-02-21T03:39:08Z
pub(crate) fn utc(moment: Timestamp) -> String {
    let seconds = moment.as_millis().div_euclid(1000);
    let (days, rest) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    // Years that begin in March have their leap day at the end, and 400 of them always have 146,097 days.
    let (era, day) = ((days + 719_468).div_euclid(146_097), (days + 719_468).rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = era * 400 + year + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

/// Milliseconds since 1970 of a date (its midnight in UTC) or of an RFC 3339 date and time.
pub(crate) fn parse(text: &str) -> Result<i64, String> {
    let wanted = || format!("\"{text}\" is no date; one looks like 2017-02-21 or 2017-02-21T03:39:08Z");
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let days = days(date).ok_or_else(wanted)?;
    let Some(time) = time else { return Ok(days * DAY * 1000) };
    let zone = time.find(['Z', 'z', '+', '-']).ok_or_else(|| {
        format!("\"{text}\" does not say in which time zone; end it with Z for UTC, or with +01:00 or the like")
    })?;
    let (clock, zone) = time.split_at(zone);
    let millis = clock_millis(clock).ok_or_else(wanted)?;
    let offset = offset_minutes(zone).ok_or_else(wanted)?;
    Ok((days * DAY - offset * 60) * 1000 + millis)
}

fn number(digits: &str, length: usize, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
    let well = digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|number| well && range.contains(number))
}

/// Days since 1970; `None` for a day that no calendar has.
fn days(date: &str) -> Option<i64> {
    let mut parts = date.split('-');
    let year = number(parts.next()?, 4, 1970..=9999)?;
    let month = number(parts.next()?, 2, 1..=12)?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let day = number(parts.next()?, 2, 1..=longest)?;
    if parts.next().is_some() {
        return None;
    }
    // The same years from March as above.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    Some(365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468)
}

/// `03:39:08`, and perhaps a fraction of a second.
fn clock_millis(clock: &str) -> Option<i64> {
    let (clock, fraction) = clock.split_once('.').map_or((clock, None), |(clock, fraction)| (clock, Some(fraction)));
    let mut parts = clock.split(':');
    let hours = number(parts.next()?, 2, 0..=23)?;
    let minutes = number(parts.next()?, 2, 0..=59)?;
    // 60 is a leap second, which no clock of ours counts.
    let seconds = number(parts.next()?, 2, 0..=60)?.min(59);
    if parts.next().is_some() {
        return None;
    }
    let millis = match fraction {
        None => 0,
        Some(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{digits:0<3}").get(..3)?.parse::<i64>().ok()?
        }
        Some(_) => return None,
    };
    Some((hours * 3600 + minutes * 60 + seconds) * 1000 + millis)
}

fn offset_minutes(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    Some(sign * (number(hours, 2, 0..=23)? * 60 + number(minutes, 2, 0..=59)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written() {
        for (millis, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_487_648_348_000, "2017-02-21T03:39:08Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (1_735_689_599_999, "2024-12-31T23:59:59Z"),
        ] {
            assert_eq!(utc(Timestamp::from_millis(millis)), expected);
        }
    }

    #[test]
    fn read() {
        for (text, millis) in [
            ("2017-02-21T03:39:08Z", 1_487_648_348_000),
            ("2017-02-21 03:39:08.5z", 1_487_648_348_500),
            ("2017-02-21t04:39:08.0019+01:00", 1_487_648_348_001),
            ("2017-02-20T22:09:08-05:30", 1_487_648_348_000),
            ("1970-01-01", 0),
            ("2000-02-29", 951_782_400_000),
        ] {
            assert_eq!(parse(text), Ok(millis), "{text}");
        }
        for day in (0..40_000).step_by(17) {
            let moment = Timestamp::from_millis(day * DAY * 1000 + 45_296_000);
            assert_eq!(parse(&utc(moment)), Ok(moment.as_millis()));
        }
        for wrong in ["2017-2-21", "2017-13-01", "2017-02-29", "2017-02-21T3:39:08Z", "2017-02-21T24:00:00Z"] {
            assert!(parse(wrong).unwrap_err().contains("is no date"), "{wrong}");
        }
        for wrong in ["2017-02-21T03:39:08+1", "2017-02-21T03:39:08.Z", "2017-02-21Tü:ü:üZ", "2017-02-21T03:39:08Zulu"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert!(parse("2017-02-21T03:39:08").unwrap_err().contains("time zone"));
    }
}
