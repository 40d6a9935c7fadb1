//! Telling the service where a detect job was wrong.

use image_intelligence_core::{Feedback, FeedbackClass, FeedbackRequest, Result};

use crate::client::Client;
use crate::create::{Lost, body, once};
use crate::http::Request;
use crate::jobs::check_id;

/// Feedback about detect jobs: `client.feedback()`.
#[derive(Debug, Clone)]
pub struct Feedbacks {
    client: Client,
}

impl Feedbacks {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Says about which classes a detect job was wrong.
    ///
    /// It is sent once: where the answer is lost, the error is `outcome_unknown`.
    ///
    /// ```
    /// use image_intelligence::{Client, FeedbackClass};
    /// # use image_intelligence_server::Server;
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # let server = Server::builder().start().await?;
    /// # let client = Client::builder().base_url(server.base_url()).credentials("local", "local").build()?;
    /// # let job = client.detect([b"..".to_vec()]).class("person").send().await?;
    /// let taken = client.feedback().create(job.id(), [FeedbackClass::false_positive("person")]).await?;
    /// println!("{}", taken.id);
    /// # assert_eq!(client.feedback().list(Some(job.id())).await?[0].id, taken.id);
    /// # Ok::<(), image_intelligence::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn create(
        &self,
        job_id: impl Into<String>,
        classes: impl IntoIterator<Item = FeedbackClass>,
    ) -> Result<Feedback> {
        let inner = self.client.inner();
        let request = FeedbackRequest::new(job_id, classes, self.client.inner().outside().now());
        request.validate(&inner.limits)?;
        let look = format!("look for the feedback about job {}", request.job_id);
        let post =
            Request::post("POST /feedback".to_owned(), "/feedback", inner.base.join(&["feedback"]), body(&request)?);
        once(&self.client, &post, Lost { look: &look, ..Lost::default() }, Feedback::from_json).await
    }

    /// Feedback by its id. Fails with `not_found` where the API does not know it.
    pub async fn get(&self, id: &str) -> Result<Feedback> {
        check_id(id)?;
        let inner = self.client.inner();
        let request = Request::get(format!("feedback {id}"), "/feedback/{id}", inner.base.join(&["feedback", id]));
        inner.read(&request, Feedback::from_json).await
    }

    /// The feedback about a detect job, or all of it.
    pub async fn list(&self, job_id: Option<&str>) -> Result<Vec<Feedback>> {
        // An empty one would ask for all of it.
        job_id.map_or(Ok(()), check_id)?;
        let inner = self.client.inner();
        let query: Vec<_> = job_id.map(|id| ("jobId", id)).into_iter().collect();
        let url = inner.base.join_query(&["feedback"], &query);
        inner.read(&Request::get("search of feedback".to_owned(), "/feedback", url), Feedback::list_from_json).await
    }
}
