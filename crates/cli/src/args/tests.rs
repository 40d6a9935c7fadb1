//! The command line against what is said of it.

use clap::{Command as Clap, CommandFactory as _, Parser as _};

use super::*;

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn the_groups_of_the_help_name_every_command_as_it_describes_itself() {
    let lines: Vec<_> =
        help::TEMPLATE.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for command in Cli::command().get_subcommands() {
        let expected = format!("{} {}", command.get_name(), command.get_about().unwrap());
        assert!(lines.contains(&expected), "{expected}");
    }
}

/// The commands that do something, each with the words that lead to it.
fn leaves(command: &Clap, path: &str, found: &mut Vec<(String, String)>) {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    found.push((path.to_owned(), help));
    for below in command.get_subcommands() {
        leaves(below, &format!("{path} {}", below.get_name()), found);
    }
}

/// The words of an example as a shell has them: without quotes, redirections, pipes, and the remark after two spaces.
fn words(line: &str) -> Vec<String> {
    let line = line.split("   ").next().unwrap_or_default().split("    then").next().unwrap_or_default();
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for character in line.chars() {
        match (character, quote) {
            ('"' | '\'', None) => quote = Some(character),
            (same, Some(open)) if same == open => quote = None,
            ('|' | '>', None) => break,
            (' ', None) => words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty())),
            (other, _) => word.push(other),
        }
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

#[test]
fn every_command_has_an_example_and_every_example_is_a_command_line() {
    let mut commands = Vec::new();
    leaves(&Cli::command(), "ii", &mut commands);
    assert!(commands.len() > 25, "{commands:?}");
    for (path, help) in commands {
        // Wider lines are wrapped on a terminal of 80 columns, and spoil their columns.
        assert!(help.lines().all(|line| line.chars().count() <= 84), "{path}");
        let help = help.replace("\\\n    ", "");
        let examples: Vec<_> = help.lines().filter_map(|line| line.strip_prefix("  ")).collect();
        let examples: Vec<_> = examples.into_iter().filter(|line| line.starts_with("ii ")).collect();
        assert!(examples.iter().any(|example| example.starts_with(&path)), "{path} has no example");
        for example in examples {
            let words = words(example);
            if let Err(error) = Cli::try_parse_from(&words) {
                panic!("{path}: {example}: {error}");
            }
        }
    }
}

#[test]
fn no_option_takes_a_webhooks_secret() {
    let error =
        Cli::try_parse_from(["ii", "webhooks", "register", "https://x.test", "--secret-key", "hunter2-hunter2"]);
    assert_eq!(error.unwrap_err().kind(), ClapErrorKind::UnknownArgument);
}

#[test]
fn a_search_is_what_the_options_say() {
    let search = |options: &[&str]| {
        let words = [&["ii", "images", "list", "-n", "staff"], options].concat();
        match Cli::try_parse_from(words).unwrap().command {
            Command::Images(ImagesCommand::List(args)) => String::from_utf8(args.search().unwrap().to_json()).unwrap(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(search(&[]), "{}");
    assert_eq!(search(&["--without-custom-id"]), r#"{"customIds":null}"#);
    assert_eq!(search(&["--without-feed-id", "--oldest-first"]), r#"{"sortBy":"ASC","feedIds":null}"#);
    assert_eq!(search(&["--id", "a", "--id", "b", "--limit", "5"]), r#"{"limit":5,"ids":["a","b"]}"#);
    assert_eq!(
        search(&["--custom-id", "a", "--after", "1487648348000"]),
        r#"{"start":1487648348000,"customIds":["a"]}"#
    );
}
