//! `ii serve`: says where it is, keeps jobs where it was told to, and goes in order.

use crate::process::{Running, Server, ii, photo, run};

#[test]
fn a_port_that_is_taken_is_told_with_the_way_out() {
    let server = Server::start();
    let port = server.base_url.rsplit(':').next().unwrap().trim_end_matches("/v2");
    let said = run(ii(&["serve", "--port", port]));
    assert_eq!(said.code, Some(2), "{said:#?}");
    assert!(said.err.contains("--port 0"), "{said:#?}");
}

#[test]
fn other_machines_need_credentials() {
    let error = run(ii(&["serve", "--bind", "0.0.0.0", "--port", "0", "--json"])).error(2);
    assert_eq!(error["kind"], "config");
    assert!(error["hint"].as_str().unwrap().contains("--credentials FILE"), "{error}");
}

#[cfg(unix)]
#[test]
fn it_says_what_to_set_and_ends_when_asked() {
    use std::io::{BufRead as _, BufReader};

    for signal in ["TERM", "INT"] {
        let mut server = Running::start(ii(&["serve", "--port", "0"]));
        let out = BufReader::new(server.child.stdout.take().unwrap());
        let lines: Vec<String> = out.lines().map(Result::unwrap).take_while(|line| !line.starts_with("Then")).collect();
        let base =
            lines.iter().find_map(|line| line.trim().strip_prefix("export II_BASE_URL=")).expect("an export line");
        assert!(base.starts_with("http://127.0.0.1:") && base.ends_with("/v2"));
        for (name, value) in [("II_CLIENT_ID", "local"), ("II_CLIENT_SECRET", "local")] {
            assert!(lines.iter().any(|line| line.trim() == format!("export {name}={value}")), "{lines:#?}");
        }
        server.signal(signal);
        let (status, err) = server.end();
        assert_eq!(status.code(), Some(0), "{err}");
    }
}

#[test]
fn credentials_and_jobs_in_files() {
    let directory = tempfile::tempdir().unwrap();
    let (credentials, jobs) = (directory.path().join("clients.json"), directory.path().join("jobs.db"));
    std::fs::write(&credentials, r#"[{"clientId": "desk", "clientSecret": "s3cret-of-the-desk"}]"#).unwrap();
    let options = ["--credentials", credentials.to_str().unwrap(), "--db", jobs.to_str().unwrap()];
    let at = |server: &Server, arguments: &[&str]| {
        let mut command = server.ii(arguments);
        command.env("II_CLIENT_ID", "desk").env("II_CLIENT_SECRET", "s3cret-of-the-desk");
        run(command).json()
    };
    let server = Server::with(&options);
    let arguments = ["detect", &photo("astronaut.jpg"), "--class", "person", "--json"];
    assert_eq!(server.run(&arguments).error(5)["kind"], "authentication", "nobody is `local` there");
    let job = at(&server, &arguments);
    drop(server);

    let server = Server::with(&options);
    let again = at(&server, &["jobs", "get", job["id"].as_str().unwrap(), "--json"]);
    assert_eq!(again["imageResults"][0]["objects"], job["imageResults"][0]["objects"]);
}
