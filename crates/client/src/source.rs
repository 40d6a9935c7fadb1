//! The client as core's traits see it.

use std::sync::Weak;

use image_intelligence_core::{AnyJob, JobRef, JobSearch, JobSource, Kind, Later, Result};

use crate::client::{Client, Inner};
use crate::jobs::Jobs;
use crate::kind::JobKind;
use crate::scheduler::look_once;

/// Does something with the type of a kind that only a value tells.
macro_rules! of_kind {
    ($kind:expr, $K:ident => $do:expr) => {
        match $kind {
            image_intelligence_core::Kind::Match => {
                type $K = $crate::kind::Match;
                $do
            }
            image_intelligence_core::Kind::Ask => {
                type $K = $crate::kind::Ask;
                $do
            }
            image_intelligence_core::Kind::Recognize => {
                type $K = $crate::kind::Recognize;
                $do
            }
            _ => {
                type $K = $crate::kind::Detect;
                $do
            }
        }
    };
}
pub(crate) use of_kind;

impl JobSource for Client {
    fn fetch(&self, job: JobRef) -> Later<'_, Result<AnyJob>> {
        Box::pin(async move {
            of_kind!(job.kind, K => Jobs::<K>::new(self.clone(), job.namespace.clone()).check(&job.id))?;
            look_once(self, &job).await
        })
    }

    fn find(&self, kind: Kind, namespace: Option<String>, search: JobSearch) -> Later<'_, Result<Vec<AnyJob>>> {
        Box::pin(async move { of_kind!(kind, K => find::<K>(self, namespace, search).await) })
    }
}

/// The client for those whom it holds itself: it lives as long as the client does, and keeps it alive for the time of a call
/// only.
pub(crate) struct Attached(pub(crate) Weak<Inner>);

impl Attached {
    fn client(&self) -> Result<Client> {
        self.0.upgrade().map(Client::of).ok_or_else(crate::http::closed)
    }
}

impl JobSource for Attached {
    fn fetch(&self, job: JobRef) -> Later<'_, Result<AnyJob>> {
        Box::pin(async move { self.client()?.fetch(job).await })
    }

    fn find(&self, kind: Kind, namespace: Option<String>, search: JobSearch) -> Later<'_, Result<Vec<AnyJob>>> {
        Box::pin(async move { self.client()?.find(kind, namespace, search).await })
    }
}

async fn find<K: JobKind>(client: &Client, namespace: Option<String>, search: JobSearch) -> Result<Vec<AnyJob>> {
    let found = Jobs::<K>::new(client.clone(), namespace).search(&K::search_of(search)).await?;
    Ok(found.into_iter().map(Into::into).collect())
}
