//! Many calls, one commit: what comes while a commit is under way goes into the next.

use std::sync::Arc;

use image_intelligence_core::{Error, Result};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::changes::Changes;
use super::db::Db;
use super::fault::Fault;
use super::receive;
use crate::store::{Incoming, Receipt};

/// How many webhooks go into one commit, but for a single call that has more.
const BATCH: usize = 64;

/// One call, and where its answer goes.
pub(super) struct Call {
    pub(super) rows: Vec<Incoming>,
    pub(super) answer: oneshot::Sender<Result<Vec<Receipt>>>,
    /// Held until the answer is given, so that the store does not close before.
    pub(super) permit: OwnedSemaphorePermit,
}

/// Takes calls until nobody can make one any more.
pub(super) async fn run(db: Arc<Db>, changes: Arc<Changes>, mut calls: mpsc::UnboundedReceiver<Call>) {
    let mut next = None;
    loop {
        let first = match next.take() {
            Some(call) => call,
            None => match calls.recv().await {
                Some(call) => call,
                None => return,
            },
        };
        let mut size = first.rows.len();
        let mut batch = vec![first];
        while size < BATCH
            && let Ok(call) = calls.try_recv()
        {
            size += call.rows.len();
            if size > BATCH {
                next = Some(call);
                break;
            }
            batch.push(call);
        }
        answer(&db, batch).await;
        if changes.wake_first() {
            let (db, changes) = (Arc::clone(&db), Arc::clone(&changes));
            tokio::spawn(async move { changes.say(&db).await });
        }
    }
}

async fn answer(db: &Db, batch: Vec<Call>) {
    let error = |fault: Fault| fault.into_error(&db.address.place);
    let all = batch.iter().flat_map(|call| &call.rows).cloned().collect::<Vec<_>>();
    let fault = match receive::keep(db, &all).await {
        Ok(receipts) => {
            let mut receipts = receipts.into_iter();
            for call in batch {
                let mine = receipts.by_ref().take(call.rows.len()).collect();
                tell(call, Ok(mine));
            }
            return;
        }
        Err(fault) => fault,
    };
    // One odd row must not sink the others: each is tried alone. What was kept of a call that fails is there when its
    // sender comes again.
    let one_by_one = all.len() > 1 && fault.is_of_one_row();
    let whole = error(fault);
    for call in batch {
        let mut verdict: Result<Vec<Receipt>> = if one_by_one { Ok(Vec::new()) } else { Err(Error::clone(&whole)) };
        if one_by_one {
            for row in &call.rows {
                let one = receive::keep(db, std::slice::from_ref(row)).await.map_err(error);
                verdict = match (verdict, one) {
                    (Ok(mut receipts), Ok(receipt)) => {
                        receipts.extend(receipt);
                        Ok(receipts)
                    }
                    (Ok(_), Err(error)) => Err(error),
                    (failed, _) => failed,
                };
            }
        }
        tell(call, verdict);
    }
}

fn tell(call: Call, verdict: Result<Vec<Receipt>>) {
    let Call { answer, permit, .. } = call;
    // Whoever has gone meanwhile will come again.
    let _ = answer.send(verdict);
    drop(permit);
}
