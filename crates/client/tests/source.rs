//! The client as the one whom others ask for jobs, against the real server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use image_intelligence::{
    AnyJob, Client, ErrorKind, Image, JobRef, JobSearch, JobSource, Kind, Result, Target, Timestamp,
};
use image_intelligence_server::Server;

async fn submit(client: &Client, kind: Kind, name: &str) -> Result<String> {
    let images = [Image::bytes(b"..".to_vec())];
    let target = Target::new("dog", ["https://example.com/rex.jpg"]);
    Ok(match kind {
        Kind::Match => {
            client.match_target(images, target).custom_id(name).feed_id("door").send().await?.id().to_owned()
        }
        Kind::Ask => client.ask(images, "Is it?").custom_id(name).feed_id("door").send().await?.id().to_owned(),
        Kind::Recognize => {
            client.recognize("staff", images).custom_id(name).feed_id("door").send().await?.id().to_owned()
        }
        _ => client.detect(images).class("person").custom_id(name).feed_id("door").send().await?.id().to_owned(),
    })
}

fn ids(jobs: &[AnyJob]) -> Vec<&str> {
    jobs.iter().map(AnyJob::id).collect()
}

#[tokio::test]
async fn jobs_of_each_kind_are_fetched_and_found() {
    let server = Server::builder().start().await.unwrap();
    let client = Client::builder().base_url(server.base_url()).credentials("local", "local").build().unwrap();
    let source: &dyn JobSource = &client;
    for kind in Kind::ALL {
        let namespace = (kind == Kind::Recognize).then(|| "staff".to_owned());
        let (first, second) = (submit(&client, kind, "a").await.unwrap(), submit(&client, kind, "b").await.unwrap());
        let of = |id: &str| JobRef::new(kind, id).in_namespace(namespace.clone());
        let job = source.fetch(of(&first)).await.unwrap();
        assert_eq!((job.kind(), job.id(), job.custom_id()), (kind, first.as_str(), Some("a")));
        assert_eq!(source.fetch(of("no-such-job")).await.unwrap_err().kind(), ErrorKind::NotFound, "{kind}");

        let find = |search| source.find(kind, namespace.clone(), search);
        assert_eq!(ids(&find(JobSearch::new().custom_id("b")).await.unwrap()), [&second], "{kind}");
        assert_eq!(find(JobSearch::new().feed_id("door")).await.unwrap().len(), 2, "{kind}");
        assert_eq!(find(JobSearch::new().feed_id("window")).await.unwrap().len(), 0, "{kind}");
        let created = job.created_at().unwrap().as_millis();
        let within = |from: i64, to: i64| {
            let moment = |by| Timestamp::from_millis(created + by);
            find(JobSearch::new().after(moment(from)).before(moment(to)))
        };
        assert_eq!(within(-1000, 60_000).await.unwrap().len(), 2, "{kind}");
        assert_eq!(within(-60_000, -1000).await.unwrap().len(), 0, "{kind}");
    }
    // A recognize job is in a namespace.
    let error = source.fetch(JobRef::new(Kind::Recognize, "1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
}
