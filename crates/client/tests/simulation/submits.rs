//! Ten thousand submits on a bad network: each job once, or the caller is told that it is not known.

use std::collections::BTreeSet;
use std::time::Duration;

use image_intelligence::ErrorKind;

use crate::chance::Chance;
use crate::checks::check;
use crate::faults::{Faults, Rates};
use crate::jobs::Course;
use crate::play::play;
use crate::scenarios::Told;
use crate::server::What;
use crate::world::{Plan, Waits, World};

pub fn run(seed: u64, part: usize) -> Told {
    let mut told = Told::default();
    let world = world(seed, 10_000 / part);
    let jobs = world.plans.len();
    told.say(format!(
        "{jobs} submits: 5% of answers lost, 5% of connections cut before the first byte, 5% 503 (half of those made the \
         job), a third with customIds that repeat"
    ));
    let played = match play(&world) {
        Ok(played) => played,
        Err(error) => {
            told.must(&error, false);
            return told;
        }
    };
    for broken in check(&world, &played).into_iter().take(5) {
        told.must(&broken, false);
    }
    let state = played.network.state();
    let mut made = vec![0_u32; jobs];
    for submit in state.server.jobs.iter().filter_map(|job| job.submit) {
        made[submit] += 1;
    }
    let mut tally = Tally::default();
    let mut handles = BTreeSet::new();
    for outcome in &played.outcomes {
        let made = made[outcome.submit];
        tally.twice += u32::from(made > 1);
        match &outcome.submitted {
            Ok(submitted) => {
                let place = state.server.place(&submitted.id);
                let own = place.is_some_and(|place| state.server.jobs[place].submit == Some(outcome.submit));
                // Two callers must not hold one job either.
                let own = own && handles.insert(submitted.id.as_str());
                tally.held += u32::from(own);
                tally.wrong += u32::from(!own);
            }
            Err(error) if error.kind() == ErrorKind::OutcomeUnknown => {
                tally.unknown_made += u32::from(made > 0);
                tally.unknown_unmade += u32::from(made == 0);
                let provable = world.plans[outcome.submit].custom_id.is_none();
                tally.missed += u32::from(made > 0 && provable);
            }
            Err(_) => {
                tally.refused += 1;
                tally.lied += u32::from(made > 0);
            }
        }
    }
    let count = |wanted: fn(What) -> bool| state.trace.entries.iter().filter(|entry| wanted(entry.what)).count();
    let (posts, searches) = (count(|what| matches!(what, What::Submit(_))), count(|what| what == What::Named));
    let Tally { held, unknown_made, unknown_unmade, missed, refused, twice, wrong, lied } = tally;
    told.say(format!("    the caller holds the job that this submit made   {held:>6}"));
    told.say(format!("    outcome_unknown, and the job was made            {unknown_made:>6}"));
    told.say(format!("    outcome_unknown, and it was not                  {unknown_unmade:>6}"));
    told.say(format!("    another error, and no job                        {refused:>6}"));
    told.say(format!("    made twice                                       {twice:>6}"));
    told.say(format!("    adopted wrongly                                  {wrong:>6}"));
    told.say(format!("    {posts} POSTs, {searches} searches for lost ones; provable and yet unknown: {missed}"));
    told.must("no job is made twice", twice == 0);
    told.must("no job is adopted wrongly", wrong == 0);
    told.must("no error but outcome_unknown where a job was made", lied == 0);
    told.must("every submit is accounted for", held + unknown_made + unknown_unmade + refused == jobs as u32);
    told.must("what carries our own name is found", missed == 0);
    told
}

#[derive(Default)]
struct Tally {
    held: u32,
    unknown_made: u32,
    unknown_unmade: u32,
    missed: u32,
    refused: u32,
    twice: u32,
    wrong: u32,
    lied: u32,
}

fn world(seed: u64, jobs: usize) -> World {
    let mut chance = Chance::new(seed ^ 0xD000);
    let plans = (0..jobs).map(|nth| {
        let custom_id = (nth % 3 == 0).then(|| format!("order-{}", chance.below(100)));
        Plan {
            // 10 a second.
            at: Duration::from_millis(nth as u64 * 100),
            names_images: custom_id.is_some() && chance.happens(0.5),
            custom_id,
            course: Course { lasts: Duration::from_secs(10), lost_after: None },
            ..Plan::detect(Duration::ZERO, Duration::ZERO)
        }
    });
    let mut world = World::plain(seed, plans.collect());
    let submits =
        Rates { cut_after: 0.05, cut_before: 0.05, status: 0.05, codes: &[503], status_done: 0.5, ..Rates::default() };
    world.faults = Faults { submits, ..Faults::default() };
    world.waits = Waits::Never;
    world
}
