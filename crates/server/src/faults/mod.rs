//! Faults: what goes wrong on purpose, so that a client can be tested against it. This folder reads rules and decides
//! which request has which fault; `http::emulate` makes them happen.

mod board;
mod check;
mod header;
mod json;
mod name;
mod paths;
mod random;
mod rule;
pub(crate) mod webhook;

use std::path::Path;

use image_intelligence_core::{Error, ErrorKind, Result};
use serde::Deserialize;

pub(crate) use board::{Board, Plan, Shown};
pub(crate) use check::{Answer, Form, Rows, When};
pub(crate) use header::{Asked, asked_for};
pub(crate) use json::read as read_json;
pub(crate) use name::FaultName;
pub(crate) use paths::is_exempt;
pub(crate) use random::Random;
pub use rule::FaultRule;
pub(crate) use webhook::{Spoilt, WebhookFault};

/// Seeds beyond this lose digits in JavaScript, and whoever reads one back must be able to give it again.
const MOST_SEED: u64 = (1 << 53) - 1;

/// The faults that a server begins with, and the seed of all its chances: what a scenario file holds.
///
/// The same seed and the same sequence of requests make the same faults. Rules are asked in their order; the first that
/// answers in place of the API ends the asking.
///
/// ```
/// use image_intelligence_server::{FaultRule, Faults, Server};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// // The first two submits are taken on, and their answers are lost.
/// let lost = FaultRule::reset().after().method("POST").path("/v2/detect").times(2);
/// let server = Server::builder().faults(Faults::new().seed(7).rule(lost)).start().await?;
/// # server.shutdown().await;
/// # Ok::<(), image_intelligence_core::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Faults {
    pub(crate) seed: Option<u64>,
    #[serde(default, rename = "faults")]
    pub(crate) rules: Vec<FaultRule>,
}

impl Faults {
    /// None, with seed 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// Draws every chance from this seed, at most 9007199254740991.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Adds a rule.
    pub fn rule(mut self, rule: FaultRule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Reads a scenario: JSON like `{"seed": 7, "faults": [{"fault": "status", "code": 503, "n": 2}]}`, both optional; a
    /// rule's fields are told at [`FaultRule`]. Fails with `config`, naming the field.
    ///
    /// ```
    /// use image_intelligence_server::Faults;
    ///
    /// let faults = Faults::from_json(r#"{"seed": 7, "faults": [{"fault": "search_cap", "rows": 10}]}"#)?;
    /// let error = Faults::from_json(r#"{"faults": [{"fault": "slow"}]}"#).unwrap_err();
    /// assert_eq!(error.message(), "faults[0].ms: missing; slow needs it, as milliseconds from 1 to 600000");
    /// # Ok::<(), image_intelligence_core::Error>(())
    /// ```
    pub fn from_json(json: &str) -> Result<Self> {
        let faults: Self = json::read(json.as_bytes()).map_err(|problem| Error::new(ErrorKind::Config, problem))?;
        faults.check()?;
        Ok(faults)
    }

    /// Reads a scenario from a file. Fails with `config`, naming the file and the field.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let named = |problem: &str| Error::new(ErrorKind::Config, format!("scenario {}: {problem}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| named(&error.to_string()))?;
        Self::from_json(&text).map_err(|error| named(error.message()))
    }

    fn check(&self) -> Result<()> {
        let refuse = |problem: String| Error::new(ErrorKind::Config, problem);
        check::seed(self.seed).map_err(refuse)?;
        for (index, rule) in self.rules.iter().enumerate() {
            rule.check().map_err(|problem| refuse(format!("faults[{index}].{problem}")))?;
        }
        Ok(())
    }
}
