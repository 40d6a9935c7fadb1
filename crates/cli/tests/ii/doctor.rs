//! `ii doctor`: with all in place, and with one thing amiss at a time.

use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use serde_json::{Value, json};

use crate::process::{Said, Server, ii, photo, run};
use crate::receiver::{Received, Receiver, Reply};

const SECRET: &str = "correct horse battery staple";

/// Every check, of a report that ended with this exit code.
#[track_caller]
fn checks(said: &Said, code: i32) -> Vec<Value> {
    assert_eq!(said.code, Some(code), "{said:#?}");
    assert_eq!(said.err, "", "{said:#?}");
    let mut document: Value = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:#?}"));
    match document["checks"].take() {
        Value::Array(checks) => checks,
        other => panic!("{other}"),
    }
}

/// The one of this name, which went so.
#[track_caller]
fn check<'a>(checks: &'a [Value], name: &str, status: &str) -> &'a Value {
    let check = checks.iter().find(|check| check["check"] == name).unwrap_or_else(|| panic!("no {name}: {checks:#?}"));
    assert_eq!(check["status"], status, "{check:#}");
    if status == "failed" {
        assert!(check["kind"].is_string(), "{check:#}");
    }
    check
}

#[track_caller]
fn says(check: &Value, part: &str) {
    assert!(check["message"].as_str().unwrap().contains(part), "{part}: {check:#}");
}

fn doctor(base_url: &str, arguments: &[&str]) -> Command {
    let mut command = ii(&[&["doctor", "--json"], arguments].concat());
    command.env("II_BASE_URL", base_url);
    command
}

/// An API that gives tokens and knows no job, with a clock that is so far behind.
fn api(behind: Duration) -> Receiver {
    api_that(behind, |_| Reply::answer(404, "", "{}"))
}

fn api_that(behind: Duration, read: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Receiver {
    Receiver::start(move |received: &Received| {
        let date = format!("date: {}\r\n", httpdate::fmt_http_date(SystemTime::now() - behind));
        match received.first.as_str() {
            first if first.starts_with("POST /v2/oauth/token") => {
                let token = json!({"accessToken": "known-to-the-test", "scope": "detect:read"});
                Reply::answer(200, &date, &token.to_string())
            }
            first if first.starts_with("GET /v2/detect/") => read(&date),
            _ => Reply::answer(404, &date, "{}"),
        }
    })
}

#[test]
fn a_server_of_ones_own_is_in_order_and_nothing_is_made() {
    let server = Server::start();
    let photos = photo("");
    let said = run(server.ii(&["doctor", "--json", &photos]));
    let checks = checks(&said, 0);
    for name in ["base_url", "environment", "proxy", "dns", "connection", "credentials", "clock", "read", "limits"] {
        check(&checks, name, "ok");
    }
    says(check(&checks, "tls", "skipped"), "http://");
    says(check(&checks, "pictures", "ok"), "4 pictures");
    assert_eq!(check(&checks, "base_url", "ok")["from"], "II_BASE_URL");
    assert_eq!(check(&checks, "limits", "ok")["images"], 64);
    let scopes = check(&checks, "credentials", "ok")["scopes"].as_array().unwrap();
    assert!(scopes.contains(&"detect:create".into()), "{scopes:?}");
    assert_eq!(server.run(&["jobs", "list", "--json"]).json(), json!([]));

    let said = run(server.ii(&["doctor", "--base-url", &server.base_url]));
    assert_eq!((said.code, said.err.as_str()), (Some(0), "all is in place\n"), "{said:#?}");
    assert!(said.out.lines().all(|line| line.split('\t').count() == 4), "{said:#?}");
    assert!(said.out.contains("ok\tclock\t"), "{said:#?}");
}

#[test]
fn wrong_credentials_are_told_and_the_rest_goes_on() {
    let server = Server::start();
    let mut command = server.ii(&["doctor", "--json"]);
    command.env("II_CLIENT_ID", "local").env("II_CLIENT_SECRET", SECRET);
    let said = run(command);
    let checks = checks(&said, 5);
    let failed = check(&checks, "credentials", "failed");
    assert_eq!(failed["kind"], "authentication");
    assert!(failed["next"].is_string());
    check(&checks, "clock", "ok");
    says(check(&checks, "read", "skipped"), "no token");
    assert!(!said.out.contains(SECRET));
}

#[test]
fn what_is_missing_or_looks_wrong_in_the_environment() {
    let server = Server::start();
    let with = |variables: &[(&str, &str)], code| {
        let mut command = server.ii(&["doctor", "--json"]);
        command.envs(variables.iter().copied());
        let said = run(command);
        assert!(!said.out.contains("hunter2"), "{said:#?}");
        checks(&said, code)
    };
    let half = with(&[("II_CLIENT_ID", "local")], 2);
    says(check(&half, "environment", "failed"), "II_CLIENT_SECRET is not set");
    check(&half, "credentials", "skipped");
    check(&half, "clock", "ok");
    let spaced = with(&[("II_CLIENT_ID", "local"), ("II_CLIENT_SECRET", "hunter2\n")], 5);
    says(check(&spaced, "environment", "warning"), "II_CLIENT_SECRET begins or ends with white space");
    let quoted = with(&[("II_CLIENT_ID", "local"), ("II_CLIENT_SECRET", "\"hunter2\"")], 5);
    says(check(&quoted, "environment", "warning"), "II_CLIENT_SECRET has quotes");
    let keys = with(&[("II_CALLBACK_KEYS", "1:hunter2"), ("II_WEBHOOK_SECRET", "hunter2")], 2);
    says(check(&keys, "callback_keys", "failed"), "II_CALLBACK_KEYS");
    says(check(&keys, "webhook_secret", "failed"), "7 characters; the service takes 8 to 256");
    let keys = [("II_CALLBACK_KEYS", "9:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="), ("II_WEBHOOK_SECRET", SECRET)];
    let keys = with(&keys, 0);
    says(check(&keys, "callback_keys", "ok"), "[9]");
    check(&keys, "webhook_secret", "ok");
}

#[test]
fn a_clock_that_is_off_is_a_warning() {
    let server = api(Duration::from_secs(95));
    let said = run(doctor(&format!("{}/v2", server.url), &[]));
    let checks = checks(&said, 0);
    let clock = check(&checks, "clock", "warning");
    let ahead = clock["apiAheadSeconds"].as_i64().unwrap();
    assert!((-97..=-94).contains(&ahead), "{clock}");
    says(clock, "s ahead of the API's");
    let credentials = check(&checks, "credentials", "warning");
    says(credentials, "they allow no job: detect:read");
    check(&checks, "read", "ok");
    assert!(!said.out.contains("known-to-the-test"));

    let server = api(Duration::from_secs(10));
    let checks = self::checks(&run(doctor(&format!("{}/v2", server.url), &[])), 0);
    says(check(&checks, "clock", "ok"), "which does no harm");
}

#[test]
fn a_read_that_is_not_allowed() {
    let server = api_that(Duration::ZERO, |date| Reply::answer(403, date, "{}"));
    let said = run(doctor(&format!("{}/v2", server.url), &[]));
    let checks = checks(&said, 5);
    let read = check(&checks, "read", "failed");
    assert_eq!(read["kind"], "permission_denied");
    assert!(read["next"].as_str().unwrap().contains("detect:read"), "{read}");
}

#[test]
fn an_api_that_hangs_ends_each_check_in_time() {
    let server = Receiver::start(|_| Reply::Hang(String::new()));
    let said = run(doctor(&format!("{}/v2", server.url), &["--timeout", "300ms"]));
    let checks = checks(&said, 5);
    check(&checks, "connection", "ok");
    assert_eq!(check(&checks, "credentials", "failed")["kind"], "request_timeout");
    check(&checks, "clock", "skipped");
    check(&checks, "read", "skipped");
    check(&checks, "limits", "ok");
}

#[test]
fn nobody_there_and_no_such_name() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/v2", listener.local_addr().unwrap());
    drop(listener);
    let nobody = checks(&run(doctor(&base, &[])), 5);
    let failed = check(&nobody, "connection", "failed");
    assert!(failed["next"].as_str().unwrap().contains("`ii serve` starts one"), "{failed}");
    for name in ["tls", "credentials", "clock", "read"] {
        check(&nobody, name, "skipped");
    }
    let mut command = doctor("https://no-such-host.invalid/v2", &[]);
    command.env("II_CLIENT_ID", "x").env("II_CLIENT_SECRET", "y");
    let unknown = checks(&run(command), 5);
    says(check(&unknown, "dns", "failed"), "no-such-host.invalid has no address");
    check(&unknown, "connection", "skipped");
    check(&unknown, "limits", "ok");
    let unusable = checks(&run(doctor("http://api.example.com/v2", &[])), 2);
    says(check(&unusable, "base_url", "failed"), "not encrypted");
    check(&unusable, "dns", "skipped");
}

/// Serves TLS on a free port with a certificate of its own for `localhost`, and nothing behind it. Gives the port.
fn tls(until: Option<i32>) -> u16 {
    let key = KeyPair::generate().unwrap();
    let mut made = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    if let Some(year) = until {
        (made.not_before, made.not_after) = (date_time_ymd(year - 1, 1, 1), date_time_ymd(year, 1, 1));
    }
    let certificate = made.self_signed(&key).unwrap().der().clone();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.serialize_der().try_into().unwrap())
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut session = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            // Until the other side hangs up, as it should.
            while session.complete_io(&mut stream).is_ok_and(|(read, _)| read > 0) {}
        }
    });
    port
}

#[test]
fn certificates_that_will_not_do() {
    for (until, part) in [(None, "comes from nobody whom `ii` trusts"), (Some(2020), "has expired, ")] {
        let checks = checks(&run(doctor(&format!("https://localhost:{}/v2", tls(until)), &[])), 5);
        check(&checks, "connection", "ok");
        says(check(&checks, "tls", "failed"), part);
        check(&checks, "credentials", "skipped");
    }
    // Something that speaks no TLS.
    let plain = Receiver::status(200);
    let checks = checks(&run(doctor(&format!("{}/v2", plain.url.replace("http", "https")), &["--timeout", "2s"])), 5);
    check(&checks, "tls", "failed");
}

#[test]
fn a_proxy_is_seen_and_used_and_its_password_is_not_shown() {
    let proxy = Receiver::status(407);
    let through = proxy.url.replace("http://", "http://me:hunter2@");
    let with = |base: &str, name: &str, code| {
        let mut command = doctor(base, &[]);
        command.env("II_CLIENT_ID", "x").env("II_CLIENT_SECRET", "y").env(name, &through);
        let said = run(command);
        assert!(!said.out.contains("hunter2") && !said.err.contains("hunter2"), "{said:#?}");
        checks(&said, code)
    };
    let checks = with("https://api.invalid/v2", "HTTPS_PROXY", 5);
    let seen = check(&checks, "proxy", "ok");
    assert_eq!((&seen["used"], &seen["variables"]), (&true.into(), &json!(["HTTPS_PROXY"])));
    says(check(&checks, "tls", "failed"), "407");
    let asked = &proxy.came()[0];
    assert_eq!(asked.first, "CONNECT api.invalid:443 HTTP/1.1");
    assert_eq!(asked.all("proxy-authorization"), ["Basic bWU6aHVudGVyMg=="]);

    let server = api(Duration::ZERO);
    let checks = with(&format!("{}/v2", server.url), "ALL_PROXY", 0);
    says(check(&checks, "proxy", "ok"), "not used: the API is on this machine");
}

#[test]
fn pictures_that_will_not_fit_are_told_one_by_one() {
    let server = api(Duration::ZERO);
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = directory.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let whole = std::fs::read(photo("rocket.jpg")).unwrap();
    let (empty, cut, text) =
        (file("empty.jpg", b""), file("cut.jpg", &whole[..2000]), file("notes.txt", b"not a picture"));
    let huge = file("huge.jpg", &whole);
    std::fs::OpenOptions::new().write(true).open(&huge).unwrap().set_len(90 << 20).unwrap();
    let long = format!("https://images.example.com/{}", "x".repeat(600));
    let good = photo("rocket.jpg");
    let arguments = [&good, &empty, &cut, &text, &huge, "no-such.jpg", &long, "http://10.1.2.3/a.jpg"];
    let checks = checks(&run(doctor(&format!("{}/v2", server.url), &arguments)), 2);
    let of = |part: &str| {
        let found = checks.iter().find(|check| check["message"].as_str().unwrap().contains(part));
        found.unwrap_or_else(|| panic!("{part}: {checks:#?}"))
    };
    for (part, status) in [
        ("empty.jpg: it is empty", "failed"),
        ("cut.jpg: ", "warning"),
        ("notes.txt: it is no picture", "failed"),
        ("huge.jpg: 125829120 bytes in base64", "failed"),
        ("there is no file \"no-such.jpg\"", "failed"),
        ("627 characters, and the API takes 512", "failed"),
        ("something is amiss with 6", "warning"),
    ] {
        assert_eq!(of(part)["status"], status, "{part}");
    }
    assert_eq!(of("huge.jpg")["kind"], "too_large");

    // A hosted API cannot fetch what only this network has.
    let mut command = doctor("https://api.invalid/v2", &["http://10.1.2.3/a.jpg"]);
    command.env("II_CLIENT_ID", "x").env("II_CLIENT_SECRET", "y");
    says(check(&self::checks(&run(command), 5), "picture", "failed"), "the API cannot fetch it from there");
}

#[test]
fn the_public_url_is_asked_as_the_service_would() {
    let server = api(Duration::ZERO);
    let base = format!("{}/v2", server.url);
    let at = |url: &str, code| {
        let mut command = doctor(&base, &["--timeout", "2s", "--public-url", url]);
        command.env("II_WEBHOOK_SECRET", SECRET);
        checks(&run(command), code)
    };
    let receiver = Receiver::status(200);
    let good = at(&format!("{}/ii", receiver.url), 0);
    says(check(&good, "public_url", "ok"), "a hosted service would not");
    says(check(&good, "public_answer", "ok"), "asked from this machine");
    let received = receiver.came().pop().unwrap();
    assert_eq!((received.first.as_str(), &received.json()["event"]), ("POST /ii HTTP/1.1", &"II_DOCTOR".into()));
    assert_eq!(received.all("x-niro-signature"), [image_intelligence::sign(&received.body, &SECRET.into())]);

    for (status, how) in [(204, "failed"), (302, "failed"), (401, "failed"), (404, "warning")] {
        let receiver = Receiver::status(status);
        let seen = at(&format!("{}/cb/secret-token", receiver.url), if how == "failed" { 5 } else { 0 });
        let answer = check(&seen, "public_answer", how);
        assert_eq!(answer["httpStatus"], status);
        assert!(answer["next"].is_string() && !answer.to_string().contains("secret-token"), "{answer}");
    }
    let hanging = Receiver::start(|_| Reply::Hang(String::new()));
    assert_eq!(check(&at(&hanging.url, 5), "public_answer", "failed")["kind"], "request_timeout");
    says(check(&at("https://no-such-host.invalid/", 5), "public_url", "failed"), "has no address");
    check(&at("not a url", 2), "public_answer", "skipped");

    let mut command = doctor("https://api.invalid/v2", &["--public-url", &receiver.url]);
    command.env("II_CLIENT_ID", "x").env("II_CLIENT_SECRET", "y");
    let hosted = checks(&run(command), 5);
    says(check(&hosted, "public_url", "failed"), "the service does not");
}
