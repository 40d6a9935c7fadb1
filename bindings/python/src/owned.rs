//! What belongs to the process that made it: after a fork the child neither uses nor drops its parent's.

/// A value that holds sockets, locks or tasks of the process it was made in.
///
/// In a forked child the threads behind it are gone, and its locks may be held by one of them for ever. So the child leaks
/// its copy, without touching it, and makes its own.
pub(crate) struct Owned<T> {
    process: u32,
    /// There until it is dropped.
    value: Option<T>,
}

impl<T> Owned<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { process: std::process::id(), value: Some(value) }
    }

    /// The value, in the process that made it; `None` in a child.
    pub(crate) fn here(&self) -> Option<&T> {
        self.even_a_parents().filter(|_| self.is_here())
    }

    /// The value, in a child too: only for who looks at plain data, and needs neither its sockets nor its locks.
    pub(crate) fn even_a_parents(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// The same, to be changed.
    pub(crate) fn here_mut(&mut self) -> Option<&mut T> {
        if self.is_here() { self.value.as_mut() } else { None }
    }

    /// The value itself, in the process that made it. A child leaks it.
    pub(crate) fn into_here(mut self) -> Option<T> {
        if self.is_here() { self.value.take() } else { None }
    }

    /// Which process made it.
    pub(crate) fn process(&self) -> u32 {
        self.process
    }

    fn is_here(&self) -> bool {
        self.process == std::process::id()
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        if !self.is_here() {
            std::mem::forget(self.value.take());
        }
    }
}
