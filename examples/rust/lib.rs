//! The small programs a person would write.
