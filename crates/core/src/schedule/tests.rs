use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Brought, JobBrief, Next, RowSplitter, Schedule, SchedulePolicy, Ticket};
use crate::{JobRef, JobStatus, Kind, PollPolicy, Timestamp};

const LATENCY: Duration = Duration::from_millis(50);
const START: i64 = 1_700_000_000_000;
const ROW: usize = 1000;

/// `SplitMix64`.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Lognormal, with a median of 10 s.
    fn duration(&mut self) -> Duration {
        let normal = (-2.0 * self.unit().max(1e-12).ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos();
        Duration::from_secs_f64(10.0 * (0.7 * normal).exp())
    }
}

/// How the model server answers a search.
#[derive(Clone, Copy)]
struct Search {
    cap: usize,
    omit_one: bool,
    unordered: bool,
    /// A job is not found for so long.
    unindexed: Duration,
    /// Jobs of others a second.
    foreign: f64,
}

const PLAIN: Search =
    Search { cap: usize::MAX, omit_one: false, unordered: false, unindexed: Duration::ZERO, foreign: 0.0 };

#[derive(Debug)]
struct Outcome {
    requests: usize,
    bytes: usize,
    lags: Vec<f64>,
    soonest_again: Duration,
    ended: Duration,
}

impl Outcome {
    fn mean(&self) -> f64 {
        self.lags.iter().sum::<f64>() / self.lags.len() as f64
    }

    fn p95(&self) -> f64 {
        let mut lags = self.lags.clone();
        lags.sort_by(f64::total_cmp);
        lags[lags.len() * 95 / 100]
    }
}

struct Made {
    at: Duration,
    done: Duration,
    told: bool,
    looked: Option<Duration>,
}

/// Runs a schedule against a model of a server, one request at a time on the line, until every job is told.
fn run(jobs: &[(Duration, Duration)], search: Search, policy: &SchedulePolicy, seed: u64) -> Outcome {
    let (mut dice, poll) = (Dice(seed), PollPolicy::default());
    let mut schedule = Schedule::new(policy.clone());
    let mut made = BTreeMap::<Ticket, Made>::new();
    let mut outcome =
        Outcome { requests: 0, bytes: 0, lags: Vec::new(), soonest_again: Duration::MAX, ended: Duration::ZERO };
    let mut all: Vec<(i64, Duration, Option<Ticket>)> = Vec::new();
    let (mut now, mut nth) = (Duration::ZERO, 0);
    let mut foreign = Duration::ZERO;
    while outcome.lags.len() < jobs.len() {
        while nth < jobs.len() && jobs[nth].0 <= now {
            let (at, takes) = jobs[nth];
            let created = START + at.as_millis() as i64;
            let job = JobRef::new(Kind::Detect, format!("job-{nth}")).created_at(Some(Timestamp::from_millis(created)));
            let first = at + poll.interval(Duration::ZERO, dice.unit());
            let ticket = schedule.add(&job, &Arc::from(job.id.as_str()), at, first, Duration::MAX);
            made.insert(ticket, Made { at, done: at + takes, told: false, looked: None });
            all.push((created, at, Some(ticket)));
            nth += 1;
        }
        while search.foreign > 0.0 && foreign <= now {
            all.push((START + foreign.as_millis() as i64, foreign, None));
            foreign += Duration::from_secs_f64(1.0 / search.foreign);
        }
        let next = schedule.next(now);
        let until = jobs.get(nth).map_or(Duration::MAX, |job| job.0);
        match next {
            Next::Rest(at) => {
                let then = at.min(until);
                assert!(then > now, "a rest that is none, at {now:?}");
                assert!(then < Duration::from_secs(100_000), "nothing left to do, and {} jobs open", schedule.len());
                now = then;
            }
            Next::Look(ticket) => {
                outcome.requests += 1;
                outcome.bytes += ROW;
                let job = made.get_mut(&ticket).unwrap();
                if let Some(before) = job.looked.replace(now) {
                    outcome.soonest_again = outcome.soonest_again.min(now.saturating_sub(before));
                }
                schedule.looked(ticket, true, now + LATENCY);
                tell(&mut schedule, job, ticket, now, &mut outcome, &poll, &mut dice);
            }
            Next::Search(window) => {
                outcome.requests += 1;
                let (after, before) = (window.after.as_millis(), window.before.as_millis());
                let mut rows: Vec<_> = all
                    .iter()
                    .filter(|(created, at, _)| *created > after && *created < before && *at + search.unindexed <= now)
                    .copied()
                    .collect();
                if search.unordered {
                    rows.sort_by_key(|(created, ..)| created.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64.cast_signed()));
                }
                if search.omit_one && !rows.is_empty() {
                    rows.remove((dice.next() % rows.len() as u64) as usize);
                }
                rows.truncate(search.cap);
                outcome.bytes += rows.len() * ROW;
                for ticket in rows.iter().filter_map(|row| row.2) {
                    let job = made.get_mut(&ticket).unwrap();
                    if !job.told {
                        tell(&mut schedule, job, ticket, now, &mut outcome, &poll, &mut dice);
                    }
                }
                let brought = Brought { rows: rows.len(), bytes: rows.len() * ROW, too_large: false };
                schedule.searched(&window, brought, now + LATENCY);
            }
        }
    }
    outcome.ended = now;
    outcome
}

fn tell(
    schedule: &mut Schedule,
    job: &mut Made,
    ticket: Ticket,
    now: Duration,
    outcome: &mut Outcome,
    poll: &PollPolicy,
    dice: &mut Dice,
) {
    let seen = now + LATENCY;
    if now >= job.done {
        job.told = true;
        outcome.lags.push(seen.saturating_sub(job.done).as_secs_f64());
        schedule.remove(ticket);
    } else {
        let due = seen + poll.interval(seen.saturating_sub(job.at), dice.unit());
        schedule.again(ticket, seen, due, Duration::ZERO, Duration::MAX);
    }
}

fn thousand(seed: u64) -> Vec<(Duration, Duration)> {
    let mut dice = Dice(seed);
    (0..1000).map(|nth| (Duration::from_millis(nth * 100), dice.duration())).collect()
}

#[test]
fn a_thousand_jobs_take_few_requests_and_little_lag() {
    for seed in 0..5 {
        let outcome = run(&thousand(seed), PLAIN, &SchedulePolicy::default(), seed);
        println!(
            "{} requests, mean {:.2} s, p95 {:.2} s, {} MB, {:?}",
            outcome.requests,
            outcome.mean(),
            outcome.p95(),
            outcome.bytes / 1_000_000,
            outcome.ended
        );
        assert!(outcome.requests <= 400, "{}", outcome.requests);
        assert!(outcome.mean() <= 1.1, "{}", outcome.mean());
        assert!(outcome.p95() <= 2.5, "{}", outcome.p95());
        assert!(outcome.soonest_again >= Duration::from_secs(1), "{:?}", outcome.soonest_again);
    }
}

#[test]
fn whatever_a_search_leaves_out_is_found() {
    let second = Duration::from_secs(1);
    let odd = [
        ("cap 10", Search { cap: 10, ..PLAIN }),
        ("cap 20", Search { cap: 20, ..PLAIN }),
        ("cap 100", Search { cap: 100, ..PLAIN }),
        ("cap 20 unordered", Search { cap: 20, unordered: true, ..PLAIN }),
        ("omit one", Search { omit_one: true, ..PLAIN }),
        ("unindexed", Search { unindexed: 5 * second, ..PLAIN }),
        ("nothing found", Search { unindexed: 100_000 * second, ..PLAIN }),
        ("foreign 5", Search { foreign: 5.0, ..PLAIN }),
        ("foreign 50", Search { foreign: 50.0, ..PLAIN }),
        ("all", Search { cap: 20, omit_one: true, unordered: true, unindexed: 5 * second, foreign: 10.0 }),
    ];
    for (name, search) in odd {
        let outcome = run(&thousand(1), search, &SchedulePolicy::default(), 1);
        println!(
            "{name}: {} requests, mean {:.2} s, p95 {:.2} s, {} MB, {:?}",
            outcome.requests,
            outcome.mean(),
            outcome.p95(),
            outcome.bytes / 1_000_000,
            outcome.ended
        );
        assert_eq!(outcome.lags.len(), 1000, "{name}");
        assert!(outcome.ended < Duration::from_secs(900), "{name}: {:?}", outcome.ended);
    }
}

#[test]
fn jobs_of_one_instant_are_found_under_a_cap() {
    let mut dice = Dice(7);
    let jobs: Vec<_> = (0..200).map(|_| (Duration::from_secs(1), dice.duration())).collect();
    let outcome = run(&jobs, Search { cap: 100, ..PLAIN }, &SchedulePolicy::default(), 7);
    println!("{} requests, mean {:.2}, {:?}", outcome.requests, outcome.mean(), outcome.ended);
    assert_eq!(outcome.lags.len(), 200);
}

#[test]
fn few_jobs_are_each_asked_for_at_their_own_pace() {
    let jobs: Vec<_> = (0..4).map(|nth| (Duration::from_secs(nth), Duration::from_secs(8))).collect();
    let outcome = run(&jobs, PLAIN, &SchedulePolicy::default(), 3);
    assert!(outcome.requests >= 4 * 5, "{}", outcome.requests);
    assert_eq!(outcome.bytes, outcome.requests * ROW, "no searches");
}

#[test]
fn a_deadline_does_not_wait_for_the_budget() {
    let mut schedule = Schedule::new(SchedulePolicy::default());
    let second = Duration::from_secs(1);
    for nth in 0..10 {
        // Without a moment of its making a job is asked for by its id.
        let job = JobRef::new(Kind::Detect, format!("job-{nth}"));
        schedule.add(&job, &Arc::from(job.id.as_str()), Duration::ZERO, 5 * second, 5 * second);
    }
    let looks = std::iter::from_fn(|| match schedule.next(5 * second) {
        Next::Look(ticket) => Some(ticket),
        _ => None,
    });
    assert_eq!(looks.take(20).count(), 10);
}

#[test]
fn a_server_that_asked_for_peace_has_it() {
    let mut schedule = Schedule::new(SchedulePolicy::default());
    let second = Duration::from_secs(1);
    let tickets: Vec<_> = (0..10)
        .map(|nth| {
            let job = JobRef::new(Kind::Detect, format!("job-{nth}")).created_at(Some(Timestamp::from_millis(START)));
            schedule.add(&job, &Arc::from(job.id.as_str()), Duration::ZERO, second, Duration::MAX)
        })
        .collect();
    for ticket in tickets {
        schedule.again(ticket, second, 2 * second, 31 * second, Duration::MAX);
    }
    assert_eq!(schedule.next(2 * second), Next::Rest(31 * second));
}

/// Jobs of one instant, the first `quiet` of them left alone until `due`, the others due at once.
fn half_quiet(quiet: usize, all: usize, due: Duration) -> (Schedule, Vec<Ticket>) {
    let mut schedule = Schedule::new(SchedulePolicy::default());
    let add = |nth| {
        let job = JobRef::new(Kind::Detect, format!("job-{nth}")).created_at(Some(Timestamp::from_millis(START)));
        let due = if nth < quiet { due } else { Duration::ZERO };
        let ticket = schedule.add(&job, &Arc::from(job.id.as_str()), Duration::ZERO, due, Duration::MAX);
        if nth < quiet {
            schedule.leave_alone(ticket);
        }
        ticket
    };
    let tickets = (0..all).map(add).collect();
    (schedule, tickets)
}

#[test]
fn what_is_left_alone_does_not_slow_the_others_down_and_is_not_searched_for() {
    let second = Duration::from_secs(1);
    // Few that are open, each at its own pace, however many are left alone.
    let (mut schedule, tickets) = half_quiet(100, 104, 30 * second);
    for ticket in &tickets[100..] {
        assert_eq!(schedule.next(second), Next::Look(*ticket));
        schedule.looked(*ticket, true, second);
        schedule.remove(*ticket);
    }
    assert_eq!(schedule.next(second), Next::Rest(30 * second));
    // Then they are as any other.
    assert!(matches!(schedule.next(30 * second), Next::Search(window) if window.wanted.len() == 100));

    // One search for those that are open, and for them alone, though it will show the others as well.
    let (mut schedule, tickets) = half_quiet(100, 110, 30 * second);
    let Next::Search(window) = schedule.next(second) else { panic!("no search") };
    assert_eq!(window.wanted, tickets[100..]);
    let shown = schedule.find(0, "job-7").unwrap();
    schedule.again(shown, second, 30 * second, Duration::ZERO, Duration::MAX);
    schedule.leave_alone(shown);
    tickets[100..].iter().for_each(|ticket| schedule.remove(*ticket));
    assert_eq!(schedule.next(second), Next::Rest(30 * second));
}

#[test]
fn who_wants_a_job_has_it_asked_for_though_it_was_left_alone() {
    let second = Duration::from_secs(1);
    let (mut schedule, tickets) = half_quiet(3, 3, 30 * second);
    schedule.hurry(tickets[1], 2 * second, 60 * second);
    assert_eq!(schedule.next(second), Next::Rest(2 * second));
    assert_eq!(schedule.next(2 * second), Next::Look(tickets[1]));
    // Neither is one that is being asked for left alone meanwhile, nor one whose deadline has come.
    schedule.leave_alone(tickets[1]);
    assert!(schedule.is_asked_for(tickets[1]));
    schedule.hurry(tickets[2], 40 * second, 5 * second);
    schedule.leave_alone(tickets[2]);
    assert_eq!(schedule.next(2 * second), Next::Rest(5 * second));
    assert_eq!(schedule.next(5 * second), Next::Look(tickets[2]));
    schedule.remove(tickets[0]);
    assert_eq!(schedule.next(60 * second), Next::Rest(Duration::MAX));
}

#[test]
fn the_first_look_may_be_at_once_and_the_next_a_second_later() {
    let second = Duration::from_secs(1);
    let (now, soon) = (second / 5, second / 2);
    let (mut schedule, tickets) = half_quiet(1, 1, 30 * second);
    schedule.hurry(tickets[0], now, 60 * second);
    assert_eq!(schedule.next(now), Next::Look(tickets[0]));
    schedule.again(tickets[0], now, 30 * second, now, 60 * second);
    schedule.hurry(tickets[0], soon, 60 * second);
    assert_eq!(schedule.next(soon), Next::Rest(now + second));
    assert_eq!(schedule.next(now + second), Next::Look(tickets[0]));
}

#[test]
fn rows_are_cut_wherever_the_pieces_are() {
    let json = br#"  [ {"id":"a","x":"]}\"{"}, 7, "]", ["{", {"id":"no"}], null, {"id":"b","y":[{"z":[1]}]} ] "#;
    for size in 1..json.len() {
        let (mut rows, mut seen) = (RowSplitter::new(), Vec::new());
        for piece in json.chunks(size) {
            rows.push(piece, |row| seen.push(JobBrief::from_json(row).unwrap().id)).unwrap();
        }
        rows.finish().unwrap();
        assert_eq!((seen, rows.rows(), rows.bytes()), (vec!["a".to_owned(), "b".to_owned()], 2, json.len()));
    }
}

#[test]
fn what_is_no_array_of_rows_is_refused() {
    for (json, words) in [
        (&b"<html>"[..], "HTML"),
        (b"{}", "no JSON array"),
        (b"", "empty body"),
        (b"[{\"id\":\"a\"}, {\"id", "broke off"),
    ] {
        let mut rows = RowSplitter::new();
        let error = rows.push(json, |_| {}).and_then(|()| rows.finish()).unwrap_err();
        assert!(error.message().contains(words), "{error}");
    }
    let mut rows = RowSplitter::new();
    rows.push(b"null", |_| {}).unwrap();
    rows.finish().unwrap();
    assert_eq!(rows.rows(), 0);
    assert_eq!(JobBrief::from_json(br#"{"id":"a"}"#).unwrap().status, JobStatus::default());
    assert!(JobBrief::from_json(br#"{"status":"IN_PROGRESS"}"#).is_err());
}
