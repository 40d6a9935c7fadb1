//! What the kinds of job have in common, so that submitting, waiting and searching are written once.

use image_intelligence_core::{
    AnyJob, AskJob, AskRequest, BaseUrl, DetectImageResult, DetectJob, DetectRequest, ImageResult, ImageStatus, Input,
    Inputs, JobRequest, JobSearch, JobStatus, Kind, Limits, MatchJob, MatchRequest, RecognitionSearch, RecognizeJob,
    RecognizeRequest, RecognizedImage, Result, Timestamp,
};

use crate::http::Request;
use crate::jobs::check_name;

/// The kind of job that finds objects of classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detect {}

/// The kind of job that finds the pictures that show a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {}

/// The kind of job that answers a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {}

/// The kind of job that finds faces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recognize {}

/// A kind of job: [`Detect`], [`Match`], [`Ask`] or [`Recognize`].
///
/// Sealed: the kinds are the API's.
pub trait JobKind: sealed::Sealed + Send + Sync + 'static {
    /// The job as the API answers it.
    type Job: Clone + Into<AnyJob> + std::fmt::Debug + Send + Sync + 'static;
    /// What is sent.
    type Request: JobRequest + std::fmt::Debug + Clone + Send + Sync + 'static;
    /// What became of one picture.
    type Image: Clone + std::fmt::Debug + serde::Serialize + Send + Sync + 'static;
    /// What is asked to find jobs.
    type Search: Send + Sync;
    /// Its name on the wire.
    const KIND: Kind;

    /// For spans: the path of submits.
    #[doc(hidden)]
    const ALL: &'static str;
    /// For spans: the path of one job.
    #[doc(hidden)]
    const ONE: &'static str;
    /// Whether the documents let the API answer 400 for a job that it does not know.
    #[doc(hidden)]
    const UNKNOWN_IS_400: bool = false;
    /// The path of submits; jobs stand below it.
    #[doc(hidden)]
    fn path(namespace: Option<&str>) -> Vec<&str>;
    #[doc(hidden)]
    fn search(at: &Place<'_>, search: &Self::Search) -> Result<Request>;
    /// The search that meets these conditions.
    #[doc(hidden)]
    fn search_of(search: JobSearch) -> Self::Search;
    #[doc(hidden)]
    fn of(job: AnyJob) -> Option<Self::Job>;
    #[doc(hidden)]
    fn read(json: &[u8]) -> Result<Self::Job>;
    #[doc(hidden)]
    fn read_list(json: &[u8]) -> Result<Vec<Self::Job>>;
    #[doc(hidden)]
    fn facts(job: &Self::Job) -> Facts<'_>;
    #[doc(hidden)]
    fn tie(job: &mut Self::Job, inputs: &Inputs);
    /// The places of the pictures that the job as a whole names as its answer.
    #[doc(hidden)]
    fn chosen(job: &Self::Job) -> Vec<usize>;
    #[doc(hidden)]
    fn images(job: Self::Job) -> Vec<Self::Image>;
    #[doc(hidden)]
    fn status(image: &Self::Image) -> Option<&ImageStatus>;
    #[doc(hidden)]
    fn input(image: &mut Self::Image) -> &mut Option<Input>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Detect {}
    impl Sealed for super::Match {}
    impl Sealed for super::Ask {}
    impl Sealed for super::Recognize {}
}

/// Where jobs are searched.
#[doc(hidden)]
#[derive(Debug)]
pub struct Place<'a> {
    pub(crate) base: &'a BaseUrl,
    pub(crate) namespace: Option<&'a str>,
    pub(crate) limits: &'a Limits,
}

/// The status of a picture, where there is one.
struct Stated<'a>(Option<&'a ImageStatus>);

impl<'a> From<&'a ImageStatus> for Stated<'a> {
    fn from(status: &'a ImageStatus) -> Self {
        Self(Some(status))
    }
}

impl<'a> From<&'a Option<ImageStatus>> for Stated<'a> {
    fn from(status: &'a Option<ImageStatus>) -> Self {
        Self(status.as_ref())
    }
}

/// What every job says of itself.
#[doc(hidden)]
#[derive(Debug)]
pub struct Facts<'a> {
    pub(crate) id: &'a str,
    pub(crate) status: &'a JobStatus,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) custom_id: Option<&'a str>,
    pub(crate) image_custom_ids: Vec<&'a str>,
    pub(crate) webhook_url: Option<&'a str>,
}

/// What a kind has by its models: `images` is the list of its pictures, `chosen` are those that answer for the job.
macro_rules! models {
    ($kind:ident, $job:ident, $request:ident, $image:ident, $images:ident, |$of:ident| $chosen:expr) => {
        type Job = $job;
        type Request = $request;
        type Image = $image;

        fn of(job: AnyJob) -> Option<$job> {
            match job {
                AnyJob::$kind(job) => Some(job),
                _ => None,
            }
        }

        fn read(json: &[u8]) -> Result<$job> {
            $job::from_json(json)
        }

        fn read_list(json: &[u8]) -> Result<Vec<$job>> {
            $job::list_from_json(json)
        }

        fn facts(job: &$job) -> Facts<'_> {
            Facts {
                id: &job.id,
                status: &job.status,
                created_at: job.created_at,
                custom_id: job.custom_id.as_deref(),
                image_custom_ids: job.$images.iter().filter_map(|image| image.custom_id.as_deref()).collect(),
                webhook_url: job.webhook_url.as_deref(),
            }
        }

        fn tie(job: &mut $job, inputs: &Inputs) {
            job.tie(inputs);
        }

        fn chosen($of: &$job) -> Vec<usize> {
            $chosen.into_iter().filter_map(|image| Some(image.input.as_ref()?.index)).collect()
        }

        fn images(job: $job) -> Vec<$image> {
            job.$images
        }

        fn status(image: &$image) -> Option<&ImageStatus> {
            Stated::from(&image.status).0
        }

        fn input(image: &mut $image) -> &mut Option<Input> {
            &mut image.input
        }
    };
}

/// What the kinds have that are searched by a query.
macro_rules! queried {
    ($path:literal) => {
        type Search = JobSearch;

        const ALL: &'static str = concat!("/", $path);
        const ONE: &'static str = concat!("/", $path, "/{id}");

        fn path(_: Option<&str>) -> Vec<&str> {
            vec![$path]
        }

        fn search(at: &Place<'_>, search: &JobSearch) -> Result<Request> {
            check_name("customId", search.custom_id.as_deref())?;
            check_name("feedId", search.feed_id.as_deref())?;
            let url = at.base.join_query(&[$path], &search.to_query());
            Ok(Request::get(concat!("search of ", $path, " jobs").to_owned(), Self::ALL, url))
        }

        fn search_of(search: JobSearch) -> JobSearch {
            search
        }
    };
}

impl JobKind for Detect {
    const KIND: Kind = Kind::Detect;
    queried!("detect");
    models!(Detect, DetectJob, DetectRequest, DetectImageResult, image_results, |job| {
        job.job_results.iter().filter_map(|result| result.image.as_ref())
    });
}

impl JobKind for Match {
    const KIND: Kind = Kind::Match;
    const UNKNOWN_IS_400: bool = true;
    queried!("match");
    models!(Match, MatchJob, MatchRequest, ImageResult, image_results, |job| &job.job_results.image);
}

impl JobKind for Ask {
    const KIND: Kind = Kind::Ask;
    queried!("ask");
    models!(Ask, AskJob, AskRequest, ImageResult, image_results, |job| &job.job_results.image);
}

impl JobKind for Recognize {
    type Search = RecognitionSearch;

    const KIND: Kind = Kind::Recognize;
    const ALL: &'static str = "/recognition/recognize/{namespace}";
    const ONE: &'static str = "/recognition/recognize/{namespace}/{id}";

    fn path(namespace: Option<&str>) -> Vec<&str> {
        vec!["recognition", "recognize", namespace.unwrap_or_default()]
    }

    fn search(at: &Place<'_>, search: &RecognitionSearch) -> Result<Request> {
        let template = "/recognition/recognize/{namespace}/search";
        crate::recognition::search(at, "recognize", "recognize jobs", template, search)
    }

    /// The newest hundred.
    fn search_of(search: JobSearch) -> RecognitionSearch {
        let mut rows = RecognitionSearch::new().limit(100);
        if let Some(custom_id) = search.custom_id {
            rows = rows.custom_ids([custom_id]);
        }
        if let Some(feed_id) = search.feed_id {
            rows = rows.feed_ids([feed_id]);
        }
        (rows.start, rows.end) = (search.after, search.before);
        rows
    }

    models!(Recognize, RecognizeJob, RecognizeRequest, RecognizedImage, images, |_job| None::<&RecognizedImage>);
}
