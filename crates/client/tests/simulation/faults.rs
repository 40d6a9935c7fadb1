//! What goes wrong on the way and at the door: drawn anew for each request.

use std::time::Duration;

use crate::chance::Chance;

/// How often what goes wrong, of one sort of request; shares of 1.
#[derive(Clone, Copy, Default, Debug)]
pub struct Rates {
    /// No connection: certainly not taken.
    pub refused: f64,
    /// The connection is cut before the server has read anything; the client cannot know.
    pub cut_before: f64,
    /// The server did it, and the connection is cut before the answer's first byte.
    pub cut_after: f64,
    /// The server did it, and the answer breaks off.
    pub truncated: f64,
    /// The server did it, and a proxy answers with a page.
    pub html: f64,
    /// One of the `codes`.
    pub status: f64,
    pub codes: &'static [u16],
    /// Of those that may have been done, how many were.
    pub status_done: f64,
    /// 429.
    pub throttled: f64,
    /// 400 and 403.
    pub denied: f64,
    /// Answers that take up to 90 s.
    pub slow: f64,
}

#[derive(Clone, Default, Debug)]
pub struct Faults {
    pub submits: Rates,
    pub reads: Rates,
    /// When the server is down: from, to.
    pub down: Vec<(Duration, Duration)>,
    /// Whether a restarted server has forgotten its tokens.
    pub forgets_tokens: bool,
    /// Of tokens, how long they live.
    pub token_life: Option<Duration>,
}

/// What becomes of one request.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Fate {
    Answered,
    Refused,
    CutBefore,
    CutAfter,
    Truncated,
    Html { done: bool },
    Status { code: u16, done: bool, after: After },
}

/// How an answer says when to come again.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum After {
    Unsaid,
    Seconds(u32),
    Date(u32),
}

impl After {
    fn draw(chance: &mut Chance) -> Self {
        let wait = 1 + chance.below(20) as u32;
        match chance.below(3) {
            0 => Self::Unsaid,
            1 => Self::Seconds(wait),
            _ => Self::Date(wait),
        }
    }
}

/// What is answered where trying again may help.
const TRANSIENT: &[u16] = &[408, 425, 500, 502, 503, 504];

impl Rates {
    /// Whether nothing goes wrong.
    pub fn is_clean(&self) -> bool {
        let shares = [self.refused, self.cut_before, self.cut_after, self.truncated, self.html, self.status];
        shares.into_iter().chain([self.throttled, self.denied, self.slow]).all(|share| share <= 0.0)
    }

    /// What becomes of a request, and how much longer than others its answer takes.
    pub fn draw(&self, submit: bool, chance: &mut Chance) -> (Fate, Duration) {
        let roll = chance.unit();
        let slow = if chance.happens(self.slow) { chance.seconds(1.0, 90.0) } else { Duration::ZERO };
        let done = chance.happens(self.status_done);
        let after = After::draw(chance);
        let (transient, denied) =
            (chance.pick(if self.codes.is_empty() { TRANSIENT } else { self.codes }), chance.pick(&[400, 403]));
        let throttled = Fate::Status { code: 429, done: false, after };
        // 425 says that the request was not looked at.
        let transient = Fate::Status {
            code: transient,
            done: done && transient != 425,
            after: if transient == 503 { after } else { After::Unsaid },
        };
        let denied = Fate::Status { code: denied, done: false, after: After::Unsaid };
        let ranges = [
            (self.refused, Fate::Refused),
            (self.cut_before, Fate::CutBefore),
            (self.cut_after, Fate::CutAfter),
            (self.truncated, Fate::Truncated),
            (self.html, Fate::Html { done: done || !submit }),
            (self.status, transient),
            (self.throttled, throttled),
            (self.denied, denied),
        ];
        let mut end = 0.0;
        for (share, fate) in ranges {
            end += share;
            if roll < end {
                return (fate, slow);
            }
        }
        (Fate::Answered, slow)
    }

    /// Some of the faults, each of some strength.
    pub fn mixed(chance: &mut Chance, strength: f64) -> Self {
        let mut share = || {
            let among = chance.pick(&[0.0, 0.0, 0.02, 0.05, 0.15]);
            among * strength
        };
        Self {
            refused: share(),
            cut_before: share(),
            cut_after: share(),
            truncated: share(),
            html: share(),
            status: share(),
            codes: TRANSIENT,
            status_done: 0.5,
            throttled: share(),
            denied: 0.0,
            slow: share(),
        }
    }
}

impl Faults {
    /// Whether every look and every search is answered at once.
    pub fn reads_are_clean(&self) -> bool {
        self.reads.is_clean() && self.down.is_empty() && self.submits.throttled <= 0.0
    }

    pub fn is_down(&self, now: Duration) -> bool {
        self.down.iter().any(|(from, to)| (*from..*to).contains(&now))
    }

    /// Whether the server went down in between.
    pub fn went_down(&self, from: Duration, to: Duration) -> bool {
        self.down.iter().any(|(down, _)| (from..to).contains(down))
    }
}
