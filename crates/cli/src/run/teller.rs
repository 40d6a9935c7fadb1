//! What is written of each picture of a run, as soon as its result is there.

use std::path::PathBuf;
use std::sync::Arc;

use console::{style, user_attended};
use image_intelligence::{Client, Item};

use crate::annotate::Annotator;
use crate::failure::Failure;
use crate::kinds::{self, Told};
use crate::output::{self, Format, Given, Growing, One, Shown, deliver, printable, remark};
use crate::pictures::Picture;
use crate::reasons;
use crate::run::feed::Open;
use crate::run::gauge::Gauge;
use crate::run::tally::Tally;

/// Writes results in the form that was asked for.
pub(crate) struct Teller {
    pub(crate) format: Format,
    pub(crate) boxes: bool,
    /// Whether each picture has a job for itself.
    pub(crate) alone: bool,
    pub(crate) annotator: Option<Annotator>,
    /// Why no more copies are drawn.
    pub(crate) unwritten: Option<Failure>,
    pub(crate) open: Arc<Open>,
    pub(crate) client: Client,
    table: Growing,
    /// What is written at the end, with the index of its picture.
    kept: Vec<(usize, String)>,
}

/// What is written of one picture.
#[derive(Default)]
struct Words {
    out: String,
    err: String,
}

impl Teller {
    pub(crate) fn new(client: Client, open: Arc<Open>, format: Format) -> Self {
        Self {
            format,
            boxes: false,
            alone: false,
            annotator: None,
            unwritten: None,
            open,
            client,
            table: Growing::default(),
            kept: Vec::new(),
        }
    }

    /// Tells of a picture; fails where stdout cannot be written to. Takes as long as whoever reads it.
    pub(crate) async fn tell<K: Told>(&mut self, item: Item<K>, gauge: &Gauge) -> std::io::Result<()> {
        let index = item.index;
        let picture = self.open.take(index).unwrap_or_else(|| Picture::Url(item.source.clone()));
        let Words { out, err } = match item.result {
            Some(_) => self.result(item, &picture).await,
            None => self.error(&item, &picture),
        };
        if !err.is_empty() {
            gauge.aside(|| remark(&err));
        }
        if self.format == Format::Json {
            self.kept.push((index, out));
            return Ok(());
        }
        if out.is_empty() {
            return Ok(());
        }
        if user_attended() {
            return gauge.aside(|| deliver(&out));
        }
        tokio::task::spawn_blocking(move || deliver(&out)).await.map_err(std::io::Error::other)?
    }

    async fn result<K: Told>(&mut self, item: Item<K>, picture: &Picture) -> Words {
        let (index, given) = (item.index, Given { name: picture.name(), sent: picture.sent_as() });
        let Some(image) = item.result.map(K::picture) else { return Words::default() };
        let copy = self.copy(picture, &image).await;
        let mut shown = Shown::one(One {
            kind: K::KIND,
            job_id: item.job_id.unwrap_or_default(),
            index,
            given,
            image,
            chosen: item.chosen,
            alone: self.alone,
        });
        shown.boxes |= self.boxes;
        shown.copies.extend(copy.map(|copy| (index, copy)));
        shown.reasons = reasons::find(&shown, |_| Some(picture.clone())).await;
        match self.format {
            Format::Json | Format::Ndjson => Words { out: output::json_lines(&shown), err: String::new() },
            Format::Text => {
                let out = if user_attended() { self.table.rows(&shown) } else { output::lines(&shown) };
                Words { out, err: output::errors(&shown) + &output::uncopied(&shown) }
            }
        }
    }

    fn error<K: Told>(&self, item: &Item<K>, picture: &Picture) -> Words {
        let Some(error) = item.error.clone() else { return Words::default() };
        let failure = Failure::from(error);
        let given = Given { name: picture.name(), sent: picture.sent_as() };
        match self.format {
            Format::Json | Format::Ndjson => {
                let out = output::json_error(item.job_id.as_deref(), item.index, &given, &failure);
                Words { out, err: String::new() }
            }
            Format::Text => {
                let label = style("not looked at:").red().for_stderr();
                let message = failure.error().message();
                // Its name stands there already.
                let message = message.strip_prefix(&format!("images[{}]: ", item.index)).unwrap_or(message);
                Words {
                    out: String::new(),
                    err: format!("{label} {}: {}\n", printable(&given.name), printable(message)),
                }
            }
        }
    }

    /// The copy with boxes, where one is wanted.
    async fn copy(&mut self, picture: &Picture, image: &kinds::Picture) -> Option<Result<PathBuf, String>> {
        let kinds::Picture::Objects(result) = image else { return None };
        if !result.status.is_success() {
            return None;
        }
        match self.annotator.as_mut()?.draw(picture, result, &self.client).await {
            Ok(copy) => Some(copy),
            Err(failure) => {
                self.annotator = None;
                self.unwritten = Some(failure);
                None
            }
        }
    }

    /// What is written when all is over.
    pub(crate) fn document(&mut self, tally: &Tally, jobs: usize) -> String {
        if self.format != Format::Json {
            return String::new();
        }
        let mut kept = std::mem::take(&mut self.kept);
        kept.sort_by_key(|(index, _)| *index);
        let lines: Vec<_> = kept.into_iter().map(|(_, line)| line).collect();
        output::json_of_many(&lines, tally.looked_at, tally.failed, jobs)
    }
}
