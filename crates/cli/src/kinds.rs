//! The kinds of job: how each is found again, named in a command, and taken apart for showing.

use image_intelligence::{
    Ask, AskExamples, Client, Detect, DetectImageResult, DetectJobImage, ImageResult, ImageStatus, ImageView, Input,
    JobImage, JobKind, JobSearch, JobStatus, Jobs, Kind, Match, MatchTarget, RecognitionSearch, Recognize,
    RecognizedImage, Result, Timestamp,
};
use serde::Serialize;

use crate::args::WhichArgs;
use crate::failure::{Failure, quoted};

/// A job taken apart: what every kind has, and what only one has.
pub(crate) struct Parts {
    pub(crate) kind: Kind,
    pub(crate) head: Head,
    /// What was asked, of an ask job.
    pub(crate) question: Option<String>,
    pub(crate) examples: Option<AskExamples>,
    pub(crate) answers: Vec<Answer>,
    pub(crate) images: Vec<Picture>,
}

/// What every job says of itself.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) id: String,
    pub(crate) status: JobStatus,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) custom_id: Option<String>,
    pub(crate) feed_id: Option<String>,
    pub(crate) webhook_url: Option<String>,
}

/// A picture that was chosen as an answer: for a class, as one that shows a target, or for a question.
pub(crate) struct Answer {
    pub(crate) class: Option<String>,
    pub(crate) target: Option<MatchTarget>,
    pub(crate) image: Option<DetectJobImage>,
    pub(crate) hitl: Option<bool>,
}

/// What became of a picture, as a job of its kind says it.
#[derive(Clone, Serialize)]
#[serde(untagged)]
pub(crate) enum Picture {
    Objects(DetectImageResult),
    Plain(ImageResult),
    Faces(RecognizedImage),
}

impl Picture {
    pub(crate) fn view(&self) -> ImageView<'_> {
        match self {
            Self::Objects(image) => image.view(),
            Self::Plain(image) => image.view(),
            Self::Faces(image) => image.view(),
        }
    }

    /// `None` where a kind of job that need not say it does not.
    pub(crate) fn status(&self) -> Option<&ImageStatus> {
        match self {
            Self::Objects(image) => Some(&image.status),
            Self::Plain(image) => Some(&image.status),
            Self::Faces(image) => image.status.as_ref(),
        }
    }

    pub(crate) fn custom_id(&mut self) -> &mut Option<String> {
        match self {
            Self::Objects(image) => &mut image.custom_id,
            Self::Plain(image) => &mut image.custom_id,
            Self::Faces(image) => &mut image.custom_id,
        }
    }

    pub(crate) fn input(&mut self) -> &mut Option<Input> {
        match self {
            Self::Objects(image) => &mut image.input,
            Self::Plain(image) => &mut image.input,
            Self::Faces(image) => &mut image.input,
        }
    }
}

/// A kind of job as this program knows it.
pub(crate) trait Told: JobKind {
    /// The jobs of this kind; those that recognize are in a namespace.
    fn jobs(client: &Client, namespace: Option<&str>) -> Jobs<Self>
    where
        Self: Sized;

    /// The newest jobs that meet the conditions, at least `most` of them where there are so many.
    async fn list(client: &Client, namespace: Option<&str>, search: JobSearch, most: usize) -> Result<Vec<Self::Job>>;

    fn head(job: &Self::Job) -> Head;

    fn parts(job: Self::Job) -> Parts;

    /// What became of a picture, without its job.
    fn picture(image: Self::Image) -> Picture;
}

macro_rules! head {
    () => {
        fn head(job: &Self::Job) -> Head {
            Head {
                id: job.id.clone(),
                status: job.status.clone(),
                created_at: job.created_at,
                custom_id: job.custom_id.clone(),
                feed_id: job.feed_id.clone(),
                webhook_url: job.webhook_url.clone(),
            }
        }
    };
}

macro_rules! queried {
    () => {
        head!();

        fn jobs(client: &Client, _: Option<&str>) -> Jobs<Self> {
            client.jobs()
        }

        async fn list(client: &Client, _: Option<&str>, search: JobSearch, _: usize) -> Result<Vec<Self::Job>> {
            client.jobs::<Self>().search(&search).await
        }
    };
}

impl Told for Detect {
    queried!();

    fn parts(job: Self::Job) -> Parts {
        let head = Self::head(&job);
        let answer = |result: image_intelligence::DetectJobResult| Answer {
            class: Some(result.class),
            target: None,
            image: result.image,
            hitl: result.hitl,
        };
        Parts {
            kind: Self::KIND,
            head,
            question: None,
            examples: None,
            answers: job.job_results.into_iter().map(answer).collect(),
            images: job.image_results.into_iter().map(Picture::Objects).collect(),
        }
    }

    fn picture(image: Self::Image) -> Picture {
        Picture::Objects(image)
    }
}

impl Told for Match {
    queried!();

    fn parts(job: Self::Job) -> Parts {
        let head = Self::head(&job);
        let result = job.job_results;
        let answer = Answer { class: None, target: result.target, image: result.image.map(chosen), hitl: result.hitl };
        Parts {
            kind: Self::KIND,
            head,
            question: None,
            examples: None,
            answers: vec![answer],
            images: job.image_results.into_iter().map(Picture::Plain).collect(),
        }
    }

    fn picture(image: Self::Image) -> Picture {
        Picture::Plain(image)
    }
}

impl Told for Ask {
    queried!();

    fn parts(job: Self::Job) -> Parts {
        let head = Self::head(&job);
        let answer = Answer { class: None, target: None, image: job.job_results.image.map(chosen), hitl: None };
        Parts {
            kind: Self::KIND,
            head,
            question: Some(job.question),
            examples: job.examples,
            answers: vec![answer],
            images: job.image_results.into_iter().map(Picture::Plain).collect(),
        }
    }

    fn picture(image: Self::Image) -> Picture {
        Picture::Plain(image)
    }
}

impl Told for Recognize {
    head!();

    fn jobs(client: &Client, namespace: Option<&str>) -> Jobs<Self> {
        client.recognition(namespace.unwrap_or_default()).jobs()
    }

    async fn list(client: &Client, namespace: Option<&str>, search: JobSearch, most: usize) -> Result<Vec<Self::Job>> {
        let mut wanted = RecognitionSearch::new();
        (wanted.start, wanted.end) = (search.after, search.before);
        if let Some(id) = search.custom_id {
            wanted = wanted.custom_ids([id]);
        }
        if let Some(id) = search.feed_id {
            wanted = wanted.feed_ids([id]);
        }
        let mut rows = Self::jobs(client, namespace).all(wanted);
        let mut jobs = Vec::new();
        while jobs.len() < most
            && let Some(job) = rows.next().await
        {
            jobs.push(job?);
        }
        Ok(jobs)
    }

    fn parts(job: Self::Job) -> Parts {
        Parts {
            kind: Self::KIND,
            head: Self::head(&job),
            question: None,
            examples: None,
            answers: Vec::new(),
            images: job.images.into_iter().map(Picture::Faces).collect(),
        }
    }

    fn picture(image: Self::Image) -> Picture {
        Picture::Faces(image)
    }
}

/// The same picture, of a kind of job that does not say how sure it is.
fn chosen(image: JobImage) -> DetectJobImage {
    let mut chosen = DetectJobImage::default();
    (chosen.id, chosen.url, chosen.proxy_url) = (image.id, image.url, image.proxy_url);
    (chosen.custom_id, chosen.input) = (image.custom_id, image.input);
    chosen
}

/// Calls a function for the kind of job that is only known when the program runs.
macro_rules! by_kind {
    ($kind:expr, $function:ident($($argument:expr),* $(,)?)) => {
        match $kind {
            image_intelligence::Kind::Detect => $function::<image_intelligence::Detect>($($argument),*).await,
            image_intelligence::Kind::Match => $function::<image_intelligence::Match>($($argument),*).await,
            image_intelligence::Kind::Ask => $function::<image_intelligence::Ask>($($argument),*).await,
            image_intelligence::Kind::Recognize => $function::<image_intelligence::Recognize>($($argument),*).await,
            other => Err($crate::failure::Failure::config(format!("--kind: {other} jobs are unknown here"))),
        }
    };
}
pub(crate) use by_kind;

/// Where a job is: its kind, and the namespace of one that recognizes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Where {
    pub(crate) kind: Kind,
    pub(crate) namespace: Option<String>,
    /// Nobody said which kind.
    pub(crate) guessed: bool,
}

impl Where {
    pub(crate) fn of(kind: Kind, namespace: Option<&str>) -> Self {
        Self { kind, namespace: namespace.map(str::to_owned), guessed: false }
    }

    pub(crate) fn from_options(options: &WhichArgs) -> std::result::Result<Self, Failure> {
        let namespace = options.namespace.clone();
        let kind = match (options.kind, &namespace) {
            (Some(kind), Some(_)) if kind != Kind::Recognize => {
                let problem = format!("--namespace: given for {kind} jobs; only recognize jobs are in one");
                return Err(Failure::config(problem).hint(format!("leave out --namespace, or --kind {kind}")));
            }
            (Some(Kind::Recognize), None) => {
                return Err(Failure::config("--namespace: not given; recognize jobs are in one")
                    .hint("--namespace NAMESPACE, as in `ii recognize`"));
            }
            (Some(kind), _) => kind,
            (None, Some(_)) => Kind::Recognize,
            (None, None) => Kind::Detect,
        };
        Ok(Self { kind, guessed: options.kind.is_none() && namespace.is_none(), namespace })
    }

    /// The options that lead there, each with a space before it, to be pasted into a shell.
    pub(crate) fn options(&self) -> String {
        match (&self.namespace, self.kind) {
            (Some(namespace), _) => format!(" --namespace {}", quoted(namespace)),
            (None, Kind::Detect) => String::new(),
            (None, kind) => format!(" --kind {kind}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_and_a_namespace_fit() {
        let of = |kind, namespace: Option<&str>| {
            Where::from_options(&WhichArgs { kind, namespace: namespace.map(str::to_owned) })
        };
        let options = |kind, namespace| of(kind, namespace).unwrap().options();
        assert_eq!(options(None, None), "");
        assert_eq!(options(Some(Kind::Ask), None), " --kind ask");
        assert_eq!(options(None, Some("staff")), " --namespace staff");
        assert_eq!(options(Some(Kind::Recognize), Some("our staff")), " --namespace 'our staff'");
        assert_eq!(of(None, Some("staff")).unwrap().kind, Kind::Recognize);
        assert!(format!("{:?}", of(Some(Kind::Recognize), None)).contains("--namespace: not given"));
        assert!(format!("{:?}", of(Some(Kind::Match), Some("staff"))).contains("only recognize jobs are in one"));
    }
}
