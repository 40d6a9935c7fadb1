//! `ii token` and `ii webhooks`: what is secret goes where it was asked to go, and nowhere else.

use serde_json::json;

use crate::process::{Said, Server, ii, run};
use crate::scripted::{ii_at, scripted};

const SECRET: &str = "correct horse battery staple";
const HOOK: &str = "https://hooks.example.com/ii";

fn is_quiet(said: &Said, secret: &str) {
    assert!(!said.out.contains(secret) && !said.err.contains(secret), "{said:#?}");
}

#[test]
fn a_token_is_shown_only_where_it_is_asked_for() {
    let server = Server::start();
    let shown = server.run(&["token", "--show"]);
    assert_eq!((shown.code, shown.out.lines().count(), shown.err.as_str()), (Some(0), 1, ""), "{shown:#?}");
    assert!(shown.out.trim_end().len() > 16);

    let document = server.run(&["token", "--json"]).json();
    let scopes: Vec<_> = document["scopes"].as_array().unwrap().iter().map(|scope| scope.as_str().unwrap()).collect();
    assert!(scopes.contains(&"ask:create") && scopes.contains(&"detect:read"), "{document}");
    assert_eq!(document["orgName"], "local");
    let life = document["expiresAt"].as_i64().unwrap() - document["issuedAt"].as_i64().unwrap();
    assert_eq!(life, 24 * 3600 * 1000);
    assert!(document.get("accessToken").is_none());

    // A server whose token is known, so that it can be looked for.
    let base = scripted(|_, _| json!({}).into());
    for arguments in [&["token", "-vvv"][..], &["token", "--json"], &["token", "--ndjson"]] {
        let said = run(ii_at(&base, arguments));
        assert_eq!(said.code, Some(0), "{said:#?}");
        is_quiet(&said, "known-to-the-test");
    }
    assert_eq!(run(ii_at(&base, &["token", "--show"])).out, "known-to-the-test\n");
    let text = run(ii_at(&base, &["token"])).out;
    assert!(
        text.contains("scopes\tdetect:create detect:read\n") && text.contains("expires\tthe API does not say"),
        "{text}"
    );
    assert_eq!(run(ii(&["token", "--show", "--json"])).error(2)["kind"], "config");
}

#[test]
fn wrong_credentials_are_told_and_not_repeated() {
    let server = Server::start();
    let mut command = server.ii(&["token", "-vvv"]);
    command.env("II_CLIENT_ID", "local").env("II_CLIENT_SECRET", SECRET);
    let said = run(command);
    assert_eq!(said.code, Some(5), "{said:#?}");
    is_quiet(&said, SECRET);
}

#[test]
fn a_webhook_is_registered_with_a_secret_that_nobody_sees() {
    let server = Server::start();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("secret.txt");
    std::fs::write(&file, format!("{SECRET}\n")).unwrap();
    let register = ["webhooks", "register", HOOK, "--secret-key-file", file.to_str().unwrap()];
    let error = server.run(&[&register[..], &["--json"]].concat()).error(2);
    assert!(error["message"].as_str().unwrap().contains("cannot be taken back"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("--yes"), "{error}");

    let said = server.run(&[&register[..], &["--yes", "--json", "-vvv"]].concat());
    let document: serde_json::Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{said:#?}"));
    assert_eq!((&document["url"], document["id"].is_string()), (&HOOK.into(), true));
    assert!(document.get("secretKey").is_none());
    is_quiet(&said, SECRET);

    let again = server.run(&[&register[..], &["--yes", "--json"]].concat());
    assert_eq!(again.error(5)["kind"], "bad_request");
    is_quiet(&again, SECRET);
}

#[test]
fn a_secret_of_the_environment_and_what_the_server_says_back() {
    // It answers with the very secret, as a server may; and refuses by it.
    let base = scripted(|request, body| {
        let sent: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
        assert!(request.starts_with("POST /webhooks"), "{request}");
        json!({"id": "w-1", "url": sent["url"], "secretKey": sent["secretKey"], "application": "door"}).into()
    });
    let mut command = ii_at(&base, &["webhooks", "register", HOOK, "--yes", "-vvv"]);
    command.env("II_WEBHOOK_SECRET", SECRET);
    let said = run(command);
    assert_eq!(said.out, format!("id\tw-1\nurl\t{HOOK}\napplication\tdoor\n"), "{said:#?}");
    is_quiet(&said, SECRET);
}

#[test]
fn a_secret_that_the_service_makes_up_is_kept_in_a_file() {
    let base = scripted(|_, _| json!({"id": "w-1", "url": HOOK, "secretKey": SECRET}).into());
    let directory = tempfile::tempdir().unwrap();
    let register = |options: &[&str]| {
        let mut command = ii_at(&base, &[&["webhooks", "register", HOOK, "--yes"], options].concat());
        command.current_dir(directory.path());
        run(command)
    };
    let said = register(&[]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    assert!(said.err.contains("events will not be signed") && said.err.contains("it is in ii-webhook-secret.txt"));
    is_quiet(&said, SECRET);
    let file = directory.path().join("ii-webhook-secret.txt");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("{SECRET}\n"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let error = register(&["--json"]).error(2);
    assert!(error["message"].as_str().unwrap().contains("--save-secret ii-webhook-secret.txt: no new file"), "{error}");
}

#[test]
fn a_file_without_need_is_not_left() {
    let base = scripted(|_, _| json!({"id": "w-1", "url": HOOK}).into());
    let directory = tempfile::tempdir().unwrap();
    let mut command = ii_at(&base, &["webhooks", "register", HOOK, "--yes", "--json"]);
    command.current_dir(directory.path());
    assert_eq!(run(command).json(), json!({"id": "w-1", "url": HOOK}));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn what_is_wrong_with_a_secret_is_told_without_it() {
    let directory = tempfile::tempdir().unwrap();
    let refused = |text: &str| {
        let file = directory.path().join("secret.txt");
        std::fs::write(&file, text).unwrap();
        let arguments = ["webhooks", "register", HOOK, "--yes", "--json", "--secret-key-file", file.to_str().unwrap()];
        let said = run(ii(&[&arguments[..], &["--base-url", "http://127.0.0.1:9/v2"]].concat()));
        is_quiet(&said, "hunter");
        said.error(2)["message"].as_str().unwrap().to_owned()
    };
    assert!(refused("hunter2\n").contains("secretKey: 7 characters given, 8 to 256 wanted"));
    assert!(refused("").contains("it is empty"));
    assert!(refused("hunter2hunter2\nhunter3\n").contains("it is of several lines"));
    assert!(refused(&"hunter".repeat(50)).contains("secretKey: 300 characters given"));
    let missing = ["webhooks", "register", HOOK, "--yes", "--json", "--secret-key-file", "no-such-file"];
    let error = run(ii(&[&missing[..], &["--base-url", "http://127.0.0.1:9/v2"]].concat())).error(2);
    assert!(
        error["message"].as_str().unwrap().contains("--secret-key-file no-such-file: it cannot be read"),
        "{error}"
    );
}
