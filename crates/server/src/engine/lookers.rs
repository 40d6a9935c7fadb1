//! The threads that look at pictures: as many as there are workers, for as long as the engine lives.
//!
//! The runtime's own blocking threads come and go, and each would keep the megabytes that its last picture took.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

type Task = Box<dyn FnOnce() + Send>;

/// What was asked of a looker made it panic.
#[derive(Debug)]
pub(super) struct Broke;

/// Dropping it lets each thread end after the picture that it is looking at.
pub(super) struct Lookers(Sender<Task>);

impl Lookers {
    pub(super) fn start(count: usize) -> std::io::Result<Self> {
        let (sender, receiver) = channel();
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..count {
            let tasks = Arc::clone(&receiver);
            std::thread::Builder::new().name("ii-look".to_owned()).spawn(move || run(&tasks))?;
        }
        Ok(Self(sender))
    }

    /// Has the next free thread do it. A panic ends with the task, not with the thread.
    pub(super) async fn look<T: Send + 'static>(&self, look: impl FnOnce() -> T + Send + 'static) -> Result<T, Broke> {
        let (answer, answered) = tokio::sync::oneshot::channel();
        // Nobody may be waiting any more; that is no matter.
        let task = Box::new(move || drop(answer.send(look())));
        self.0.send(task).map_err(|_| Broke)?;
        answered.await.map_err(|_| Broke)
    }
}

fn run(tasks: &Mutex<Receiver<Task>>) {
    loop {
        let next = tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(task) = next else { return };
        // The waiting side learns of a panic by the answer that never comes.
        let _ = catch_unwind(AssertUnwindSafe(task));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_ends_with_its_task() {
        let lookers = Lookers::start(1).unwrap();
        lookers.look(|| panic!("a broken picture")).await.map(|()| "seen").unwrap_err();
        assert_eq!(lookers.look(|| 7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn so_many_look_at_once() {
        let lookers = Lookers::start(2).unwrap();
        let meet = Arc::new(std::sync::Barrier::new(2));
        let look = || {
            let meet = Arc::clone(&meet);
            lookers.look(move || meet.wait().is_leader())
        };
        let (one, other) = tokio::join!(look(), look());
        assert_ne!(one.unwrap(), other.unwrap());
    }
}
