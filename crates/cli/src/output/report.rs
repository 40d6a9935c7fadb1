//! A finished job for people and for pipes: which class was found in which picture, how sure, and where.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use console::{Style, Term, style, user_attended};
use image_intelligence::{
    BoundingBox, DetectImageResult, DetectJob, DetectJobResult, DetectedObject, ImageStatus, Input, JobStatus, Rid,
};

use crate::failure::Failure;
use crate::output::remarks::{errors, uncopied};
use crate::output::table::Table;
use crate::output::{Format, json_document, json_lines, print, printable, remark};
use crate::pictures::{Picture, count};

/// One of the caller's pictures, as results name it.
pub(crate) struct Given {
    pub(crate) name: String,
    pub(crate) sent: &'static str,
}

/// A job to show, and what is known about it beyond the API's answer.
pub(crate) struct Shown {
    pub(crate) job: DetectJob,
    pub(crate) pictures: Vec<Given>,
    /// By the index of the picture: its copy with boxes, or why there is none.
    pub(crate) copies: BTreeMap<usize, Result<PathBuf, String>>,
    /// By the index of the picture: why it was refused, where more is known than the API says.
    pub(crate) reasons: BTreeMap<usize, String>,
    pub(crate) resume_token: Option<String>,
    pub(crate) boxes: bool,
    /// Which of the caller's pictures each of the job's image results, and each chosen image, speaks of.
    indexes: (Vec<Option<usize>>, Vec<Option<usize>>),
}

impl Shown {
    pub(crate) fn new(mut job: DetectJob) -> Self {
        let has_box = |object: &DetectedObject| object.bounding_box.is_some();
        let boxes = job.image_results.iter().flat_map(|image| &image.objects).any(has_box);
        // A job that was found by its id is not tied to any input, but our own stamps number its pictures.
        let rid = job.custom_id.as_deref().and_then(Rid::from_hex);
        let index = |input: Option<&Input>, custom_id: &mut Option<String>| {
            let stamped = custom_id.as_deref().and_then(|id| rid?.stamped(id));
            if stamped.is_some() {
                *custom_id = None;
            }
            input.map(|input| input.index).or(stamped)
        };
        let results = job.image_results.iter_mut();
        let results = results.map(|image| index(image.input.as_ref(), &mut image.custom_id)).collect();
        let chosen = job.job_results.iter_mut().map(|result| result.image.as_mut());
        let chosen = chosen.map(|image| image.and_then(|image| index(image.input.as_ref(), &mut image.custom_id)));
        let indexes = (results, chosen.collect());
        Self {
            job,
            pictures: Vec::new(),
            copies: BTreeMap::new(),
            reasons: BTreeMap::new(),
            resume_token: None,
            boxes,
            indexes,
        }
    }

    pub(crate) fn pictures(mut self, pictures: &[Picture]) -> Self {
        let given = |picture: &Picture| Given { name: picture.name(), sent: picture.sent_as() };
        self.pictures = pictures.iter().map(given).collect();
        self
    }

    /// The results, in the caller's order as far as it is known.
    pub(crate) fn images(&self) -> impl Iterator<Item = (Option<usize>, &DetectImageResult)> {
        let mut images: Vec<_> = self.indexes.0.iter().copied().zip(&self.job.image_results).collect();
        images.sort_by_key(|(index, _)| index.unwrap_or(usize::MAX));
        images.into_iter()
    }

    /// The same, and with it what the API says only of the picture that it chose for a class: some servers leave out the
    /// objects of each picture, or the pictures altogether.
    pub(crate) fn completed(&self) -> Vec<(Option<usize>, DetectImageResult)> {
        let mut images: Vec<_> = self.images().map(|(index, image)| (index, image.clone())).collect();
        for (index, chosen) in self.chosen() {
            let Some(image) = &chosen.image else { continue };
            let same = |(known, result): &&mut (Option<usize>, DetectImageResult)| {
                (image.id.is_some() && result.id == image.id) || (index.is_some() && *known == index)
            };
            let object = DetectedObject::new(&chosen.class, image.confidence.unwrap_or_default());
            match images.iter_mut().find(same) {
                Some((_, result)) if result.objects.iter().any(|object| object.class == chosen.class) => {}
                Some((_, result)) => result.objects.push(object),
                None => {
                    let mut result = DetectImageResult::default();
                    (result.id, result.url, result.proxy_url) =
                        (image.id.clone(), image.url.clone(), image.proxy_url.clone());
                    result.custom_id.clone_from(&image.custom_id);
                    result.status = ImageStatus::CompletedSuccessfully;
                    result.objects.push(object);
                    images.push((index, result));
                }
            }
        }
        images
    }

    /// What was chosen for each class.
    pub(crate) fn chosen(&self) -> impl Iterator<Item = (Option<usize>, &DetectJobResult)> {
        self.indexes.1.iter().copied().zip(&self.job.job_results)
    }

    pub(crate) fn name(&self, index: Option<usize>, image: &DetectImageResult) -> String {
        let given = index.and_then(|index| self.pictures.get(index)).map(|given| given.name.clone());
        let numbered = || index.map(|index| format!("picture {}", index + 1));
        given
            .or_else(|| image.url.clone())
            .or_else(|| image.custom_id.clone())
            .or_else(numbered)
            .or_else(|| image.id.clone())
            .unwrap_or_default()
    }

    fn sent(&self, index: Option<usize>) -> &'static str {
        index.and_then(|index| self.pictures.get(index)).map_or("-", |given| given.sent)
    }
}

/// Writes a job as the user wants it.
pub(crate) fn show(shown: &Shown, format: Format) -> Result<(), Failure> {
    match format {
        Format::Json => print(&json_document(shown)),
        Format::Ndjson => print(&json_lines(shown)),
        Format::Text => {
            if user_attended() {
                print(&(table(shown, false) + &summary(shown)))?;
            } else {
                print(&lines(shown))?;
                if !shown.job.status.is_done() {
                    remark(summary(shown).trim_start());
                }
            }
            remark(&errors(shown));
            remark(&uncopied(shown));
            Ok(())
        }
    }
}

/// The table: a row for each class in each picture, or for each object where boxes were asked for.
pub(crate) fn table(shown: &Shown, sent: bool) -> String {
    let mut headings = vec!["PICTURE"];
    headings.extend(sent.then_some("SENT AS"));
    headings.extend(["FOUND", "CONFIDENCE"]);
    headings.extend(shown.boxes.then_some("BOX"));
    let mut table = Table::new(&headings);
    let (plain, dim) = (Style::new(), Style::new().dim());
    for (index, image) in shown.completed() {
        let mut start = vec![(shown.name(index, &image), plain.clone())];
        start.extend(sent.then(|| (shown.sent(index).to_owned(), plain.clone())));
        let row = |end: Vec<(String, Style)>| start.iter().cloned().chain(end).collect();
        if !image.status.is_success() {
            let style = if image.status.is_error() { Style::new().red() } else { dim.clone() };
            table.row(row(vec![(image.status.to_string(), style), ("-".into(), dim.clone())]));
        } else if image.objects.is_empty() {
            table.row(row(vec![("nothing asked for".into(), dim.clone()), ("-".into(), dim.clone())]));
        }
        if shown.boxes {
            for object in sorted(&image.objects) {
                let place = object.bounding_box.as_ref().map(box_text).unwrap_or_default();
                table.row(row(vec![
                    (object.class.clone(), Style::new().green()),
                    (format!("{:.2}", object.confidence), plain.clone()),
                    (place, plain.clone()),
                ]));
            }
            continue;
        }
        for (class, best, count) in by_class(&image.objects) {
            let times = if count > 1 { format!("{class} x {count}") } else { class.to_owned() };
            table.row(row(vec![(times, Style::new().green()), (format!("{best:.2}"), plain.clone())]));
        }
    }
    let width = user_attended().then(|| usize::from(Term::stdout().size().1));
    table.render(width)
}

/// For other programs: picture, class, confidence and, where known, the box, with tabs between.
pub(crate) fn lines(shown: &Shown) -> String {
    let mut out = String::new();
    for (index, image) in shown.completed() {
        let name = shown.name(index, &image);
        let name = printable(&name);
        if image.objects.is_empty() && image.status.is_success() {
            let _ = writeln!(out, "{name}\t-\t-");
        }
        for object in sorted(&image.objects) {
            let _ = write!(out, "{name}\t{}\t{:.4}", printable(&object.class), object.confidence);
            if let Some(place) = object.bounding_box.as_ref().filter(|_| shown.boxes) {
                let _ = write!(out, "\t{}", box_text(place));
            }
            out.push('\n');
        }
    }
    out
}

fn summary(shown: &Shown) -> String {
    let job = &shown.job;
    let mut out = format!("\nJob {}: {}\n", printable(&job.id), status(&job.status));
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

fn sorted(objects: &[DetectedObject]) -> Vec<&DetectedObject> {
    let mut objects: Vec<_> = objects.iter().collect();
    objects.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    objects
}

/// Each class once: how sure at best, and how many. The surest first.
fn by_class(objects: &[DetectedObject]) -> Vec<(&str, f64, usize)> {
    let mut classes: Vec<(&str, f64, usize)> = Vec::new();
    for object in sorted(objects) {
        match classes.iter_mut().find(|(class, ..)| *class == object.class) {
            Some((_, _, count)) => *count += 1,
            None => classes.push((&object.class, object.confidence, 1)),
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
    use super::*;

    fn shown(json: &str) -> Shown {
        Shown::new(DetectJob::from_json(json.as_bytes()).unwrap())
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
        let all = lines(&hostile) + &errors(&hostile) + &table(&hostile, true) + &summary(&hostile);
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
}
