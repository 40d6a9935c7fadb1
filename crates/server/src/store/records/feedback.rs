//! Feedback, as it was given.

use image_intelligence_core::{Feedback, FeedbackRequest};
use rusqlite::{OptionalExtension as _, params, params_from_iter};
use uuid::Uuid;

use super::{RecordError, Recorded, Records};
use crate::store::query::Conditions;
use crate::store::{MOST_FOUND, StoreError};

impl Records<'_> {
    pub(crate) fn take_feedback(&self, owner: &str, request: FeedbackRequest) -> Recorded<Feedback> {
        let mut feedback = Feedback::default();
        feedback.id = Uuid::new_v4().to_string();
        feedback.job_id = Some(request.job_id);
        feedback.classes = request.classes;
        feedback.created_at = Some(request.created_at);
        let body = String::from_utf8(feedback.to_json()).unwrap_or_default();
        self.connection
            .prepare_cached("INSERT INTO feedback (id, owner, job, body) VALUES (?, ?, ?, ?)")?
            .execute(params![feedback.id, owner, feedback.job_id, body])?;
        self.trim_feedback()?;
        Ok(feedback)
    }

    fn trim_feedback(&self) -> Recorded<()> {
        let Some(most) = self.bounds.feedback else { return Ok(()) };
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        // What a row takes beside its body is about as much again as a short one.
        let size = "SELECT coalesce(sum(octet_length(body) + 256), 0) FROM feedback";
        while self.connection.query_row(size, [], |row| row.get::<_, i64>(0))? > most {
            self.connection.execute(
                "DELETE FROM feedback WHERE place IN (SELECT place FROM feedback ORDER BY place LIMIT 16)",
                [],
            )?;
        }
        Ok(())
    }

    pub(crate) fn feedback(&self, owner: &str, id: &str) -> Recorded<Feedback> {
        let mut statement = self.connection.prepare_cached("SELECT body FROM feedback WHERE owner = ? AND id = ?")?;
        let body: Option<String> = statement.query_row([owner, id], |row| row.get(0)).optional()?;
        read(&body.ok_or(RecordError::Missing)?)
    }

    /// The newest, oldest first; of one job or of all.
    pub(crate) fn all_feedback(&self, owner: &str, job: Option<&str>) -> Recorded<Vec<Feedback>> {
        let mut condition = Conditions::of(owner);
        if let Some(job) = job {
            condition = condition.and("job = ?", job.to_owned());
        }
        let sql = format!("SELECT body FROM feedback WHERE {} ORDER BY place DESC LIMIT {MOST_FOUND}", condition.sql);
        let mut statement = self.connection.prepare_cached(&sql)?;
        let bodies = statement.query_map(params_from_iter(condition.values), |row| row.get::<_, String>(0))?;
        let mut all = bodies.map(|body| read(&body?)).collect::<Recorded<Vec<_>>>()?;
        all.reverse();
        Ok(all)
    }
}

fn read(body: &str) -> Recorded<Feedback> {
    Feedback::from_json(body.as_bytes()).map_err(|error| StoreError::Failed(error.to_string()).into())
}
