//! The jobs of a schedule, and which of them is due first.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// A job that somebody waits for, in a [`Schedule`](super::Schedule).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket {
    place: u32,
    /// Which of the jobs that were at this place it is: a ticket of one that is gone fits no other.
    serial: u32,
}

impl Ticket {
    pub(super) const FIRST: Self = Self { place: 0, serial: 0 };
    pub(super) const LAST: Self = Self { place: u32::MAX, serial: u32::MAX };
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: Arc<str>,
    pub(super) place: u32,
    /// In milliseconds, by the service's clock.
    pub(super) created: Option<i64>,
    /// When it was asked for last; before that, when it came.
    pub(super) last: Duration,
    pub(super) due: Duration,
    /// A server asked for this much peace.
    pub(super) not_before: Duration,
    pub(super) deadline: Duration,
    /// So many searches in a row did not show it.
    pub(super) misses: u8,
    /// Whether it is being asked for.
    pub(super) busy: bool,
    /// Whether it was ever asked for.
    pub(super) asked: bool,
    /// Whether it is to be left alone until it is due.
    pub(super) quiet: bool,
}

#[derive(Debug, Default)]
struct Seat {
    serial: u32,
    entry: Option<Entry>,
}

/// Entries by their tickets. Those that are not being asked for stand in two queues: by when they are due, those that are to be
/// left alone until then apart from the others; and by their deadlines.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    seats: Vec<Seat>,
    free: Vec<u32>,
    open: usize,
    due: BTreeSet<(Duration, Ticket)>,
    quiet: BTreeSet<(Duration, Ticket)>,
    /// Only those that have one.
    deadlines: BTreeSet<(Duration, Ticket)>,
}

impl Jobs {
    pub(super) fn len(&self) -> usize {
        self.open
    }

    /// How many there are but for those that are left alone.
    pub(super) fn open(&self) -> usize {
        self.open - self.quiet.len()
    }

    /// When the first of those that are left alone is due.
    pub(super) fn first_quiet(&self) -> Duration {
        self.quiet.first().map_or(Duration::MAX, |(due, _)| *due)
    }

    /// Leaves those alone no longer that are due.
    pub(super) fn rouse(&mut self, now: Duration) {
        while let Some((_, ticket)) = self.quiet.first().copied().filter(|(due, _)| *due <= now) {
            self.change(ticket, |entry| entry.quiet = false);
        }
    }

    pub(super) fn get(&self, ticket: Ticket) -> Option<&Entry> {
        self.seats.get(ticket.place as usize).filter(|seat| seat.serial == ticket.serial)?.entry.as_ref()
    }

    /// To change what no queue depends on; for the rest there is [`change`](Self::change).
    pub(super) fn get_mut(&mut self, ticket: Ticket) -> Option<&mut Entry> {
        self.seats.get_mut(ticket.place as usize).filter(|seat| seat.serial == ticket.serial)?.entry.as_mut()
    }

    pub(super) fn insert(&mut self, entry: Entry) -> Ticket {
        let place = self.free.pop().unwrap_or_else(|| {
            self.seats.push(Seat::default());
            u32::try_from(self.seats.len() - 1).unwrap_or(u32::MAX)
        });
        let seat = &mut self.seats[place as usize];
        seat.entry = Some(entry);
        let ticket = Ticket { place, serial: seat.serial };
        self.open += 1;
        self.enqueue(ticket);
        ticket
    }

    pub(super) fn remove(&mut self, ticket: Ticket) -> Option<Entry> {
        self.get(ticket)?;
        self.dequeue(ticket);
        let seat = &mut self.seats[ticket.place as usize];
        seat.serial = seat.serial.wrapping_add(1);
        self.free.push(ticket.place);
        self.open -= 1;
        seat.entry.take()
    }

    /// Changes an entry, and puts it where it belongs then.
    pub(super) fn change(&mut self, ticket: Ticket, change: impl FnOnce(&mut Entry)) {
        self.dequeue(ticket);
        if let Some(entry) = self.get_mut(ticket) {
            change(entry);
            if !entry.busy {
                self.enqueue(ticket);
            }
        }
    }

    /// A job is being asked for.
    pub(super) fn begin(&mut self, ticket: Ticket) {
        self.change(ticket, |entry| (entry.busy, entry.asked) = (true, true));
    }

    /// The jobs that nobody is asking for and that are not left alone, the one that is due first before the others.
    pub(super) fn due(&self) -> impl Iterator<Item = (Duration, Ticket)> + '_ {
        self.due.iter().copied()
    }

    pub(super) fn first_deadline(&self) -> Option<(Duration, Ticket)> {
        self.deadlines.first().copied()
    }

    fn enqueue(&mut self, ticket: Ticket) {
        if let Some((due, deadline, quiet)) = self.get(ticket).map(|entry| (entry.due, entry.deadline, entry.quiet)) {
            let queue = if quiet { &mut self.quiet } else { &mut self.due };
            queue.insert((due, ticket));
            if deadline < Duration::MAX {
                self.deadlines.insert((deadline, ticket));
            }
        }
    }

    fn dequeue(&mut self, ticket: Ticket) {
        if let Some((due, deadline)) = self.get(ticket).map(|entry| (entry.due, entry.deadline)) {
            self.due.remove(&(due, ticket));
            self.quiet.remove(&(due, ticket));
            self.deadlines.remove(&(deadline, ticket));
        }
    }
}
