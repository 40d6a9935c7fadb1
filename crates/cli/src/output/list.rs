//! Jobs that a search found: a line each, with no results.

use console::{Style, user_attended};
use image_intelligence::{DetectJob, Timestamp};
use serde::Serialize;

use crate::failure::Failure;
use crate::output::table::Table;
use crate::output::{Format, print, printable, remark};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FoundJob<'a> {
    id: &'a str,
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    feed_id: Option<&'a str>,
}

impl<'a> From<&'a DetectJob> for FoundJob<'a> {
    fn from(job: &'a DetectJob) -> Self {
        Self {
            id: &job.id,
            status: job.status.as_str(),
            created_at: job.created_at.map(Timestamp::as_millis),
            custom_id: job.custom_id.as_deref(),
            feed_id: job.feed_id.as_deref(),
        }
    }
}

/// Writes the jobs as the user wants them. None is an answer, not an error.
pub(crate) fn show_list(jobs: &[DetectJob], custom_id: &str, format: Format) -> Result<(), Failure> {
    // Strings and numbers: there is nothing in them that JSON cannot say.
    let line = |job| serde_json::to_string(&FoundJob::from(job)).unwrap_or_default();
    match format {
        Format::Json => print(&format!("[{}]\n", jobs.iter().map(line).collect::<Vec<_>>().join(","))),
        Format::Ndjson => print(&jobs.iter().map(|job| line(job) + "\n").collect::<String>()),
        Format::Text if jobs.is_empty() => {
            remark(&format!("no job with the customId {}\n", printable(custom_id)));
            Ok(())
        }
        Format::Text if user_attended() => {
            let mut table = Table::new(&["JOB", "STATUS", "CREATED"]);
            for job in jobs {
                table.row(cells(job).map(|cell| (cell, Style::new())).to_vec());
            }
            print(&table.render(None))
        }
        Format::Text => {
            let line = |job| cells(job).map(|cell| printable(&cell).into_owned()).join("\t") + "\n";
            print(&jobs.iter().map(line).collect::<String>())
        }
    }
}

fn cells(job: &DetectJob) -> [String; 3] {
    let created = job.created_at.map_or_else(|| "-".to_owned(), utc);
    [job.id.clone(), job.status.to_string(), created]
}

/// 2017-02-21T07:12:28Z
fn utc(moment: Timestamp) -> String {
    let seconds = moment.as_millis().div_euclid(1000);
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Years that begin in March have their leap day at the end, and 400 of them always have 146,097 days.
    let (era, day) = ((days + 719_468).div_euclid(146_097), (days + 719_468).rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = era * 400 + year + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        for (millis, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_487_648_348_000, "2017-02-21T03:39:08Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (1_735_689_599_999, "2024-12-31T23:59:59Z"),
        ] {
            assert_eq!(utc(Timestamp::from_millis(millis)), expected);
        }
    }
}
