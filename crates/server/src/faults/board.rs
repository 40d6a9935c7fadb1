//! The rules in force, how often each has happened, and what each request has to suffer.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::Method;
use image_intelligence_core::{Error, ErrorKind};
use serde::Serialize;

use super::check::{self, Answer, Effect, Rows, When};
use super::header::Asked;
use super::paths::{fits, is_search, is_token, names_token};
use super::random::Random;
use super::rule::FaultRule;
use super::webhook::WebhookFault;
use super::{FaultName, Faults};

/// Rules that may be in force at once.
const MOST_RULES: usize = 1_000;
/// Headers whose count is kept; the oldest makes room.
const MOST_HEADERS: usize = 1_000;

pub(crate) struct Board {
    seed: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    rules: Vec<Live>,
    /// How many rules there ever were: ids are never given twice.
    made: u64,
    /// How many there were since all were removed, so that the same rules then draw the same chances.
    since_cleared: u64,
    /// Of each header's text that was heard: its chances, and by method and path its count.
    chances: Vec<(String, Random)>,
    counts: Vec<(String, Counter)>,
}

struct Live {
    id: String,
    rule: FaultRule,
    effect: Effect,
    counter: Counter,
    random: Random,
}

#[derive(Default)]
struct Counter {
    /// Requests that it was for.
    seen: u64,
    fired: u64,
}

/// A rule as `/_ii/faults` shows it.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    id: String,
    #[serde(flatten)]
    rule: FaultRule,
    seen: u64,
    fired: u64,
}

/// What one request has to suffer.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) names: Vec<&'static str>,
    pub(crate) delay_before: Duration,
    pub(crate) delay_after: Duration,
    pub(crate) instead: Option<(Answer, When)>,
    /// Each with the seed of its choice of rows.
    pub(crate) rows: Vec<(Rows, u64)>,
    pub(crate) truncate: bool,
}

impl Board {
    pub(crate) fn new(faults: Faults) -> Result<Self, Error> {
        check::seed(faults.seed).map_err(|problem| Error::new(ErrorKind::Config, problem))?;
        let board = Self { seed: faults.seed.unwrap_or(0), state: Mutex::default() };
        for (index, rule) in faults.rules.into_iter().enumerate() {
            let refuse = |problem| Error::new(ErrorKind::Config, format!("faults[{index}].{problem}"));
            board.add(rule).map_err(refuse)?;
        }
        Ok(board)
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// Puts a rule in force, or says what is wrong with it.
    pub(crate) fn add(&self, rule: FaultRule) -> Result<Shown, String> {
        let effect = rule.check()?;
        let mut state = self.state();
        if state.rules.len() >= MOST_RULES {
            return Err(format!(
                "fault: {MOST_RULES} rules are in force, and no more may be; DELETE /_ii/faults removes them"
            ));
        }
        state.made += 1;
        state.since_cleared += 1;
        let random = match rule.seed {
            Some(seed) => Random::stream(seed, 0),
            None => Random::stream(self.seed, state.since_cleared),
        };
        let live = Live { id: format!("f{}", state.made), rule, effect, counter: Counter::default(), random };
        let shown = live.show();
        state.rules.push(live);
        Ok(shown)
    }

    pub(crate) fn all(&self) -> Vec<Shown> {
        self.state().rules.iter().map(Live::show).collect()
    }

    pub(crate) fn get(&self, id: &str) -> Option<Shown> {
        self.state().rules.iter().find(|live| live.id == id).map(Live::show)
    }

    pub(crate) fn remove(&self, id: &str) -> Option<Shown> {
        let mut state = self.state();
        let at = state.rules.iter().position(|live| live.id == id)?;
        Some(state.rules.remove(at).show())
    }

    /// Removes every rule and every count, and says how many rules there were.
    pub(crate) fn clear(&self) -> usize {
        let mut state = self.state();
        let count = state.rules.len();
        *state = State { made: state.made, ..State::default() };
        count
    }

    /// What a request has to suffer, counted as having happened: first what it asks for itself, then the rules in their
    /// order, until one answers in place of the API.
    pub(crate) fn decide(&self, method: &Method, path: &str, asked: &[Asked]) -> Plan {
        let mut plan = Plan::default();
        self.happening(false, method, path, asked, |rule, effect, random| plan.take(rule.fault, effect, random));
        plan
    }

    /// What a delivery has to suffer that such a request brings about, counted as having happened.
    pub(crate) fn of_webhook(&self, method: &Method, path: &str, asked: &[Asked]) -> Vec<WebhookFault> {
        let mut faults = Vec::new();
        self.happening(true, method, path, asked, |_, effect, _| {
            faults.extend(if let Effect::Webhook(fault) = effect { Some(fault) } else { None });
            false
        });
        faults
    }

    /// Hands over each fault that happens, of webhooks or of the API, until `take` says that it was the last.
    fn happening(
        &self,
        webhook: bool,
        method: &Method,
        path: &str,
        asked: &[Asked],
        mut take: impl FnMut(&FaultRule, Effect, &mut Random) -> bool,
    ) {
        let is_for = |rule: &FaultRule| rule.fault.is_webhook() == webhook && is_for(rule, method, path);
        let mut state = self.state();
        for Asked { text, rule, effect } in asked.iter().filter(|asked| is_for(&asked.rule)) {
            // Paths hold ids that differ from run to run: they decide the count, but no chance.
            let seed = rule.seed.unwrap_or(self.seed);
            let draw = kept(&mut state.chances, text, || Random::stream(seed, 0)).next();
            let mut random = Random::new(draw);
            let count = kept(&mut state.counts, &format!("{text} {method} {path}"), Counter::default);
            if count.fires(rule, &mut random) && take(rule, effect.clone(), &mut random) {
                return;
            }
        }
        for Live { rule, effect, counter, random, .. } in state.rules.iter_mut().filter(|live| is_for(&live.rule)) {
            if counter.fires(rule, random) && take(rule, effect.clone(), random) {
                return;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a rule is for such a request.
fn is_for(rule: &FaultRule, method: &Method, path: &str) -> bool {
    let only = rule.only.as_ref();
    let pattern = only.and_then(|only| only.path.as_deref());
    only.and_then(|only| only.method.as_deref()).is_none_or(|wanted| wanted.eq_ignore_ascii_case(method.as_str()))
        && pattern.is_none_or(|pattern| fits(pattern, path))
        && (!is_token(path) || pattern.is_some_and(names_token))
        && (!rule.fault.is_of_searches() || is_search(method, path))
}

/// What is kept under a key, which begins with its first use.
fn kept<'a, T>(all: &'a mut Vec<(String, T)>, key: &str, first: impl FnOnce() -> T) -> &'a mut T {
    let at = all.iter().position(|(known, _)| known == key).unwrap_or_else(|| {
        if all.len() >= MOST_HEADERS {
            all.remove(0);
        }
        all.push((key.to_owned(), first()));
        all.len() - 1
    });
    &mut all[at].1
}

impl Live {
    fn show(&self) -> Shown {
        Shown { id: self.id.clone(), rule: self.rule.clone(), seen: self.counter.seen, fired: self.counter.fired }
    }
}

impl Counter {
    /// Whether the rule happens to a request that it is for.
    fn fires(&mut self, rule: &FaultRule, random: &mut Random) -> bool {
        self.seen += 1;
        let passes = self.seen <= rule.skip.unwrap_or(0) || rule.most().is_some_and(|most| self.fired >= most);
        let fires = !passes && rule.probability.is_none_or(|probability| random.happens(probability));
        self.fired += u64::from(fires);
        fires
    }
}

impl Plan {
    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Takes a fault in, and says whether it answers in place of the API.
    fn take(&mut self, name: FaultName, effect: Effect, random: &mut Random) -> bool {
        self.names.push(name.as_str());
        match effect {
            Effect::Slow(delay, When::Before) => self.delay_before += delay,
            Effect::Slow(delay, When::After) => self.delay_after += delay,
            Effect::Instead(answer, when) => self.instead = Some((answer, when)),
            Effect::Truncate => self.truncate = true,
            Effect::Rows(rows) => self.rows.push((rows, random.next())),
            Effect::Webhook(_) => {}
        }
        self.instead.is_some()
    }
}
