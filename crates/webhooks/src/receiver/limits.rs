//! How much a receiver lets strangers use up.

use std::time::Duration;

use image_intelligence_core::{Dialect, Error, ErrorKind, Result};

/// How much a receiver lets a sender use up: its endpoint is public, and nothing proves who calls.
///
/// ```
/// use image_intelligence_webhooks::ReceiverLimits;
///
/// let mut limits = ReceiverLimits::default();
/// limits.max_body = 1 << 20; // jobs of few pictures
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReceiverLimits {
    /// The largest body, in bytes: 4 MiB. More is answered 413, and the job is asked for instead.
    pub max_body: usize,
    /// How long a body may take: 3 s. More is answered 408.
    pub body_timeout: Duration,
    /// What all bodies that are not on the disk yet may take, in bytes: 64 MiB. More is answered 503. At most 4 GiB.
    pub in_flight: usize,
    /// How long any answer may take: 8 s, as the sender gives up at 10. What is not on the disk by then is answered 503.
    pub answer_timeout: Duration,
    /// Of our own listener, how many connections at once: 1,024. Where there are more, the one goes that has kept us waiting
    /// for its request the longest.
    pub connections: usize,
    /// Of our own listener, how long the head of a request may take, or the pause between two: 3 s.
    pub head_timeout: Duration,
    /// Of our own listener, the largest head, in bytes: 16 KiB. At least 8 KiB.
    pub head_size: usize,
    /// Of our own listener, how many headers a request may have: 64.
    pub headers: usize,
}

impl Default for ReceiverLimits {
    fn default() -> Self {
        Self {
            max_body: 4 << 20,
            body_timeout: Duration::from_secs(3),
            in_flight: 64 << 20,
            answer_timeout: Duration::from_secs(8),
            connections: 1_024,
            head_timeout: Duration::from_secs(3),
            head_size: 16 << 10,
            headers: 64,
        }
    }
}

impl ReceiverLimits {
    /// The least that the HTTP library takes.
    const SMALLEST_HEAD: usize = 8 << 10;

    /// Fails with `config` where nothing could be received.
    pub(crate) fn check(&self, dialect: Dialect) -> Result<()> {
        let refuse = |problem: String| Err(Error::new(ErrorKind::Config, format!("receiver limits: {problem}")));
        let Self { max_body, in_flight, connections, head_size, .. } = *self;
        if max_body == 0 || connections == 0 {
            return refuse(format!("{} and connections must be more than 0", dialect.setting("max_body")));
        }
        if in_flight < max_body || u32::try_from(in_flight).is_err() {
            let [name, least] = ["in_flight", "max_body"].map(|name| dialect.setting(name));
            return refuse(format!("{name}: {in_flight} given, from {least} ({max_body}) up to 4 GiB wanted"));
        }
        if head_size < Self::SMALLEST_HEAD {
            return refuse(format!("head_size: {head_size} given, at least {} wanted", Self::SMALLEST_HEAD));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_design() {
        let limits = ReceiverLimits::default();
        assert_eq!((limits.max_body, limits.in_flight), (4_194_304, 67_108_864));
        assert_eq!((limits.connections, limits.head_size, limits.headers), (1_024, 16_384, 64));
        let times = [limits.head_timeout, limits.body_timeout, limits.answer_timeout].map(|time| time.as_secs());
        assert_eq!(times, [3, 3, 8]);
        limits.check(Dialect::Rust).unwrap();
    }

    #[test]
    fn what_could_receive_nothing_is_refused() {
        for change in [
            (|limits| limits.max_body = 0) as fn(&mut ReceiverLimits),
            |limits| limits.connections = 0,
            |limits| limits.in_flight = limits.max_body - 1,
            |limits| limits.in_flight = 1 << 33,
            |limits| limits.head_size = 8_191,
        ] {
            let mut limits = ReceiverLimits::default();
            change(&mut limits);
            assert_eq!(limits.check(Dialect::Rust).unwrap_err().kind(), ErrorKind::Config, "{limits:?}");
        }
    }
}
