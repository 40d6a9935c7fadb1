//! The scenarios whose figures are promised, and what they came to.

use std::time::Duration;

use crate::chance::Chance;
use crate::checks::check;
use crate::measure::Measured;
use crate::peers::PEERS;
use crate::play::play;
use crate::search::{Searching, Which};
use crate::world::{Plan, World};

/// What a scenario came to: lines to print, and what falls short of its goal.
#[derive(Default)]
pub struct Told {
    pub lines: Vec<String>,
    pub short: Vec<String>,
}

impl Told {
    pub fn say(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// Holds a figure to its goal.
    pub fn at_most(&mut self, what: &str, figure: f64, goal: f64) {
        // A figure that is none falls short, too.
        let good = figure <= goal;
        let verdict = if good { "" } else { "   MISSED" };
        self.say(format!("    {what}: {figure:.3}, at most {goal}{verdict}"));
        if !good {
            self.short.push(format!("{what}: {figure:.3}, and was to be {goal} at most"));
        }
    }

    pub fn must(&mut self, what: &str, holds: bool) {
        if !holds {
            self.say(format!("    {what}: NO"));
            self.short.push(what.to_owned());
        }
    }
}

/// Names, and what they run; the number is how much smaller than promised.
pub type Scenario = (&'static str, fn(u64, usize) -> Told);

pub const SCENARIOS: [Scenario; 5] = [
    ("thousand", thousand),
    ("one-at-a-time", one_at_a_time),
    ("searches", searches),
    ("submits", crate::submits::run),
    ("memory", crate::memory::run),
];

/// Jobs that take 10 s, more or less.
fn lasts(chance: &mut Chance) -> Duration {
    Duration::from_secs_f64(chance.lognormal(10.0, 0.7))
}

/// So many jobs over 100 s.
fn many(seed: u64, jobs: usize) -> World {
    let mut chance = Chance::new(seed ^ 0x7000);
    let pause = 100.0 / jobs as f64;
    let plans = (0..jobs).map(|nth| Plan::detect(Duration::from_secs_f64(nth as f64 * pause), lasts(&mut chance)));
    World::plain(seed, plans.collect())
}

/// Plays a world in which nothing may go wrong.
fn measure(world: &World, told: &mut Told) -> Measured {
    match play(world) {
        Ok(played) => {
            for broken in check(world, &played).into_iter().take(5) {
                told.must(&broken, false);
            }
            let measured = Measured::of(&played);
            told.must("every job completes", measured.completed == measured.jobs);
            measured
        }
        Err(error) => {
            told.must(&error, false);
            Measured::default()
        }
    }
}

fn thousand(seed: u64, part: usize) -> Told {
    let mut told = Told::default();
    let world = many(seed, 1000 / part);
    let jobs = world.plans.len();
    told.say(format!("{jobs} jobs submitted over 100 s, median 10 s, all waited for"));
    let ours = measure(&world, &mut told);
    told.say(format!("    {:<12} {ours}", "ours"));
    for peer in &PEERS {
        told.say(format!("    {:<12} {}", peer.name, peer.play(&world)));
    }
    if part == 1 {
        told.at_most("requests", ours.requests as f64, 400.0);
        told.at_most("mean lag, s", ours.mean_lag(), 1.1);
        told.at_most("p95 of lag, s", ours.lag_of(0.95), 2.5);
    }
    told
}

fn one_at_a_time(seed: u64, part: usize) -> Told {
    let mut told = Told::default();
    let mut chance = Chance::new(seed ^ 0x1000);
    let mut at = Duration::ZERO;
    // Of 200 the p95 says more of their luck than of the client.
    let plans = (0..2000 / part).map(|_| {
        let lasts = lasts(&mut chance);
        let plan = Plan::detect(at, lasts);
        // The longest pause between two looks, and then some: the one wait is over before the next begins.
        at += lasts + Duration::from_secs(15);
        plan
    });
    let world = World::plain(seed, plans.collect());
    told.say(format!("{} jobs, one at a time", world.plans.len()));
    let ours = measure(&world, &mut told);
    told.say(format!("    {:<12} {ours}", "ours"));
    for peer in &PEERS {
        told.say(format!("    {:<12} {}", peer.name, peer.play(&world)));
    }
    if part == 1 {
        told.at_most("mean lag, s", ours.mean_lag(), 1.6);
        told.at_most("p95 of lag, s", ours.lag_of(0.95), 5.0);
    }
    told
}

fn searches(seed: u64, part: usize) -> Told {
    let mut told = Told::default();
    let jobs = 1000 / part;
    told.say(format!("the same {jobs} jobs, with a search that"));
    let capped = |cap, which| Searching { cap: Some(cap), which, ..Searching::default() };
    let mut ways = vec![
        ("is as it should be".to_owned(), Searching::default()),
        ("omits one row, always".to_owned(), Searching { omits: 1.0, ..Searching::default() }),
        ("is unordered".to_owned(), Searching { unordered: true, ..Searching::default() }),
    ];
    for cap in [10, 20, 100] {
        for (which, words) in [(Which::Newest, "newest"), (Which::Oldest, "oldest"), (Which::Any, "any")] {
            ways.push((format!("gives {cap} rows, {words}"), capped(cap, which)));
        }
    }
    let all = Searching { omits: 1.0, unordered: true, ..capped(20, Which::Any) };
    ways.push(("does all of that, 20 rows".to_owned(), all));
    for (words, searching) in ways {
        let mut world = many(seed, jobs);
        world.manners.searching = searching;
        let ours = measure(&world, &mut told);
        told.say(format!("    {words:<24} {ours}"));
    }
    told
}
