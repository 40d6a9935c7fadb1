//! A job for people and for pipes: what was found in which picture, how sure, and where.

use std::fmt::Write as _;

use console::{Style, Term, style, user_attended};
use image_intelligence::{BoundingBox, JobStatus, Kind};

use crate::failure::Failure;
use crate::output::remarks::{errors, uncopied};
use crate::output::shown::{Finding, Shown};
use crate::output::table::Table;
use crate::output::{Format, json_document, json_lines, print, printable, remark};
use crate::pictures::count;

/// Writes a job as the user wants it.
pub(crate) fn show(shown: &Shown, format: Format) -> Result<(), Failure> {
    match format {
        Format::Json => print(&json_document(shown)),
        Format::Ndjson => print(&json_lines(shown)),
        Format::Text => {
            print(&text(shown))?;
            if !user_attended() && !shown.job.status.is_done() {
                remark(summary(shown).trim_start());
            }
            remark(&errors(shown));
            remark(&uncopied(shown));
            Ok(())
        }
    }
}

/// A table with a summary on a terminal, and lines elsewhere.
pub(crate) fn text(shown: &Shown) -> String {
    if user_attended() { table(shown, false) + &summary(shown) } else { lines(shown) }
}

/// What stands over the findings of a kind, and in place of them where there are none.
fn words(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Match => ("MATCH", "-"),
        Kind::Ask => ("ANSWER", "-"),
        Kind::Recognize => ("IDENTITY", "no face"),
        _ => ("FOUND", "nothing asked for"),
    }
}

/// The table, as wide as the terminal.
pub(crate) fn table(shown: &Shown, sent: bool) -> String {
    filled(shown, sent).render(terminal())
}

fn terminal() -> Option<usize> {
    user_attended().then(|| usize::from(Term::stdout().size().1))
}

/// A table of which rows come one after the other: its columns grow with them.
#[derive(Default)]
pub(crate) struct Growing {
    widths: Vec<usize>,
    has_heading: bool,
}

impl Growing {
    /// The rows of some more pictures.
    pub(crate) fn rows(&mut self, shown: &Shown) -> String {
        let table = filled(shown, false);
        let has_heading = std::mem::replace(&mut self.has_heading, true);
        if !has_heading {
            // So that the first rows line up with most of those to come.
            self.widths = vec![32, 16, 10];
        }
        table.render_on(&mut self.widths, terminal(), !has_heading)
    }
}

/// A row for each class in each picture, or for each object or face where their boxes are known.
fn filled(shown: &Shown, sent: bool) -> Table {
    let (heading, nothing) = words(shown.kind);
    let sure = !shown.has_one_answer();
    let mut headings = vec!["PICTURE"];
    headings.extend(sent.then_some("SENT AS"));
    headings.push(heading);
    headings.extend(sure.then_some("CONFIDENCE"));
    headings.extend(shown.boxes.then_some("BOX"));
    let mut table = Table::new(&headings);
    let (plain, dim, green) = (Style::new(), Style::new().dim(), Style::new().green());
    for (index, image) in shown.completed() {
        let mut start = vec![(shown.name(index, &image.view()), plain.clone())];
        start.extend(sent.then(|| (shown.sent(index).to_owned(), plain.clone())));
        let row = |what: (String, Style), confidence: Option<f64>, place: Option<String>| {
            let mut cells = start.clone();
            cells.push(what);
            if sure {
                cells.push(match confidence {
                    Some(confidence) => (format!("{confidence:.2}"), plain.clone()),
                    None => ("-".to_owned(), dim.clone()),
                });
            }
            cells.extend(place.map(|place| (place, plain.clone())));
            cells
        };
        let looked_at = shown.is_looked_at(&image);
        if let Some(status) = image.status().filter(|status| !status.is_success()) {
            let style = if status.is_error() { Style::new().red() } else { dim.clone() };
            table.row(row((status.to_string(), style), None, None));
        } else if !looked_at {
            table.row(row((JobStatus::InProgress.to_string(), dim.clone()), None, None));
        }
        let found = shown.findings(index, &image);
        if !looked_at && shown.has_one_answer() && !found.iter().any(|finding| finding.hit) {
            continue;
        }
        if looked_at && found.is_empty() {
            table.row(row((nothing.to_owned(), dim.clone()), None, None));
        }
        let style = |finding: &Finding| if finding.hit { green.clone() } else { dim.clone() };
        let what = |finding: &Finding| match (shown.kind, finding.hit) {
            (Kind::Recognize, false) => "nobody known".to_owned(),
            _ => finding.what.clone(),
        };
        if shown.boxes || shown.kind == Kind::Recognize {
            for finding in &found {
                let place = shown.boxes.then(|| finding.place.as_ref().map(box_text).unwrap_or_default());
                table.row(row((what(finding), style(finding)), Some(finding.confidence), place));
            }
            continue;
        }
        for (finding, times) in by_class(&found) {
            let text = if times > 1 { format!("{} x {times}", finding.what) } else { what(finding) };
            table.row(row((text, style(finding)), Some(finding.confidence), None));
        }
    }
    table
}

/// For other programs: picture, what is in it, confidence and, where known, the box, with tabs between.
pub(crate) fn lines(shown: &Shown) -> String {
    let mut out = String::new();
    for (index, image) in shown.completed() {
        let name = shown.name(index, &image.view());
        let name = printable(&name);
        let looked_at = shown.is_looked_at(&image);
        let found = shown.findings(index, &image);
        if shown.has_one_answer() {
            let answer = found.first().filter(|answer| answer.hit || (looked_at && shown.job.status.is_done()));
            let _ = answer.map_or(Ok(()), |answer| writeln!(out, "{name}\t{}", answer.what));
            continue;
        }
        if found.is_empty() && looked_at {
            let _ = writeln!(out, "{name}\t-\t-");
        }
        for finding in found {
            let _ = write!(out, "{name}\t{}\t{:.4}", printable(&finding.what), finding.confidence);
            if let Some(place) = finding.place.as_ref().filter(|_| shown.boxes) {
                let _ = write!(out, "\t{}", box_text(place));
            }
            out.push('\n');
        }
    }
    out
}

pub(crate) fn summary(shown: &Shown) -> String {
    let job = &shown.job;
    let mut out = String::from("\n");
    if let Some(answer) = answer(shown) {
        let _ = writeln!(out, "{answer}");
    }
    let _ = writeln!(out, "Job {}: {}", printable(&job.id), status(&job.status));
    if let (false, Some(token)) = (job.status.is_done(), &shown.resume_token) {
        let _ = writeln!(out, "To wait for it: ii jobs wait {token}");
    }
    let mut copies = shown.copies.values().flatten().peekable();
    if let Some(directory) = copies.peek().and_then(|path| path.parent()) {
        let directory = directory.display().to_string();
        let _ = writeln!(out, "With boxes, in {}: {}", printable(&directory), count(copies.count()));
    }
    out
}

/// The one answer of a job that gives one, in words.
fn answer(shown: &Shown) -> Option<String> {
    let done = shown.job.status.is_done() && shown.job.status != JobStatus::CompletedAllError;
    let (index, chosen) = shown.chosen.first().filter(|_| done && shown.has_one_answer())?;
    let picture = chosen.image.as_ref().map(|image| shown.name(*index, &image.view()));
    let picture = picture.as_deref().map(printable);
    if let Some(question) = &shown.question {
        let answer = picture.map_or_else(|| "no".to_owned(), |picture| format!("yes, as {picture} shows"));
        return Some(format!("{} {answer}", printable(question)));
    }
    let target = chosen.target.as_ref();
    let class = target.map(|target| target.class.as_str()).filter(|class| !class.is_empty()).unwrap_or("target");
    let name = target.and_then(|target| target.custom_id.as_deref()).map(|name| format!(" {name}"));
    let what = format!("{class}{}", name.unwrap_or_default());
    let what = printable(&what);
    Some(match picture {
        Some(picture) => {
            let checked = if chosen.hitl == Some(true) { " (a human checked it)" } else { "" };
            format!("The {what} is in {picture}{checked}")
        }
        None => format!("The {what} is in none of them"),
    })
}

fn status(status: &JobStatus) -> String {
    let word = match status {
        JobStatus::InProgress => "in progress".to_owned(),
        JobStatus::CompletedSuccessfully => "done".to_owned(),
        JobStatus::CompletedPartialError => "done; some pictures could not be looked at".to_owned(),
        JobStatus::CompletedAllError => "done; no picture could be looked at".to_owned(),
        other => printable(other.as_str()).into_owned(),
    };
    match status {
        JobStatus::CompletedPartialError | JobStatus::CompletedAllError => style(word).red().to_string(),
        _ => word,
    }
}

/// Each class once: the surest of it, and how many. The surest first.
fn by_class(found: &[Finding]) -> Vec<(&Finding, usize)> {
    let mut classes: Vec<(&Finding, usize)> = Vec::new();
    for finding in found {
        match classes.iter_mut().find(|(known, _)| known.what == finding.what) {
            Some((_, count)) => *count += 1,
            None => classes.push((finding, 1)),
        }
    }
    classes
}

fn box_text(place: &BoundingBox) -> String {
    // Pixels have no use for decimals; fractions of the picture have no use without.
    let decimals = if place.x_max <= 1.0 && place.y_max <= 1.0 { 4 } else { 0 };
    format!(
        "{:.decimals$},{:.decimals$},{:.decimals$},{:.decimals$}",
        place.x_min, place.y_min, place.x_max, place.y_max
    )
}

#[cfg(test)]
mod tests {
    use image_intelligence::{Ask, AskJob, Detect, DetectJob, Match, MatchJob, Recognize, RecognizeJob};

    use super::*;

    fn shown(json: &str) -> Shown {
        Shown::new::<Detect>(DetectJob::from_json(json.as_bytes()).unwrap())
    }

    #[test]
    fn what_only_the_job_results_say_is_shown_too() {
        let bare = shown(
            r#"{"id": "1", "status": "COMPLETED_SUCCESSFULLY",
                "jobResults": [{"class": "person", "image": {"id": "a", "url": "https://x.test/a.jpg", "confidence": 0.9}},
                               {"class": "car", "image": {"id": "b", "confidence": 0.8}}, {"class": "cat"}],
                "imageResults": [{"id": "b", "url": "https://x.test/b.jpg", "status": "COMPLETED_SUCCESSFULLY"}]}"#,
        );
        assert_eq!(lines(&bare), "https://x.test/b.jpg\tcar\t0.8000\nhttps://x.test/a.jpg\tperson\t0.9000\n");
    }

    #[test]
    fn a_servers_words_do_not_steer_the_terminal() {
        let hostile = shown(
            r#"{"id": "1", "status": "COMPLETED_ALL_ERROR", "imageResults": [
                {"url": "https://x.test/\u001b[2J\n", "status": "COMPLETED_SUCCESSFULLY", "objects": [{"class": "a\tb\u0007"}]},
                {"customId": "c\u001b]0;", "status": "UNKNOWN_ERROR"}]}"#,
        );
        let asked = AskJob::from_json(
            br#"{"id": "\u001b[2J", "question": "a\u0007?", "status": "COMPLETED_SUCCESSFULLY",
                 "jobResults": {"image": {"url": "\u001b[2J"}}}"#,
        );
        let asked = Shown::new::<Ask>(asked.unwrap());
        let all = [&hostile, &asked].map(|job| lines(job) + &errors(job) + &table(job, true) + &summary(job)).concat();
        assert!(
            !console::strip_ansi_codes(&all).contains(|c: char| c.is_control() && c != '\n' && c != '\t'),
            "{all:?}"
        );
        assert_eq!(lines(&hostile).lines().count(), 1);
        assert_eq!(lines(&hostile).matches('\t').count(), 2);
    }

    #[test]
    fn our_stamps_number_the_pictures_and_are_not_shown() {
        let rid = "ab".repeat(16);
        let stamped = shown(&format!(
            r#"{{"id": "1", "customId": "{rid}", "status": "COMPLETED_SUCCESSFULLY", "imageResults": [
                {{"customId": "{rid}-1", "status": "COMPLETED_SUCCESSFULLY"}},
                {{"customId": "{rid}-0", "status": "COMPLETED_SUCCESSFULLY"}}]}}"#
        ));
        assert_eq!(lines(&stamped), "picture 1\t-\t-\npicture 2\t-\t-\n");
        assert!(!json_document(&stamped).contains(&format!("{rid}-")));
    }

    #[test]
    fn one_answer_for_all_pictures() {
        let ask = |answer: &str| {
            let json = format!(
                r#"{{"id": "1", "question": "Open?", "status": "COMPLETED_SUCCESSFULLY", "jobResults": {answer},
                    "imageResults": [{{"id": "a", "customId": "a", "status": "COMPLETED_SUCCESSFULLY"}},
                                     {{"id": "b", "customId": "b", "status": "COMPLETED_SUCCESSFULLY"}}]}}"#
            );
            Shown::new::<Ask>(AskJob::from_json(json.as_bytes()).unwrap())
        };
        let yes = ask(r#"{"image": {"customId": "b"}}"#);
        assert_eq!(lines(&yes), "a\t-\nb\tyes\n");
        assert!(summary(&yes).contains("Open? yes, as b shows"), "{}", summary(&yes));
        let no = ask("[]");
        assert_eq!(lines(&no), "a\tno\nb\tno\n");
        assert!(summary(&no).contains("Open? no\n"));

        let bare = MatchJob::from_json(
            br#"{"id": "1", "status": "COMPLETED_SUCCESSFULLY", "jobResults": {"hitl": true, "image": {"url": "https://x.test/a.jpg"},
                 "target": {"class": "dog", "customId": "rex", "images": []}}}"#,
        );
        let bare = Shown::new::<Match>(bare.unwrap());
        assert_eq!(lines(&bare), "https://x.test/a.jpg\tyes\n");
        assert!(summary(&bare).contains("The dog rex is in https://x.test/a.jpg (a human checked it)"));
        assert_eq!(console::strip_ansi_codes(&table(&bare, false)).lines().next(), Some("PICTURE               MATCH"));
    }

    #[test]
    fn faces_with_and_without_a_name() {
        let json = br#"{"id": "1", "status": "COMPLETED_SUCCESSFULLY", "images": [
            {"customId": "a", "objects": [{"confidence": 0.5}, {"identityId": "ann", "confidence": 0.97,
                "boundingBox": {"xMin": 1, "yMin": 2, "xMax": 30, "yMax": 40}}]},
            {"customId": "b", "objects": []}]}"#;
        let faces = Shown::new::<Recognize>(RecognizeJob::from_json(json).unwrap());
        assert_eq!(lines(&faces), "a\tann\t0.9700\t1,2,30,40\na\t?\t0.5000\nb\t-\t-\n");
        let table = table(&faces, false);
        let table = console::strip_ansi_codes(&table);
        assert!(table.contains("nobody known") && table.contains("no face"), "{table}");
    }
}
