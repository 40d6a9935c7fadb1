//! Which jobs of the API are ours.

use image_intelligence_core::{AnyJob, CallbackToken, Rid};

/// Whether the API was told to call that job back at the URL that was made for this name. Only we could have said so.
pub(super) fn calls_back(job: &AnyJob, rid: Rid) -> bool {
    job.webhook_url().and_then(CallbackToken::named_in) == Some(rid)
}

/// Whether a job among others is provably the one of that name: it calls back at our URL, bears the name, or its pictures
/// bear those that were stamped on them.
pub(super) fn is_ours(job: &AnyJob, rid: Rid) -> bool {
    let named = job.custom_id().and_then(Rid::from_hex) == Some(rid);
    named || calls_back(job, rid) || pictures(job).into_iter().any(|name| rid.stamped(name).is_some())
}

fn pictures(job: &AnyJob) -> Vec<&str> {
    match job {
        AnyJob::Detect(job) => job.image_results.iter().filter_map(|image| image.custom_id.as_deref()).collect(),
        AnyJob::Match(job) => job.image_results.iter().filter_map(|image| image.custom_id.as_deref()).collect(),
        AnyJob::Ask(job) => job.image_results.iter().filter_map(|image| image.custom_id.as_deref()).collect(),
        AnyJob::Recognize(job) => job.images.iter().filter_map(|image| image.custom_id.as_deref()).collect(),
        _ => Vec::new(),
    }
}
