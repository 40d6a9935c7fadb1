//! A world: what is submitted when, how the server behaves, and what goes wrong; all of it drawn from one seed.

use std::time::Duration;

use image_intelligence::Kind;

use crate::chance::Chance;
use crate::faults::{Faults, Rates};
use crate::jobs::Course;
use crate::search::{Searching, Which};
use crate::server::Manners;

/// One submit of the caller's.
#[derive(Clone, Debug)]
pub struct Plan {
    pub at: Duration,
    pub kind: Kind,
    pub custom_id: Option<String>,
    pub feed_id: Option<String>,
    pub images: usize,
    /// Whether the caller names the pictures, so that nothing on them is ours.
    pub names_images: bool,
    pub course: Course,
    /// For how long it is waited for.
    pub limit: Duration,
    /// Waited for by its resume token, as another process would, after so long.
    pub resumed_after: Option<Duration>,
}

impl Plan {
    pub fn detect(at: Duration, lasts: Duration) -> Self {
        Self {
            at,
            kind: Kind::Detect,
            custom_id: None,
            feed_id: None,
            images: 3,
            names_images: false,
            course: Course { lasts, lost_after: None },
            limit: Duration::from_secs(15 * 60),
            resumed_after: None,
        }
    }
}

/// When the waits begin.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Waits {
    /// Each once its job is submitted.
    Each,
    /// All of them after the last submit.
    Together,
    /// All of them after the last submit, in one call.
    AsCompleted,
    /// The same, by their tokens.
    Tracked,
    Never,
}

#[derive(Clone, Debug)]
pub struct World {
    pub seed: u64,
    pub plans: Vec<Plan>,
    pub manners: Manners,
    pub faults: Faults,
    /// By how much the client's clock is ahead, in milliseconds.
    pub skew: i64,
    pub waits: Waits,
    /// Share of the lines about submits that cannot be written down.
    pub clerk_fails: f64,
}

impl World {
    /// Nothing but jobs: a server without faults.
    pub fn plain(seed: u64, plans: Vec<Plan>) -> Self {
        Self {
            seed,
            plans,
            manners: Manners::default(),
            faults: Faults::default(),
            skew: 0,
            waits: Waits::Each,
            clerk_fails: 0.0,
        }
    }

    /// A world of everything.
    pub fn drawn(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let (manners, faults) = (manners(&mut chance), faults(&mut chance));
        let skew = match chance.below(4) {
            0 | 1 => 0,
            2 => (chance.between(-10.0, 10.0) * 60_000.0) as i64,
            _ => (chance.between(-20.0, 20.0) * 3_600_000.0) as i64,
        };
        let waits = match chance.below(10) {
            0 | 1 => Waits::Together,
            2 | 3 => Waits::AsCompleted,
            4 if manners.unread_for.is_zero() => Waits::Tracked,
            _ => Waits::Each,
        };
        let clerk_fails = chance.pick(&[0.0, 0.0, 0.0, 0.03]);
        let mut plans = plans(&mut chance, &manners);
        if matches!(waits, Waits::AsCompleted | Waits::Tracked) {
            let limit = plans[0].limit;
            for plan in &mut plans {
                // Of a resumed job only what we stamped ourselves is known again.
                let resumed = (waits == Waits::Tracked).then_some(Duration::ZERO);
                (plan.limit, plan.resumed_after) = (limit, resumed);
            }
        }
        Self { seed, plans, manners, faults, skew, waits, clerk_fails }
    }
}

fn manners(chance: &mut Chance) -> Manners {
    let cap = if chance.happens(0.4) { Some(chance.pick(&[10, 20, 100])) } else { None };
    let searching = Searching {
        cap,
        which: chance.pick(&[Which::Newest, Which::Oldest, Which::Any]),
        omits: chance.pick(&[0.0, 0.0, 0.2, 1.0]),
        unordered: chance.happens(0.3),
        doubles: chance.pick(&[0.0, 0.0, 0.2]),
        inclusive: chance.happens(0.5),
    };
    let (grain, unread, unindexed) =
        (chance.pick(&[1, 1, 1, 100, 1000, 5000]), chance.pick(&[0, 0, 5, 20]), chance.pick(&[0, 0, 3, 15]));
    Manners {
        searching,
        grain: Duration::from_millis(grain),
        in_seconds: chance.pick(&[0.0, 0.0, 0.2, 1.0]),
        no_moment: chance.pick(&[0.0, 0.0, 0.0, 0.3, 1.0]),
        odd_status: chance.pick(&[0.0, 0.0, 0.3]),
        unread_for: Duration::from_secs(unread),
        unindexed_for: Duration::from_secs(unindexed),
        unfound: chance.pick(&[0.0, 0.0, 0.0, 0.1]),
        foreign: chance.pick(&[0.0, 0.0, 0.5, 5.0, 30.0]),
    }
}

fn faults(chance: &mut Chance) -> Faults {
    let strength = chance.pick(&[0.0, 0.5, 1.0, 1.0]);
    let mut reads = Rates::mixed(chance, strength);
    reads.denied = chance.pick(&[0.0, 0.0, 0.0, 0.003]) * strength;
    let submits = Rates { denied: chance.pick(&[0.0, 0.0, 0.02]) * strength, ..Rates::mixed(chance, strength) };
    let mut down = Vec::new();
    let restarts = if chance.happens(0.4) { 1 + chance.below(3) } else { 0 };
    for _ in 0..restarts {
        let from = chance.seconds(0.0, 90.0);
        down.push((from, from + chance.seconds(0.5, 20.0)));
    }
    // Longer than the slowest answer: a token that is dead when it comes helps nobody.
    let short_life = chance.happens(0.2).then(|| chance.seconds(130.0, 400.0));
    Faults { submits, reads, down, forgets_tokens: chance.happens(0.5), token_life: short_life }
}

fn plans(chance: &mut Chance, manners: &Manners) -> Vec<Plan> {
    let count = match chance.below(10) {
        0 => 1,
        1 => 150 + chance.below(250),
        2..=4 => 2 + chance.below(8),
        _ => 10 + chance.below(60),
    };
    let kinds: &[Kind] = match chance.below(3) {
        0 => &[Kind::Detect],
        1 => &[Kind::Detect, Kind::Detect, Kind::Recognize],
        _ => &Kind::ALL,
    };
    let spread = chance.pick(&[0.0, 1.0, 20.0, 100.0, 300.0]);
    let bursts = chance.happens(0.3);
    let names = chance.pick(&[0.0, 0.0, 0.3, 1.0]);
    let (never, lost, short, resumed) = (
        chance.pick(&[0.0, 0.0, 0.02]),
        chance.pick(&[0.0, 0.0, 0.05]),
        chance.pick(&[0.0, 0.1, 0.5]),
        chance.pick(&[0.0, 0.0, 0.2]),
    );
    let mut plans: Vec<Plan> = (0..count)
        .map(|_| {
            let at = chance.between(0.0, spread);
            let at = if bursts { (at / 10.0).floor() * 10.0 } else { at };
            let mut lasts = Duration::from_secs_f64(chance.lognormal(10.0, 0.7));
            if chance.happens(never) {
                lasts = Duration::from_secs(1_000_000);
            }
            let lost_after = chance.happens(lost).then(|| chance.seconds(31.0, 120.0));
            let custom_id = chance.happens(names).then(|| format!("order-{}", chance.below(7)));
            let limit = if chance.happens(short) { chance.seconds(0.2, 40.0) } else { Duration::from_secs(900) };
            let resumed_after = chance.happens(resumed).then(|| chance.seconds(0.0, 60.0));
            Plan {
                at: Duration::from_secs_f64(at),
                kind: chance.pick(kinds),
                names_images: custom_id.is_some() && chance.happens(0.5),
                custom_id,
                feed_id: chance.happens(0.5).then(|| "Camera_7".to_owned()),
                images: 1 + chance.below(3),
                course: Course { lasts, lost_after },
                limit,
                // Of what is resumed the age is known by two clocks only, so that a job that cannot be read yet may look old.
                resumed_after: resumed_after.filter(|_| manners.unread_for.is_zero()),
            }
        })
        .collect();
    plans.sort_by_key(|plan| plan.at);
    plans
}
