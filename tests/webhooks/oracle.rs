//! What must hold, whatever went wrong: who was told 200 finds it in the inbox, and every job that was taken has exactly one
//! end there.

use std::collections::{BTreeMap, BTreeSet};

use image_intelligence::{Client, Detect, EventKind, JobSearch, WebhookEvent};
use image_intelligence_server::Server;
use image_intelligence_webhooks::{Entry, Filter, Inbox};

/// What the server says, and what the inbox says.
pub(crate) struct Oracle {
    /// The service's id of each job that was taken, by the name that it was given.
    pub(crate) accepted: BTreeMap<String, String>,
    /// The ids of the jobs whose webhook was answered 200.
    pub(crate) answered: BTreeSet<String>,
    /// The ends that stand in the inbox, by our own name.
    pub(crate) ended: BTreeMap<String, Vec<Entry>>,
}

impl Oracle {
    pub(crate) async fn ask(server: &Server, client: &Client, inbox: &Inbox) -> Self {
        // In this order, so that who was answered is among the jobs and in the inbox though more come meanwhile.
        let deliveries = server.deliveries().await.unwrap();
        let answered = deliveries.iter().filter(|delivery| delivery.was_answered_200());
        let answered = answered.filter_map(|delivery| delivery.job.clone()).collect();
        let mut accepted = BTreeMap::new();
        for job in client.jobs::<Detect>().search(&JobSearch::new()).await.unwrap() {
            let name = job.custom_id.unwrap();
            assert!(accepted.insert(name, job.id).is_none(), "a job was made twice");
        }
        let mut ended = BTreeMap::<String, Vec<Entry>>::new();
        for entry in all(inbox).await {
            if let Some(rid) = entry.rid {
                ended.entry(rid.to_string()).or_default().push(entry);
            }
        }
        Self { accepted, answered, ended }
    }

    /// Which jobs that were taken have no end yet.
    pub(crate) fn open(&self) -> Vec<&String> {
        self.accepted.keys().filter(|name| !self.ended.contains_key(*name)).collect()
    }

    /// The jobs whose webhook was answered 200 and is not there. To be asked while nobody else looks for them: what is looked
    /// for is found all the same.
    pub(crate) fn lost(&self) -> Vec<&String> {
        let answered = self.accepted.iter().filter(|(_, id)| self.answered.contains(*id));
        answered.map(|(name, _)| name).filter(|name| !self.ended.contains_key(*name)).collect()
    }

    /// Panics where something is lost, doubled or made up.
    pub(crate) fn check(&self) {
        assert!(self.open().is_empty(), "taken, and without an end: {:?}", self.open());
        for (rid, entries) in &self.ended {
            let id = self.accepted.get(rid);
            let Some(id) = id else { panic!("an end without a job: {entries:?}") };
            assert_eq!(entries.len(), 1, "job {id} has several ends: {entries:?}");
            let entry = &entries[0];
            assert_eq!((entry.kind, entry.job_id.as_ref()), (EventKind::Detect, Some(id)), "{entry:?}");
        }
        assert!(self.lost().is_empty(), "answered 200, and not in the inbox: {:?}", self.lost());
        let strange: Vec<_> =
            self.answered.iter().filter(|id| !self.accepted.values().any(|other| other == *id)).collect();
        assert!(strange.is_empty(), "answered 200, and never taken: {strange:?}");
    }
}

/// Every event, newest first.
pub(crate) async fn all(inbox: &Inbox) -> Vec<Entry> {
    let mut all = Vec::<Entry>::new();
    loop {
        let mut filter = Filter::new().limit(500);
        if let Some(last) = all.last() {
            filter = filter.before(last.seq);
        }
        let page = inbox.list(filter).await.unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// Whether a detect job that a handler was given is done, and has what was in its own picture and in no other.
pub(crate) fn is_true(event: &WebhookEvent) -> Result<(), String> {
    let WebhookEvent::Detect(job) = event else { return Err(format!("no detect job: {event:?}")) };
    let hits = job.found("person");
    let [hit] = hits.as_slice() else { return Err(format!("not one person: {job:?}")) };
    let name = hit.image.custom_id_or_url();
    let number = name.strip_prefix("street-").and_then(|number| number.parse::<usize>().ok());
    match number {
        Some(number) if job.status.is_done() && (hit.confidence - super::world::found(number)).abs() < 1e-9 => Ok(()),
        _ => Err(format!("not its own result: {job:?}")),
    }
}
