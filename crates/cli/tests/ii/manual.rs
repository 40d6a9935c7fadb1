//! `ii --help`, `ii completions` and `ii man`.

use crate::process::{ii, run};

#[test]
fn the_help_tells_the_commands_in_groups() {
    let said = run(ii(&["--help"]));
    assert_eq!(said.code, Some(0));
    for part in [
        "\nJobs:\n  detect ",
        "\nWhat recognition keeps:\n  identities ",
        "\nWebhooks:\n  listen ",
        "\nOptions:\n      --base-url",
        "\n\nExamples:\n",
    ] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    assert!(said.out.lines().all(|line| line.chars().count() <= 100), "{}", said.out);
}

#[test]
fn every_shell_gets_its_completions() {
    for (shell, part) in [
        ("bash", "complete -F _ii"),
        ("zsh", "#compdef ii"),
        ("fish", "complete -c ii"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "set edit:completion:arg-completer[ii]"),
    ] {
        let said = run(ii(&["completions", shell]));
        assert!(said.code == Some(0) && said.out.contains(part), "{shell}");
        assert!(
            ["recognize", "doctor", "trigger", "listen", "replay"].iter().all(|command| said.out.contains(command)),
            "{shell}"
        );
    }
    let said = run(ii(&["completions", "tcsh"]));
    assert!(said.code == Some(2) && said.err.contains("bash, elvish, fish, powershell, zsh"), "{said:#?}");
}

#[test]
fn the_manual_is_one_page_or_all_of_them() {
    let page = run(ii(&["man"])).out;
    assert!(page.contains(".TH ii 1") && page.contains(".nf\nExamples:\n  ii demo "), "{page}");
    let directory = tempfile::tempdir().unwrap();
    let pages = directory.path().join("man1");
    let said = run(ii(&["man", pages.to_str().unwrap()]));
    assert_eq!((said.code, said.out.as_str()), (Some(0), ""), "{said:#?}");
    let ask = std::fs::read_to_string(pages.join("ii-ask.1")).unwrap();
    assert!(ask.contains("Is the door open?"), "{ask}");
    assert!(
        pages.join("ii-jobs-list.1").exists()
            && pages.join("ii-doctor.1").exists()
            && pages.join("ii-trigger.1").exists()
            && pages.join("ii-listen.1").exists()
            && pages.join("ii-inbox-replay.1").exists()
            && pages.join("ii.1").exists()
    );

    std::fs::write(directory.path().join("file"), "").unwrap();
    let said = run(ii(&["man", directory.path().join("file").to_str().unwrap()]));
    assert!(said.code == Some(2) && said.err.contains("pages cannot be written there"), "{said:#?}");
}
