//! What must hold of every run, whatever the world.

use std::collections::BTreeMap;
use std::time::Duration;

use image_intelligence::{ErrorKind, Kind};

use crate::network::State;
use crate::play::{Outcome, Played, Waited, in_words, is_tied_right};
use crate::server::What;
use crate::trace::Ended;
use crate::world::World;

/// What does not hold, a line each.
pub fn check(world: &World, played: &Played) -> Vec<String> {
    let state = played.network.state();
    let mut broken = Vec::new();
    let made = made_by_submit(&state, world.plans.len());
    let sent = sent_by_submit(&state, world.plans.len());
    for outcome in &played.outcomes {
        let submit = outcome.submit;
        let mut say = |what: String| broken.push(format!("submit {submit}: {what}"));
        submitted(world, outcome, &made[submit], &sent[submit], &state, &mut say);
        if let (Ok(submitted), Some(waited)) = (&outcome.submitted, &outcome.waited) {
            wait(world, submit, &submitted.id, waited, &state, &mut say);
        }
    }
    broken.extend(played.clerk.check(&played.outcomes));
    quiet(world, played, &state, &mut broken);
    looks(&state, &mut broken);
    budget(world, played, &state, &mut broken);
    broken
}

/// The ids of the jobs that each submit made.
fn made_by_submit(state: &State, submits: usize) -> Vec<Vec<&str>> {
    let mut made = vec![Vec::new(); submits];
    for job in &state.server.jobs {
        if let Some(submit) = job.submit {
            made[submit].push(job.id.as_str());
        }
    }
    made
}

/// How each sending of each submit ended.
fn sent_by_submit(state: &State, submits: usize) -> Vec<Vec<Ended>> {
    let mut sent = vec![Vec::new(); submits];
    for entry in &state.trace.entries {
        if let What::Submit(submit) = entry.what
            && submit < submits
        {
            sent[submit].push(entry.ended);
        }
    }
    sent
}

fn submitted(
    world: &World,
    outcome: &Outcome,
    made: &[&str],
    sent: &[Ended],
    state: &State,
    say: &mut impl FnMut(String),
) {
    if made.len() > 1 {
        say(format!("{} jobs were made of it", made.len()));
    }
    // All but the last are known to have made nothing.
    let again = sent.iter().rev().skip(1).find(|ended| ended.is_unclear());
    if let Some(ended) = again {
        say(format!("it was sent again after {ended:?}"));
    }
    match &outcome.submitted {
        Ok(submitted) => {
            if made != [submitted.id.as_str()] {
                let whose = state.server.place(&submitted.id).map(|place| state.server.jobs[place].submit);
                say(format!("the handle is of job {}, which is of {whose:?}; it made {made:?}", submitted.id));
            }
        }
        Err(error) if error.kind() == ErrorKind::OutcomeUnknown => {
            if !sent.iter().any(|ended| ended.is_unclear()) {
                say(format!("outcome_unknown, and nothing was unclear: {sent:?}"));
            }
        }
        Err(error) => {
            if !made.is_empty() {
                say(format!("the error is {}, and job {made:?} was made", in_words(error)));
            }
            // Before a token is there, every failure of a call is one that sent nothing.
            let forgotten = world.faults.forgets_tokens && error.kind() == ErrorKind::Authentication;
            let may = error.retryable()
                // Where the intent could not be written down, nothing was sent.
                || world.clerk_fails > 0.0 && error.kind() == ErrorKind::Store
                || forgotten && sent.iter().filter(|ended| **ended == Ended::Status(401)).count() > 1
                || sent.iter().any(|ended| matches!(ended, Ended::Status(400 | 403 | 425)));
            if !may {
                say(format!("the error is {}, and it was answered {sent:?}", in_words(error)));
            }
        }
    }
}

/// A wait may take so much longer than it was allowed to: its last look.
const LAST_LOOK: Duration = Duration::from_millis(5_100);

fn wait(world: &World, submit: usize, id: &str, waited: &Waited, state: &State, say: &mut impl FnMut(String)) {
    let Some(place) = state.server.place(id) else { return };
    let (plan, job) = (&world.plans[submit], &state.server.jobs[place]);
    let took = waited.ended.saturating_sub(waited.began);
    if took > plan.limit + LAST_LOOK {
        say(format!("the wait took {took:?}, and was to take {:?} at most", plan.limit));
    }
    let error = match &waited.result {
        Ok(finished) => {
            if finished.id != id || !finished.is_done {
                say(format!("the result is of job {}, done: {}; the handle's is {id}", finished.id, finished.is_done));
            }
            if waited.ended < job.done {
                say(format!("the result came at {:?}, and the job was done at {:?}", waited.ended, job.done));
            }
            let strangers = finished.images.iter().any(|(url, index)| !is_tied_right(submit, url, *index));
            let tied = finished.images.iter().filter(|(_, index)| index.is_some()).count();
            let all = plan.resumed_after.is_some() && plan.names_images || tied == plan.images;
            if strangers || !all {
                say(format!("pictures are not tied to what was passed in: {:?}", finished.images));
            }
            return;
        }
        Err(error) => error,
    };
    let answers: Vec<Ended> = looks_at(state, place).collect();
    let denied = |code| answers.contains(&Ended::Status(code));
    let right = match error.kind() {
        ErrorKind::WaitTimeout => {
            let clean = world.faults.reads_are_clean() && job.lost.is_none();
            let in_time = job.done + Duration::from_secs(60) < waited.began + plan.limit;
            took >= plan.limit && !(clean && in_time && took > Duration::from_secs(90))
        }
        ErrorKind::JobLost => {
            // A 400 about a match job reads as 404.
            job.lost.is_some_and(|lost| lost <= waited.ended) || job.kind == Kind::Match && denied(400)
        }
        ErrorKind::BadRequest => denied(400),
        ErrorKind::PermissionDenied => denied(403),
        _ => false,
    };
    if !right {
        let (done, lost) = (job.done, job.lost);
        let (began, ended) = (waited.began, waited.ended);
        say(format!(
            "the wait from {began:?} to {ended:?} failed with {}; done at {done:?}, lost at {lost:?}, limit {:?}, \
             answered {answers:?}",
            in_words(error),
            plan.limit
        ));
    }
}

fn looks_at(state: &State, job: usize) -> impl Iterator<Item = Ended> + '_ {
    let looks = state.trace.entries.iter().filter(move |entry| entry.what == What::Look(Some(job)));
    looks.map(|entry| entry.ended)
}

/// Nothing leaves while the server wants to be left alone.
fn quiet(world: &World, played: &Played, state: &State, broken: &mut Vec<String>) {
    let mut quiet = state.trace.quiet.clone();
    quiet.sort_unstable();
    for entry in &state.trace.entries {
        let asked = quiet.iter().find(|(from, until)| *from < entry.at && entry.at < *until);
        if let Some((from, until)) = asked {
            broken.push(format!(
                "{:?} at {:?}, and at {from:?} the server had asked to be left alone until {until:?}",
                entry.what, entry.at
            ));
        }
    }
    for (job, from, until) in &state.trace.quiet_about {
        let deadline = state.server.jobs[*job].submit.and_then(|submit| {
            let waited = played.outcomes[submit].waited.as_ref()?;
            Some(waited.began + world.plans[submit].limit)
        });
        let looks = state.trace.entries.iter().filter(|entry| entry.what == What::Look(Some(*job)));
        for entry in looks.filter(|entry| *from < entry.at && entry.at < *until) {
            // At the deadline of a wait there is one more look, come what may.
            if deadline.is_some_and(|deadline| entry.at + Duration::from_millis(2) >= deadline) {
                continue;
            }
            broken
                .push(format!("job {job} was looked at {:?}, and at {from:?} `Retry-After` said {until:?}", entry.at));
        }
    }
}

/// Nobody looks at a job more often than once a second, but for a token that was refused.
fn looks(state: &State, broken: &mut Vec<String>) {
    let mut last: BTreeMap<usize, (Duration, Ended)> = BTreeMap::new();
    for entry in &state.trace.entries {
        let What::Look(Some(job)) = entry.what else { continue };
        if let Some((before, ended)) = last.insert(job, (entry.at, entry.ended)) {
            let pause = entry.at.saturating_sub(before);
            if pause < Duration::from_millis(999) && ended != Ended::Status(401) {
                let id = &state.server.jobs[job].id;
                broken.push(format!("job {id} was looked at {before:?} and again {pause:?} later"));
            }
        }
    }
}

/// Requests a second that all waits together may make, once more than a few are open.
const RATE: f64 = 2.0;
const FEW: usize = 4;
const SPAN: Duration = Duration::from_secs(30);
/// How many requests a client has under way at most: so many may leave at once when a token has come.
const BURST: usize = 16;
/// A last look is a search, and another by id where that does not show the job.
const A_LAST_LOOK: usize = 2;

/// Where many waits are open, all of them together keep to the budget; the last look of a wait is not held up by it.
fn budget(world: &World, played: &Played, state: &State, broken: &mut Vec<String>) {
    let polls: Vec<Duration> = state
        .trace
        .entries
        .iter()
        .filter(|entry| matches!(entry.what, What::Look(_) | What::Sweep))
        .map(|entry| entry.at)
        .collect();
    let waits = played.outcomes.iter().filter_map(|outcome| Some((outcome.submit, outcome.waited.as_ref()?)));
    let mut deadlines: Vec<Duration> = waits
        .filter(|(submit, waited)| waited.ended >= waited.began + world.plans[*submit].limit)
        .map(|(submit, waited)| waited.began + world.plans[submit].limit)
        .collect();
    deadlines.sort_unstable();
    for (nth, from) in polls.iter().enumerate() {
        let to = *from + SPAN;
        let count = polls.partition_point(|at| *at < to) - nth;
        let last_looks =
            deadlines.partition_point(|at| *at < to) - deadlines.partition_point(|at| *at + LAST_LOOK < *from);
        let most = (RATE * SPAN.as_secs_f64()) as usize + BURST + A_LAST_LOOK * last_looks;
        if count > most && fewest_open(played, *from, to) > FEW {
            broken.push(format!("{count} polls in the {SPAN:?} from {from:?} on, {last_looks} of them at deadlines"));
            return;
        }
    }
}

/// The fewest waits that were open in a stretch of time.
fn fewest_open(played: &Played, from: Duration, to: Duration) -> usize {
    let before = played.open.partition_point(|(at, _)| *at <= from);
    let first = before.checked_sub(1).map_or(0, |last| played.open[last].1);
    let within = played.open[before..].iter().take_while(|(at, _)| *at <= to).map(|(_, open)| *open);
    within.fold(first, usize::min)
}
