//! Results by webhook, none lost, doubled or forged: a receiver that answers 200 once an event is on the disk, and an inbox
//! from which handlers take each event at least once.

mod border;
mod clock;
mod ends;
mod event_key;
mod failpoint;
mod follow;
mod hub;
mod inbox;
mod receiver;
mod store;

#[doc(hidden)]
pub use border::Judged;
pub use inbox::{
    Counts, Delivery, Entry, EventCounts, EventState, Filter, Inbox, InboxBuilder, JobCounts, Pruned, SqlValue,
    Statement, Target,
};
pub use receiver::{Admitted, Answer, Receiver, ReceiverBuilder, ReceiverLimits, ReceiverService};
#[doc(hidden)]
pub use receiver::{Arrived, Gate, Passed};
#[cfg(feature = "sqlite")]
#[doc(hidden)]
pub use store::sqlite::forking::{after_fork_in_child, after_fork_in_parent, before_fork};
