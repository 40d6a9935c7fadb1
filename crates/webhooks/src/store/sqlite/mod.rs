//! The inbox in a file of this machine.
