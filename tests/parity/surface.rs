//! The public names of a crate, read off its sources. It reads what rustfmt writes: an item of a file begins at the left
//! edge, one of an `impl` or a trait four columns further in.

use std::collections::{BTreeMap, BTreeSet};

/// The public functions of a source: `Type::name`, or `name` alone.
pub(crate) fn functions(source: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut owner: Option<(String, bool)> = None;
    let mut hidden = false;
    // What a macro gives to every type that it is called with.
    let mut shared: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut macro_name = None;
    for line in source.lines() {
        let item = line.trim_start();
        if item.starts_with("#[") || item.starts_with("//") {
            hidden |= item == "#[doc(hidden)]";
            continue;
        }
        if std::mem::take(&mut hidden) {
            continue;
        }
        if line.starts_with('}') {
            (owner, macro_name) = (None, None);
        } else if let Some(name) = line.strip_prefix("macro_rules! ") {
            macro_name = Some(word(name));
        } else if let (Some(name), Some(inner)) = (&macro_name, line.strip_prefix("            ")) {
            shared.entry(name.clone()).or_default().extend(function(inner, "pub "));
        } else if let Some((name, owner)) = line.strip_suffix(");").and_then(|call| call.split_once("!(")) {
            let given = shared.get(name).into_iter().flatten();
            found.extend(given.map(|function| format!("{owner}::{function}")));
        } else if let Some(rest) = line.strip_prefix("impl").filter(|rest| rest.starts_with([' ', '<'])) {
            // What a trait asks for is the trait's.
            let header = after_generics(rest);
            owner = (!header.contains(" for ")).then(|| (word(header), false));
        } else if let Some(rest) = line.strip_prefix("pub trait ") {
            owner = Some((word(rest), true));
        } else if let Some(name) = function(line, "pub ") {
            found.insert(name);
        } else if let (Some((owner, is_trait)), Some(inner)) = (&owner, line.strip_prefix("    "))
            && let Some(name) = function(inner, if *is_trait { "" } else { "pub " })
        {
            found.insert(format!("{owner}::{name}"));
        }
    }
    found
}

/// The names of a crate's root: what stands in its `pub use`, and is not hidden.
pub(crate) fn exports(root: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let items: Vec<_> = root.split("\npub use ").collect();
    for pair in items.windows(2).filter(|pair| !pair[0].ends_with("#[doc(hidden)]")) {
        let item = pair[1];
        let item = item.split(';').next().unwrap_or_default();
        let names = item.rsplit_once("::{").map_or_else(|| item.rsplit("::").next(), |(_, names)| Some(names));
        let names = names.unwrap_or_default().trim_end_matches('}').split(',').map(str::trim);
        found.extend(names.filter(|name| !name.is_empty()).map(str::to_owned));
    }
    found
}

/// The public names of a Swift source: types, their functions and properties, and the cases of what is thrown.
pub(crate) fn swift(source: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut owner = String::new();
    for line in source.lines() {
        if line.starts_with('}') {
            owner.clear();
        } else if let Some(name) = after_word(line, &["extension "]) {
            owner = name;
        } else if let Some(name) = after_word(line, &["public class ", "public struct ", "public enum "])
            .or_else(|| after_word(line, &["public final class ", "public actor ", "public protocol "]))
        {
            owner.clone_from(&name);
            found.insert(name);
        } else if let Some(name) =
            after_word(line, &["public typealias ", "public func ", "public let ", "public var "])
        {
            found.insert(name);
        } else if let Some(inner) = line.strip_prefix("    ") {
            let member = after_word(inner, &["public func ", "public static func ", "public var ", "public let "])
                .or_else(|| after_word(inner, &["public static let ", "public static var "]))
                .or_else(|| after_word(inner, &["case "]).filter(|_| owner.ends_with("Error")));
            found.extend(member.filter(|_| !owner.is_empty()).map(|member| format!("{owner}.{member}")));
        }
    }
    found
}

fn after_word(line: &str, beginnings: &[&str]) -> Option<String> {
    beginnings.iter().find_map(|beginning| line.strip_prefix(beginning)).map(word)
}

/// The name of the function that a line begins.
fn function(line: &str, visible: &str) -> Option<String> {
    let rest = line.strip_prefix(visible)?;
    let rest = rest.strip_prefix("const ").unwrap_or(rest);
    let rest = rest.strip_prefix("async ").unwrap_or(rest);
    rest.strip_prefix("fn ").map(word)
}

fn after_generics(rest: &str) -> &str {
    let mut depth = 0_usize;
    for (index, letter) in rest.char_indices() {
        match letter {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            ' ' if depth == 0 => return rest[index..].trim_start(),
            _ => {}
        }
    }
    rest
}

fn word(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

#[test]
fn functions_are_seen() {
    let source = "\
pub fn free(a: u8) {
    pub fn inner() {}
}
fn hidden() {}
impl<K: Into<Vec<u8>>> Job<K> {
    /// pub fn comment
    pub async fn wait(&self) {}
    fn own(&self) {}
    pub(crate) fn ours() {}
}
impl Display for Job<u8> {
    fn fmt() {}
}
pub trait Provider: Send {
    fn token(&self);
}
pub const fn constant() {}
#[doc(hidden)]
#[must_use]
pub fn not_meant_for_people() {}
macro_rules! settings {
    ($builder:ident) => {
        impl $builder<u8> {
            pub fn class(mut self) -> Self {}
            fn own() {}
        }
    };
}
settings!(One);
settings!(Other);
";
    let found: Vec<_> = functions(source).into_iter().collect();
    assert_eq!(found, ["Job::wait", "One::class", "Other::class", "Provider::token", "constant", "free"]);
}

#[test]
fn exports_are_seen() {
    let root = "//! pub use no::More;\npub use a::B;\npub use core::{\n    C, D,\n    e,\n};\nuse f::G;
#[doc(hidden)]\npub use border::{No};\n";
    let found: Vec<_> = exports(root).into_iter().collect();
    assert_eq!(found, ["B", "C", "D", "e"]);
}

#[test]
fn swift_is_seen() {
    let source = "\
public final class Client: Sendable {
    public init() {}
    public var jobs: Jobs { Jobs() }
    func hidden() {}
    public func detect(
        public func deeper() {}
    ) {}
}
extension Job {
    public func found() {}
}
public typealias Kind = Native.Kind
public enum AnError: Error {
    case config(Details)
}
public enum Event {
    case detect(Job)
}
public func free() {}
";
    let found: Vec<_> = swift(source).into_iter().collect();
    let names =
        ["AnError", "AnError.config", "Client", "Client.detect", "Client.jobs", "Event", "Job.found", "Kind", "free"];
    assert_eq!(found, names);
}
