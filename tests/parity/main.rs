//! The table of calls, `tests/parity.toml`, held against Rust's own surface both ways. The other languages' tests do the same
//! with theirs, when `cargo xtask test` runs them; Swift's sources are read here too, since few machines have its compiler.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod surface;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use image_intelligence::ErrorKind;
use image_intelligence_tests::parity::{self, Surface};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn table() -> BTreeMap<&'static str, Surface> {
    parity::read(include_str!("../parity.toml")).unwrap_or_else(|problem| panic!("tests/parity.toml: {problem}"))
}

/// What `names` sees in the sources of a folder, whether it can be reached or not.
fn seen(folder: &str, ending: &str, names: fn(&str) -> BTreeSet<String>) -> BTreeSet<String> {
    let (mut folders, mut found) = (vec![root().join(folder)], BTreeSet::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == ending) {
                found.extend(names(&std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    found
}

fn names(surface: &Surface, part: &str) -> BTreeSet<String> {
    surface.parts[part].values().flatten().cloned().collect()
}

fn none(problem: &str, names: &BTreeSet<String>) {
    assert!(names.is_empty(), "{problem}: {names:?}");
}

/// What a crate exports, and which functions of its exports there are.
fn crate_of(name: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let sources = format!("crates/{name}/src");
    let exports = surface::exports(&std::fs::read_to_string(root().join(&sources).join("lib.rs")).unwrap());
    let functions = seen(&sources, "rs", surface::functions).into_iter();
    let reachable = functions.filter(|name| exports.contains(name.split("::").next().unwrap_or_default())).collect();
    (exports, reachable)
}

#[test]
fn rust_has_what_the_table_says_and_nothing_else() {
    let rust = &table()["rust"];
    let (client_exports, client) = crate_of("client");
    let (webhooks_exports, webhooks) = crate_of("webhooks");
    // The client shows core's.
    let core = seen("crates/core/src", "rs", surface::functions).into_iter();
    let core: BTreeSet<String> =
        core.filter(|name| client_exports.contains(name.split("::").next().unwrap_or_default())).collect();
    for read in [&client, &webhooks, &core] {
        assert!(read.len() > 30, "the sources were not read: {read:?}");
    }

    let exports: BTreeSet<String> = client_exports.union(&webhooks_exports).cloned().collect();
    let there: BTreeSet<String> = client.iter().chain(&webhooks).chain(&core).cloned().collect();
    let own: BTreeSet<String> = rust.own.keys().cloned().collect();
    let said: BTreeSet<String> = names(rust, "calls").union(&own).cloned().collect();
    none("in the table, and not in Rust", &said.difference(&there).cloned().collect());
    none("a type in the table, and not in Rust", &names(rust, "types").difference(&exports).cloned().collect());
    // Of core only functions that stand alone: its types have more to them than the others need.
    let alone = core.into_iter().filter(|name| !name.contains("::"));
    let public: BTreeSet<String> = client.into_iter().chain(webhooks).chain(alone).collect();
    none("in Rust, and not in the table", &public.difference(&said).cloned().collect());
}

#[test]
fn swift_has_what_the_table_says_and_nothing_else() {
    let there = seen("bindings/mobile/swift/Sources", "swift", surface::swift);
    assert!(there.len() > 30, "the sources were not read: {there:?}");
    let said: BTreeSet<String> = table()["swift"].names().map(str::to_owned).collect();
    none("in the table, and not in Swift", &said.difference(&there).cloned().collect());
    none("in Swift, and not in the table", &there.difference(&said).cloned().collect());
}

#[test]
fn every_kind_of_error_is_in_the_table() {
    let surfaces = table();
    let kinds: BTreeSet<String> = ErrorKind::ALL.iter().map(|kind| kind.as_str().to_owned()).collect();
    for (language, surface) in &surfaces {
        let rows: BTreeSet<String> = surface.parts["errors"].keys().filter(|row| *row != "any").cloned().collect();
        assert_eq!(rows, kinds, "{language}");
        // The caller's own cancel is the language's own; everything else has a name.
        for (row, names) in surface.parts["errors"].iter().filter(|(row, _)| *row != "cancelled") {
            assert!(!names.is_empty(), "{language} has no name for {row}");
        }
    }
    for kind in ErrorKind::ALL {
        assert_eq!(surfaces["rust"].parts["errors"][kind.as_str()], [format!("ErrorKind::{kind:?}")]);
    }
}
