//! Places at which a test ends the process, as `kill -9` would.

/// Ends the process where the environment names this place: `II_FAILPOINT=name:3` at its third time. Does nothing unless the
/// crate is built with `failpoints`.
#[cfg(feature = "failpoints")]
pub(crate) fn reach(name: &'static str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static AT: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static TIMES: AtomicU64 = AtomicU64::new(0);
    let at = AT.get_or_init(|| {
        let text = std::env::var("II_FAILPOINT").ok()?;
        let (name, times) = text.rsplit_once(':')?;
        Some((name.to_owned(), times.parse().ok()?))
    });
    if let Some((wanted, times)) = at
        && wanted == name
        && TIMES.fetch_add(1, Ordering::SeqCst) + 1 == *times
    {
        // Nothing is flushed or dropped, as when the machine's owner ends it.
        let _ = std::process::Command::new("kill").args(["-9", &std::process::id().to_string()]).status();
        std::process::abort();
    }
}

#[cfg(not(feature = "failpoints"))]
pub(crate) const fn reach(_name: &'static str) {}
