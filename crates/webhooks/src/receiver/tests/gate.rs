//! The desk of who has no inbox.

use bytes::Bytes;
use image_intelligence_core::{ErrorKind, EventKind, sign};

use super::secrecy::Heard;
use super::{BASE, done, keys, path_of};
use crate::border::Judged;
use crate::receiver::{Answer, Arrived, Gate, Passed};

const SECRET: &str = "hunter2hunter2";
const EVENT: &[u8] = br#"{"event":"IDENTITY_CREATED","identity":{"id":"i-1","images":[]}}"#;

fn jobs() -> Gate {
    Gate::for_jobs(keys(), [BASE]).unwrap()
}

fn events() -> Gate {
    Gate::for_events([SECRET], false).unwrap()
}

fn passed(gate: &Gate, path: &str, headers: &[(&str, &str)]) -> Result<Passed, Answer> {
    gate.admit("POST", path, headers.iter().map(|(name, value)| (*name, value.as_bytes())))
}

fn answered(gate: &Gate, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Arrived, Answer> {
    let mut passed = passed(gate, path, headers)?;
    for piece in body.chunks(10) {
        passed.push(Bytes::copy_from_slice(piece))?;
    }
    passed.finish()
}

fn status(answered: Result<impl Sized, Answer>) -> u16 {
    answered.map_or_else(|answer| answer.status, |_| panic!("it was let through"))
}

#[test]
fn what_was_asked_for_comes_through_as_it_is_understood() {
    let Arrived { judged, raw, answer } = answered(&jobs(), &path_of(1), &[], &done("1")).ok().unwrap();
    assert_eq!((raw.as_ref(), answer.status), (done("1").as_slice(), 200));
    assert_eq!(judged, Judged { kind: EventKind::Detect, json: None, ascii: true });

    let odd = br#"{"id": 7, "status": "COMPLETED_SUCCESSFULLY", "jobResults": []}"#;
    let rewritten = br#"{"id":"7","jobResults":[],"imageResults":[],"status":"COMPLETED_SUCCESSFULLY"}"#;
    let Arrived { judged, raw, .. } = answered(&jobs(), &path_of(1), &[], odd).ok().unwrap();
    assert_eq!((raw.as_ref(), judged.json.as_deref()), (&odd[..], Some(&rewritten[..])));

    let signature = sign(EVENT, &SECRET.into());
    let arrived = answered(&events(), "/wherever", &[("X-II-Signature", &signature)], EVENT).ok().unwrap();
    assert_eq!(arrived.judged, Judged { kind: EventKind::Event, json: None, ascii: true });
}

#[test]
fn nothing_else_does_and_nothing_is_read_of_it() {
    let (jobs, events) = (jobs(), events());
    let heard = Heard::listen();
    assert_eq!(status(passed(&jobs, "/ii/cb/guessed", &[])), 404);
    assert_eq!(status(passed(&jobs, &path_of(1), &[("content-length", "4194305")])), 413);
    assert_eq!(status(passed(&jobs, &path_of(1), &[("Content-Encoding", "gzip")])), 415);
    assert_eq!(status(jobs.admit("GET", &path_of(1), [])), 405);
    // Who has no token does not learn that it would have to be posted.
    assert_eq!(status(jobs.admit("GET", "/ii/cb/guessed", [])), 404);
    assert_eq!(status(answered(&jobs, &path_of(1), &[], b"[]")), 400);
    assert_eq!(status(answered(&events, "/", &[], EVENT)), 401);
    for reason in ["token_malformed", "too_large", "encoded", "unreadable", "signature_missing"] {
        assert!(heard.text().contains(&format!("reason=\"{reason}\"")), "{reason} not in {}", heard.text());
    }
}

#[test]
fn a_body_that_grows_too_large_is_turned_away_for_good() {
    let mut passed = passed(&jobs(), &path_of(1), &[]).ok().unwrap();
    passed.push(vec![b' '; 4 << 20].into()).unwrap();
    assert_eq!(status(passed.push(Bytes::from_static(b" "))), 413);
    assert_eq!(status(passed.push(Bytes::from_static(b" "))), 413);
    assert_eq!(status(passed.finish()), 413);
}

#[test]
fn bodies_that_take_too_much_together_are_turned_away_until_there_is_room() {
    let gate = jobs();
    let mut bodies: Vec<Passed> = (0..16).map(|_| passed(&gate, &path_of(1), &[]).ok().unwrap()).collect();
    for body in &mut bodies {
        body.push(vec![b' '; 4 << 20].into()).unwrap();
    }
    let mut late = passed(&gate, &path_of(1), &[]).ok().unwrap();
    assert_eq!(status(late.push(Bytes::from_static(b"{}"))), 503);
    assert_eq!(bodies.pop().unwrap().late().status, 408);
    assert_eq!(bodies.pop().unwrap().broken_off().status, 400);
    let mut next = passed(&gate, &path_of(1), &[]).ok().unwrap();
    next.push(Bytes::from_static(b"{}")).unwrap();
}

#[test]
fn a_gate_that_would_let_nothing_or_everything_through_is_refused() {
    let many = [BASE; 5];
    for bases in [&many[..0], &many, &["hooks"]] {
        assert_eq!(Gate::for_jobs(keys(), bases).err().unwrap().kind(), ErrorKind::Config, "{bases:?}");
    }
    for secrets in [&[][..], &[""], &["a", "b", "c", "d", "e"]] {
        assert_eq!(Gate::for_events(secrets.iter().copied(), false).err().unwrap().kind(), ErrorKind::Config);
    }
}
