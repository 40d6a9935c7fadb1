//! What a source of core must not mention.

/// Words that stand for I/O, a clock or chance. Not a proof, but what slips in by habit is caught.
const IMPURE: &[&str] = &[
    "fs::",
    "io::",
    "env::",
    "thread::",
    "process::",
    "File::",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
    "SystemTime::now",
    "Instant",
    "rand::",
    "thread_rng",
    "getrandom",
    "tokio",
    "async_std",
    "reqwest",
    "println!",
    "eprintln!",
    "print!",
    "eprint!",
    "dbg!",
    "std::fs",
    "std::io",
    "std::env",
    "std::thread",
    "std::process",
];

/// Of `std::net` only addresses are pure.
const ADDRESSES: &[&str] = &["IpAddr", "Ipv4Addr", "Ipv6Addr"];

/// What a source mentions and must not, with the number of the line. Comments may speak of anything, and so may the tests
/// at the end of a file.
pub(crate) fn impurities(source: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut lines = source.lines().enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        if line == "#[cfg(test)]" && lines.peek().is_some_and(|(_, next)| next.starts_with("mod tests {")) {
            break;
        }
        let code = line.split("//").next().unwrap_or_default();
        problems.extend(
            IMPURE.iter().filter(|word| mentions(code, word)).map(|word| format!("line {}: {word}", index + 1)),
        );
        if let Some((_, from_net)) = code.split_once("std::net") {
            let names: Vec<_> =
                from_net.split(|c: char| !c.is_alphanumeric()).filter(|name| !name.is_empty()).collect();
            if names.is_empty() || names.iter().any(|name| !ADDRESSES.contains(name)) {
                problems.push(format!("line {}: std::net, but for {}", index + 1, ADDRESSES.join(", ")));
            }
        }
    }
    problems
}

/// Whether the word stands there on its own: `tokio`, and not `tokiology`.
fn mentions(code: &str, word: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        let open_end = word.ends_with(part_of_word) && after.is_some_and(part_of_word);
        !before.is_some_and(part_of_word) && !open_end
    })
}

#[test]
fn what_is_impure_is_seen() {
    for code in [
        "use std::fs;",
        "use std::{fmt, fs::File};",
        "    std::io::stdout().flush();",
        "let now = std::time::SystemTime::now();",
        "use std::time::{Duration, Instant};",
        "std::env::var(\"HOME\")",
        "std::thread::sleep(pause);",
        "rand::random()",
        "getrandom::fill(&mut bytes);",
        "tokio::spawn(task);",
        "    println!(\"{x}\");",
        "use std::net::TcpStream;",
        "use std::net::{IpAddr, SocketAddr};",
        "use std::net;",
    ] {
        assert!(!impurities(code).is_empty(), "{code}");
        assert!(!impurities(&format!("fn pure() {{}}\n{code}\n#[cfg(test)]\nmod tests {{}}")).is_empty(), "{code}");
    }
}

#[test]
fn what_is_pure_passes() {
    for code in [
        "use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};",
        "use std::time::Duration;",
        "// std::fs would be I/O",
        "let operand = brand::new();",
        "struct Instantaneous;",
        "#[cfg(test)]\nmod tests {\n    use std::fs;\n}",
        "write!(f, \"{x}\")",
    ] {
        assert_eq!(impurities(code), Vec::<String>::new(), "{code}");
    }
}
