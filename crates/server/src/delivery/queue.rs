//! Which delivery is tried next: those that are due, each target in its turn, so that one that hangs stops no other.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};
use std::time::Duration;

use image_intelligence_core::Timestamp;

/// A delivery that is to be tried at its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scheduled {
    pub(crate) id: String,
    /// Which round of attempts: a later one makes this one void.
    pub(crate) round: u32,
    /// Scheme, host and port.
    pub(crate) target: String,
    pub(crate) due: Timestamp,
    /// How long it is held back, in real time, for a later one to go first.
    pub(crate) held: Option<Duration>,
}

/// So many at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lanes {
    pub(super) in_all: usize,
    pub(super) a_target: usize,
}

/// Pure: what is due is told by the caller's clock.
pub(super) struct Queue {
    lanes: Lanes,
    next: u64,
    waiting: BinaryHeap<Reverse<(Timestamp, u64)>>,
    scheduled: HashMap<u64, Scheduled>,
    /// Those that wait to be overtaken, by their number, and until when at most.
    held: BTreeMap<u64, (Scheduled, Timestamp)>,
    targets: HashMap<String, Target>,
    /// The targets that have something to send and room for it, each once.
    turns: VecDeque<String>,
    in_flight: usize,
}

#[derive(Default)]
struct Target {
    ready: VecDeque<(u64, Scheduled)>,
    in_flight: usize,
    has_turn: bool,
}

impl Queue {
    pub(super) fn new(lanes: Lanes) -> Self {
        Self {
            lanes,
            next: 0,
            waiting: BinaryHeap::new(),
            scheduled: HashMap::new(),
            held: BTreeMap::new(),
            targets: HashMap::new(),
            turns: VecDeque::new(),
            in_flight: 0,
        }
    }

    pub(super) fn push(&mut self, scheduled: Scheduled) {
        self.next += 1;
        self.waiting.push(Reverse((scheduled.due, self.next)));
        self.scheduled.insert(self.next, scheduled);
    }

    /// The next to be tried, with its number; it counts as in flight until `ended`. `later` says when a span of real time
    /// after a moment is.
    pub(super) fn next(
        &mut self,
        now: Timestamp,
        later: impl Fn(Timestamp, Duration) -> Timestamp,
    ) -> Option<(u64, Scheduled)> {
        while let Some(&Reverse((due, number))) = self.waiting.peek()
            && due <= now
        {
            self.waiting.pop();
            let Some(scheduled) = self.scheduled.remove(&number) else { continue };
            match scheduled.held {
                Some(held) => drop(self.held.insert(number, (scheduled, later(due, held)))),
                None => self.ready(number, scheduled),
            }
        }
        let over: Vec<u64> =
            self.held.iter().filter(|(_, (_, until))| *until <= now).map(|(number, _)| *number).collect();
        for number in over {
            self.let_go(number);
        }
        self.take()
    }

    /// When there may be something to try without any ending before.
    pub(super) fn wakes_at(&self) -> Option<Timestamp> {
        let due = self.waiting.peek().map(|&Reverse((due, _))| due);
        due.into_iter().chain(self.held.values().map(|(_, until)| *until)).min()
    }

    /// A try has ended: its place is free, and what waited for a later one to go may go.
    pub(super) fn ended(&mut self, number: u64, target: &str) {
        self.in_flight -= 1;
        if let Some(state) = self.targets.get_mut(target) {
            state.in_flight -= 1;
        }
        self.give_turn(target);
        let overtaken: Vec<u64> = self.held.range(..number).map(|(number, _)| *number).collect();
        for number in overtaken {
            self.let_go(number);
        }
    }

    fn let_go(&mut self, number: u64) {
        if let Some((scheduled, _)) = self.held.remove(&number) {
            self.ready(number, scheduled);
        }
    }

    fn ready(&mut self, number: u64, scheduled: Scheduled) {
        let target = scheduled.target.clone();
        self.targets.entry(target.clone()).or_default().ready.push_back((number, scheduled));
        self.give_turn(&target);
    }

    fn take(&mut self) -> Option<(u64, Scheduled)> {
        if self.in_flight >= self.lanes.in_all {
            return None;
        }
        let name = self.turns.pop_front()?;
        let target = self.targets.get_mut(&name)?;
        target.has_turn = false;
        let taken = target.ready.pop_front();
        if taken.is_some() {
            target.in_flight += 1;
            self.in_flight += 1;
        }
        self.give_turn(&name);
        taken
    }

    fn give_turn(&mut self, name: &str) {
        let Some(target) = self.targets.get_mut(name) else { return };
        if target.ready.is_empty() && target.in_flight == 0 {
            self.targets.remove(name);
        } else if !target.has_turn && !target.ready.is_empty() && target.in_flight < self.lanes.a_target {
            target.has_turn = true;
            self.turns.push_back(name.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LANES: Lanes = Lanes { in_all: 3, a_target: 2 };

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn scheduled(id: &str, target: &str, due: i64) -> Scheduled {
        Scheduled { id: id.into(), round: 0, target: target.into(), due: at(due), held: None }
    }

    fn next(queue: &mut Queue, now: i64) -> Option<(u64, String)> {
        let later = |at: Timestamp, span: Duration| crate::clock::after(at, span);
        queue.next(at(now), later).map(|(number, scheduled)| (number, scheduled.id))
    }

    fn all(queue: &mut Queue, now: i64) -> Vec<String> {
        std::iter::from_fn(|| next(queue, now)).map(|(_, id)| id).collect()
    }

    #[test]
    fn what_is_due_goes_in_order_and_no_sooner() {
        let mut queue = Queue::new(LANES);
        queue.push(scheduled("late", "a", 20));
        queue.push(scheduled("soon", "a", 10));
        assert_eq!((next(&mut queue, 9), queue.wakes_at()), (None, Some(at(10))));
        assert_eq!(all(&mut queue, 10), ["soon"]);
        assert_eq!(queue.wakes_at(), Some(at(20)));
        assert_eq!(all(&mut queue, 20), ["late"]);
        assert_eq!(queue.wakes_at(), None);
    }

    #[test]
    fn a_target_that_hangs_stops_no_other() {
        let mut queue = Queue::new(LANES);
        for id in ["a1", "a2", "a3", "a4"] {
            queue.push(scheduled(id, "a", 0));
        }
        queue.push(scheduled("b1", "b", 1));
        queue.push(scheduled("b2", "b", 1));
        assert_eq!(all(&mut queue, 1), ["a1", "b1", "a2"], "in turns, and no more than fit");
        queue.ended(5, "b");
        assert_eq!(all(&mut queue, 1), ["b2"], "a has as many as one target may");
        queue.ended(6, "b");
        assert_eq!(all(&mut queue, 1), [""; 0]);
        queue.ended(1, "a");
        queue.ended(2, "a");
        assert_eq!(all(&mut queue, 1), ["a3", "a4"]);
        queue.ended(3, "a");
        queue.ended(4, "a");
        assert!(queue.targets.is_empty() && queue.turns.is_empty() && queue.in_flight == 0);
    }

    #[test]
    fn one_that_is_held_goes_once_it_was_overtaken_or_waited_long_enough() {
        let held = |id: &str, due| Scheduled { held: Some(Duration::from_millis(50)), ..scheduled(id, "a", due) };
        let mut queue = Queue::new(LANES);
        queue.push(scheduled("before", "a", 0));
        let (before, _) = next(&mut queue, 0).unwrap();
        queue.push(held("first", 0));
        assert_eq!(all(&mut queue, 0), [""; 0]);
        queue.ended(before, "a");
        assert_eq!(all(&mut queue, 0), [""; 0], "an earlier one overtakes nothing");
        queue.push(scheduled("second", "b", 0));
        let (second, _) = next(&mut queue, 0).unwrap();
        assert_eq!(all(&mut queue, 0), [""; 0]);
        queue.ended(second, "b");
        assert_eq!(all(&mut queue, 0), ["first"]);

        queue.push(held("alone", 100));
        assert_eq!(all(&mut queue, 149), [""; 0]);
        assert_eq!(queue.wakes_at(), Some(at(150)));
        assert_eq!(all(&mut queue, 150), ["alone"]);
    }
}
