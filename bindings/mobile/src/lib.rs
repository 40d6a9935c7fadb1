//! The Kotlin and Swift border of Image Intelligence: conversion, cancellation and errors, nothing else.
//!
//! uniffi writes both languages' sources from this crate and from core's models. The hand-written part of each language
//! (`kotlin/`, `swift/`) puts its own idiom on top; what is here is not for users.

mod all;
mod callback;
mod cancel;
mod client;
mod completed;
mod failure;
mod image;
mod job;
mod journal;
mod recognition;
mod results;
mod run;
mod testing;
mod webhooks;

uniffi::setup_scaffolding!();
