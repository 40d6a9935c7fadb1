//! The order of the workspace: arrows between crates point down, core stays pure, and the top of the tree holds what
//! design says it holds. The rules are in `rules.rs`; each is shown to fail on something made up, and then put to the
//! workspace as it is.

mod purity;
mod rules;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};
use rules::{Crate, Dependency};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn workspace() -> Vec<Crate> {
    let metadata: Metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .unwrap_or_else(|error| unreadable(&error));
    metadata
        .packages
        .iter()
        .map(|package| Crate {
            name: package.name.to_string(),
            // What only tests and examples need may point anywhere.
            dependencies: package
                .dependencies
                .iter()
                .filter(|dependency| dependency.kind != DependencyKind::Development)
                .map(|dependency| Dependency { name: dependency.name.clone(), optional: dependency.optional })
                .collect(),
            features: package.features.clone(),
        })
        .collect()
}

#[expect(clippy::panic, reason = "there is nothing to test without it")]
fn unreadable(what: &dyn std::fmt::Display) -> ! {
    panic!("{what}")
}

/// The names at the top of the tree, as git tracks them; without git, as they stand there.
fn top() -> BTreeSet<String> {
    let tracked = std::process::Command::new("git").arg("-C").arg(root()).args(["ls-files", "-z"]).output();
    let names: BTreeSet<String> = match tracked {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout)
            .split('\0')
            .filter_map(|path| path.split('/').next())
            .map(str::to_owned)
            .collect(),
        _ => std::fs::read_dir(root())
            .unwrap_or_else(|error| unreadable(&error))
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name != "target")
            .collect(),
    };
    names.into_iter().filter(|name| !name.is_empty()).collect()
}

fn none(problems: &[String]) {
    assert!(problems.is_empty(), "\n  {}", problems.join("\n  "));
}

#[test]
fn arrows_point_down() {
    let crates = workspace();
    assert!(crates.len() > 5, "only {} crates in the workspace", crates.len());
    none(&rules::arrows(&crates));
}

#[test]
fn core_depends_on_what_it_needs_and_nothing_else() {
    none(&rules::core_dependencies(&workspace()));
}

#[test]
fn features_are_few() {
    none(&rules::features(&workspace()));
}

#[test]
fn the_top_of_the_tree_holds_what_design_says() {
    none(&rules::layout(&top()));
}

#[test]
fn core_does_no_io_reads_no_clock_and_draws_no_random_number() {
    let mut folders = vec![root().join("crates/core/src")];
    let (mut looked, mut problems) = (0, Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && path.file_name().is_some_and(|name| name != "tests.rs")
            {
                looked += 1;
                let found = purity::impurities(&std::fs::read_to_string(&path).unwrap());
                problems.extend(found.into_iter().map(|problem| format!("{}: {problem}", path.display())));
            }
        }
    }
    assert!(looked > 20, "only {looked} files were looked at");
    none(&problems);
}
