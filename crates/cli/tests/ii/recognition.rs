//! `ii recognize`, `ii identities`, `ii groups` and `ii images`: faces, and whose they are.

use serde_json::{Value, json};

use crate::process::{Said, Server, ii, photo, run};

/// A server that sees two faces in every picture, and has looked at one.
fn two_faces() -> (Server, Value) {
    let server = Server::start();
    let face = |confidence: f64| json!({"confidence": confidence, "group": "one", "boundingBox": {"xMin": 10, "yMin": 10, "xMax": 90, "yMax": 90}});
    server.answers(&json!({"kind": "recognize", "image": "*", "faces": [face(0.6), face(0.9)]}));
    let job = server.run(&["recognize", &photo("astronaut.jpg"), "-n", "staff", "--feed-id", "door", "--json"]).json();
    (server, job)
}

fn at(server: &Server, arguments: &[&str]) -> Said {
    server.run(&[arguments, &["--namespace", "staff"]].concat())
}

fn ids(server: &Server, room: &str, options: &[&str]) -> Vec<String> {
    let list = at(server, &[&[room, "list", "--json"], options].concat()).json();
    list.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn faces_are_shown_by_how_sure_they_are() {
    let (server, job) = two_faces();
    assert_eq!((&job["status"], &job["feedId"]), (&"COMPLETED_SUCCESSFULLY".into(), &"door".into()));
    assert!(job.get("jobResults").is_none() && job.get("imageResults").is_none(), "{job}");
    assert_eq!(job["images"][0]["input"]["source"], photo("astronaut.jpg"));
    assert_eq!(job["images"][0]["objects"].as_array().unwrap().len(), 2);
    let said = server.run(&["recognize", &photo("astronaut.jpg"), "-n", "staff"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:#?}");
    let lines: Vec<Vec<_>> = said.out.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(
        lines.iter().map(|line| &line[1..]).collect::<Vec<_>>(),
        [["?", "0.9000", "10,10,90,90"], ["?", "0.6000", "10,10,90,90"]]
    );

    server.answers(&json!({"kind": "recognize", "image": "*", "faces": []}));
    let said = server.run(&["recognize", &photo("rocket.jpg"), "-n", "staff"]);
    assert!(said.out.ends_with("rocket.jpg\t-\t-\n"), "{said:#?}");
}

#[test]
fn somebody_is_made_known_changed_and_forgotten() {
    let (server, _) = two_faces();
    let faces = ids(&server, "images", &[]);
    assert_eq!(faces.len(), 2);
    let create = ["identities", "create", "--custom-id", "ann", "--image", &faces[0], "--json"];
    let ann = at(&server, &create).json();
    let id = ann["id"].as_str().unwrap();
    assert_eq!(ann["customId"], "ann");

    let got = at(&server, &["identities", "get", id, "--json"]).json();
    assert_eq!((&got["id"], got["images"].as_array().unwrap().len()), (&ann["id"], 1));
    let text = at(&server, &["identities", "get", id]).out;
    assert!(
        text.contains(&format!("id\t{id}\ncustomId\tann\n")) && text.contains(&format!("images\t{}", faces[0])),
        "{text}"
    );

    let change =
        ["identities", "update", id, "--custom-id", "ann-2", "--add-image", &faces[1], "--remove-image", &faces[0]];
    let changed = at(&server, &[&change[..], &["--json"]].concat()).json();
    assert_eq!((&changed["customId"], &changed["images"][0]["id"]), (&"ann-2".into(), &faces[1].clone().into()));

    let line = at(&server, &["identities", "list", "--custom-id", "ann-2"]).out;
    let cells: Vec<_> = line.trim_end().split('\t').collect();
    assert_eq!(cells[..3], [id, "ann-2", "1"], "{line}");
    assert_eq!(at(&server, &["identities", "delete", id, "--json"]).json(), json!({"id": id, "deleted": true}));
    assert_eq!(at(&server, &["identities", "get", id, "--json"]).error(5)["kind"], "not_found");
    let said = at(&server, &["identities", "list"]);
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (Some(0), "", "no such identity in staff\n"));
}

#[test]
fn those_without_a_name_and_all_of_them() {
    let server = Server::start();
    let make = |options: &[&str]| at(&server, &[&["identities", "create", "--json"], options].concat()).json();
    make(&["--custom-id", "ann"]);
    let nameless: Vec<_> = (0..2).map(|_| make(&[])["id"].as_str().unwrap().to_owned()).collect();
    let mut found = ids(&server, "identities", &["--without-custom-id"]);
    found.sort();
    let mut expected = nameless.clone();
    expected.sort();
    assert_eq!(found, expected);
    assert_eq!(ids(&server, "identities", &["--limit", "1"]).len(), 1);
    assert_eq!(ids(&server, "identities", &["--all"]).len(), 3);
    assert_eq!(ids(&server, "identities", &["--all", "--after", "1h", "--id", &nameless[0]]), nameless[..1]);
    assert_eq!(ids(&server, "identities", &["--before", "2017-02-21"]), Vec::<String>::new());
    let lines = at(&server, &["identities", "list", "--oldest-first", "--ndjson"]).out;
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!((lines.lines().count(), &first["customId"]), (3, &"ann".into()));
}

#[test]
fn pictures_and_groups_are_listed_read_and_fetched() {
    let (server, _) = two_faces();
    assert_eq!(ids(&server, "images", &["--feed-id", "door"]).len(), 2);
    assert_eq!(ids(&server, "images", &["--without-feed-id"]), Vec::<String>::new());
    let face = &ids(&server, "images", &[])[0];
    let image = at(&server, &["images", "get", face, "--json"]).json();
    assert_eq!((&image["id"], &image["feedId"]), (&face.clone().into(), &"door".into()));
    assert!(at(&server, &["images", "get", face]).out.contains("feedId\tdoor\n"));

    let groups = ids(&server, "groups", &[]);
    assert_eq!(groups.len(), 1);
    let group = at(&server, &["groups", "get", &groups[0], "--json"]).json();
    assert_eq!(group["images"].as_array().unwrap().len(), 2);
    assert!(at(&server, &["groups", "list"]).out.contains("\t2\t"));

    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("face.jpg");
    let file = file.to_str().unwrap();
    let download = ["images", "download", face, "-o", file];
    let said = at(&server, &[&download[..], &["--json"]].concat()).json();
    let bytes = std::fs::read(file).unwrap();
    assert_eq!((&said["file"], &said["bytes"]), (&file.into(), &bytes.len().into()));
    assert!(bytes.starts_with(&[0xff, 0xd8]), "a JPEG");
    let error = at(&server, &[&download[..], &["--json"]].concat()).error(2);
    assert!(error["message"].as_str().unwrap().contains("it is there already, and was left as it is"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("--force"), "{error}");
    std::fs::write(file, "old").unwrap();
    assert_eq!(at(&server, &[&download[..], &["--force"]].concat()).code, Some(0));
    assert_eq!(std::fs::read(file).unwrap(), bytes);
}

#[test]
fn a_stored_picture_is_fetched_by_its_url() {
    let server = Server::start();
    let job = server.run(&["detect", &photo("rocket.jpg"), "--class", "cat", "--json"]).json();
    let url = job["imageResults"][0]["proxyUrl"].as_str().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("rocket.jpg");
    let said = server.run(&["images", "download", url, "-o", file.to_str().unwrap()]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), ""), "{said:#?}");
    assert_eq!(std::fs::read(&file).unwrap(), std::fs::read(photo("rocket.jpg")).unwrap());
    let piped = server.ii(&["images", "download", url, "-o", "-"]).output().unwrap();
    assert_eq!(piped.stdout, std::fs::read(photo("rocket.jpg")).unwrap());

    for (picture, kind, advice) in [
        ("https://10.0.0.1/a.jpg", "invalid_request", "10.0.0.1 is no public address"),
        ("ftp://example.com/a.jpg", "invalid_request", "only https: is fetched"),
        ("5f0c77a1", "config", "--namespace: not given"),
    ] {
        let file = directory.path().join("other.jpg");
        let error = server.run(&["images", "download", picture, "-o", file.to_str().unwrap(), "--json"]).error(2);
        assert_eq!(error["kind"], kind, "{error}");
        assert!(error["message"].as_str().unwrap().contains(advice), "{error}");
        assert!(!file.exists());
    }
}

#[test]
fn what_is_wrong_is_told_before_anything_is_sent() {
    let refused = |arguments: &[&str]| {
        let arguments = [arguments, &["--base-url", "http://127.0.0.1:9/v2", "--json"]].concat();
        run(ii(&arguments)).error(2)
    };
    let long = "x".repeat(257);
    let adds: Vec<String> = (0..21).flat_map(|index| ["--add-image".to_owned(), format!("f-{index}")]).collect();
    let mut twenty_one = vec!["identities", "update", "i-1", "-n", "staff"];
    twenty_one.extend(adds.iter().map(String::as_str));
    for (arguments, kind, advice) in [
        (&["identities", "list"][..], "config", "--namespace"),
        (&["identities", "create", "-n", "staff", "--custom-id", &long], "invalid_request", "customId: 257 characters"),
        (&["identities", "update", "i-1", "-n", "staff"], "invalid_request", "no change is given"),
        (&twenty_one, "invalid_request", "images.add: 21 given"),
        (
            &["identities", "update", "i-1", "-n", "staff", "--add-image", "a", "--remove-image", "a"],
            "invalid_request",
            "also in images.remove",
        ),
        (&["identities", "list", "-n", "staff", "--limit", "101"], "invalid_request", "limit: 101 given"),
        (&["identities", "list", "-n", "staff", "--all", "--limit", "5"], "config", "--all"),
        (&["images", "list", "-n", "staff", "--feed-id", "a", "--without-feed-id"], "config", "--without-feed-id"),
        (&["groups", "list", "-n", "staff", "--after", "soon"], "config", "2h (so long ago)"),
        (
            &["groups", "list", "-n", "staff", "--after", "1h", "--before", "2h"],
            "invalid_request",
            "--after: not earlier than --before",
        ),
        (&["groups", "get", "", "-n", "staff"], "invalid_request", "id: empty"),
        (&["images", "download", "f-1", "-n", "staff"], "config", "--output"),
    ] {
        let error = refused(arguments);
        assert_eq!(error["kind"], kind, "{error}");
        assert!(error["message"].as_str().unwrap().contains(advice), "{advice}: {error}");
    }
}
