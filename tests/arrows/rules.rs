//! Which crate may depend on which, and what may stand where.

use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone)]
pub(crate) struct Crate {
    pub(crate) name: String,
    /// Not those of tests and examples.
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) features: BTreeMap<String, Vec<String>>,
}

#[derive(Clone)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) optional: bool,
}

const CORE: &str = "image-intelligence-core";
const CLIENT: &str = "image-intelligence";
const WEBHOOKS: &str = "image-intelligence-webhooks";
const VISION: &str = "image-intelligence-vision";
const SERVER: &str = "image-intelligence-server";
const TESTS: &str = "image-intelligence-tests";

enum Arrow {
    Always(&'static str),
    /// Only as an optional dependency, behind a feature.
    ByFeature(&'static str),
}
use Arrow::{Always, ByFeature};

/// Every crate of the workspace, and the crates of the workspace that stand below it.
const BELOW: &[(&str, &[Arrow])] = &[
    (CORE, &[]),
    (CLIENT, &[Always(CORE)]),
    (WEBHOOKS, &[Always(CORE)]),
    (VISION, &[Always(CORE)]),
    (SERVER, &[Always(CORE), ByFeature(VISION)]),
    ("image-intelligence-cli", &[Always(CORE), Always(CLIENT), Always(WEBHOOKS), Always(VISION), Always(SERVER)]),
    ("image-intelligence-python", &[Always(CORE), Always(CLIENT), Always(WEBHOOKS), Always(SERVER)]),
    ("image-intelligence-node", &[Always(CORE), Always(CLIENT), Always(WEBHOOKS), Always(SERVER)]),
    ("image-intelligence-mobile", &[Always(CORE), Always(CLIENT), Always(WEBHOOKS), Always(SERVER)]),
    // Writes Kotlin and Swift from what the border says of itself.
    ("image-intelligence-bindgen", &[]),
    // The generator of Kotlin and Swift reads a built library, and stands on nothing here.
    ("image-intelligence-bindgen", &[]),
    ("xtask", &[Always(CORE), Always(CLIENT), Always(WEBHOOKS), Always(VISION), Always(SERVER), Always(TESTS)]),
    ("image-intelligence-examples", &[Always(CLIENT), Always(WEBHOOKS)]),
    (TESTS, &[]),
];

/// What core may stand on; each does no I/O.
const CORE_NEEDS: &[&str] = &[
    "base64",
    "hkdf",
    "hmac",
    "httpdate",
    "serde",
    "serde_json",
    "serde_path_to_error",
    "sha1",
    "sha2",
    "simdutf8",
    "subtle",
    "uniffi",
    "url",
    "zeroize",
];

const TOP: &[&str] = &[
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "NOTICE",
    "Package.swift",
    "README.md",
    "RELEASING.md",
    "SECURITY.md",
    "bindings",
    "crates",
    "deny.toml",
    "examples",
    "node",
    "python",
    "rust-toolchain.toml",
    "tests",
];

pub(crate) fn arrows(crates: &[Crate]) -> Vec<String> {
    let ours: BTreeSet<&str> =
        crates.iter().map(|each| each.name.as_str()).chain(BELOW.iter().map(|row| row.0)).collect();
    let mut problems = Vec::new();
    for each in crates {
        let Some((_, below)) = BELOW.iter().find(|(name, _)| *name == each.name) else {
            problems.push(format!("{} is new: say in tests/arrows/rules.rs what it may depend on", each.name));
            continue;
        };
        for dependency in each.dependencies.iter().filter(|dependency| ours.contains(dependency.name.as_str())) {
            let arrow = below.iter().find(|(Always(name) | ByFeature(name))| *name == dependency.name);
            match arrow {
                None => problems.push(format!("{} must not depend on {}", each.name, dependency.name)),
                Some(ByFeature(_)) if !dependency.optional => {
                    problems.push(format!("{} may depend on {} only by a feature", each.name, dependency.name));
                }
                Some(_) => {}
            }
        }
    }
    problems
}

fn of<'a>(crates: &'a [Crate], name: &str, problems: &mut Vec<String>) -> Option<&'a Crate> {
    let found = crates.iter().find(|each| each.name == name);
    if found.is_none() {
        problems.push(format!("{name} is not in the workspace"));
    }
    found
}

pub(crate) fn core_dependencies(crates: &[Crate]) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(core) = of(crates, CORE, &mut problems) {
        let others = core.dependencies.iter().filter(|dependency| !CORE_NEEDS.contains(&dependency.name.as_str()));
        problems.extend(others.map(|dependency| {
            format!("core depends on {}: if it does no I/O, add it to tests/arrows/rules.rs", dependency.name)
        }));
    }
    problems
}

pub(crate) fn features(crates: &[Crate]) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(core) = of(crates, CORE, &mut problems) {
        let others = core.features.keys().filter(|name| *name != "uniffi");
        problems.extend(others.map(|name| format!("core has a feature {name}; it has none but uniffi")));
    }
    if let Some(server) = of(crates, SERVER, &mut problems) {
        if server.features.get("default").is_some_and(|on| !on.is_empty()) {
            problems.push("the server's default features are not empty: the model must be asked for".to_owned());
        }
        if !server.features.contains_key("vision") {
            problems.push("the server has no feature vision".to_owned());
        }
    }
    problems
}

pub(crate) fn layout(top: &BTreeSet<String>) -> Vec<String> {
    let mut problems: Vec<_> = top
        .iter()
        .filter(|name| !name.starts_with('.') && !TOP.contains(&name.as_str()))
        .map(|name| format!("{name} stands at the top of the tree, where design has no place for it"))
        .collect();
    if !top.contains("crates") {
        problems.push("there is no crates/: is this the top of the tree?".to_owned());
    }
    problems
}

fn made_up(name: &str, dependencies: &[(&str, bool)], features: &[(&str, &[&str])]) -> Crate {
    let dependencies =
        dependencies.iter().map(|&(name, optional)| Dependency { name: name.to_owned(), optional }).collect();
    let features = features
        .iter()
        .map(|(name, on)| ((*name).to_owned(), on.iter().map(|on| (*on).to_owned()).collect()))
        .collect();
    Crate { name: name.to_owned(), dependencies, features }
}

#[test]
fn an_arrow_that_points_up_or_aside_is_seen() {
    let wrong = [
        (CORE, CLIENT),
        (CORE, "xtask"),
        (CLIENT, SERVER),
        (CLIENT, WEBHOOKS),
        (WEBHOOKS, CLIENT),
        (WEBHOOKS, SERVER),
        (SERVER, CLIENT),
        (SERVER, WEBHOOKS),
        (VISION, SERVER),
        (SERVER, "image-intelligence-cli"),
        ("image-intelligence-cli", "xtask"),
        ("image-intelligence-examples", SERVER),
    ];
    for (from, to) in wrong {
        let problems = arrows(&[made_up(from, &[(to, true)], &[])]);
        assert_eq!(problems, [format!("{from} must not depend on {to}")]);
    }
    // A crate that nobody knows is one problem, an arrow to it another.
    let stranger = made_up("image-intelligence-ruby", &[(CORE, false)], &[]);
    let problems = arrows(&[stranger, made_up(CORE, &[("image-intelligence-ruby", false)], &[])]);
    assert_eq!(problems.len(), 2, "{problems:?}");
}

#[test]
fn arrows_that_point_down_pass() {
    let good = [
        made_up(CLIENT, &[(CORE, false), ("reqwest", false)], &[]),
        made_up(SERVER, &[(CORE, false), (VISION, true)], &[]),
        made_up("image-intelligence-cli", &[(SERVER, false), (CLIENT, false)], &[]),
    ];
    assert_eq!(arrows(&good), Vec::<String>::new());
}

#[test]
fn a_server_that_cannot_do_without_vision_is_seen() {
    let problems = arrows(&[made_up(SERVER, &[(VISION, false)], &[])]);
    assert_eq!(problems, [format!("{SERVER} may depend on {VISION} only by a feature")]);
}

#[test]
fn a_dependency_that_core_must_not_have_is_seen() {
    assert_eq!(core_dependencies(&[made_up(CORE, &[("serde", false), ("tokio", true)], &[])]).len(), 1);
    assert_eq!(core_dependencies(&[made_up(CORE, &[("serde", false)], &[])]).len(), 0);
    assert_eq!(core_dependencies(&[]).len(), 1);
}

#[test]
fn features_that_should_not_be_are_seen() {
    let core = made_up(CORE, &[], &[("uniffi", &[])]);
    let server = made_up(SERVER, &[], &[("default", &[]), ("vision", &["dep:image-intelligence-vision"])]);
    assert_eq!(features(&[core.clone(), server.clone()]), Vec::<String>::new());
    assert_eq!(features(&[made_up(CORE, &[], &[("tokio", &[])]), server.clone()]).len(), 1);
    assert_eq!(features(&[core.clone(), made_up(SERVER, &[], &[("default", &["vision"]), ("vision", &[])])]).len(), 1);
    assert_eq!(features(&[core, made_up(SERVER, &[], &[])]).len(), 1);
    assert_eq!(features(&[server]).len(), 1);
}

#[test]
fn a_stranger_at_the_top_is_seen() {
    let top = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(layout(&top(&["crates", ".github", "README.md"])), Vec::<String>::new());
    assert_eq!(layout(&top(&["crates", "utils"])).len(), 1);
    assert_eq!(layout(&top(&["README.md"])).len(), 1);
}
