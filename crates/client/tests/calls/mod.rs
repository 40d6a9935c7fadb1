//! Every call of the client, once: what it sends, what is answered, and what is read of that. The tests of all calls go
//! through this table.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub)]

use futures_util::future::BoxFuture;
use image_intelligence::{
    Ask, Client, Detect, Examples, FeedbackClass, IdentityChange, IdentityRequest, Image, JobSearch, Match,
    RecognitionSearch, Result, SortOrder, Target, Timestamp, WebhookRequest,
};

pub const SECRET_KEY: &str = "correct horse \"battery\" staple";

/// What sending it twice would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    Read,
    /// A job: a lost one is searched for.
    Submit,
    /// Anything else that makes or changes something.
    Create,
}

pub struct Call {
    /// The row of the contract.
    pub row: &'static str,
    pub sort: Sort,
    /// The path and query as they are sent.
    pub path: &'static str,
    pub body: Option<&'static str>,
    pub answer: &'static str,
    /// What of the answer comes back.
    pub read: &'static str,
    pub run: Run,
}

pub type Run = for<'a> fn(&'a Client) -> BoxFuture<'a, Result<String>>;

impl Call {
    pub fn method(&self) -> &'static str {
        self.row.split(' ').next().unwrap()
    }

    /// Whether the documents let the API answer 400 for what it does not know.
    pub fn unknown_is_400(&self) -> bool {
        ["GET /match/{id}", "PATCH /recognition/identities/{ns}/{id}"].contains(&self.row)
    }
}

macro_rules! call {
    ($row:literal, $sort:ident, $path:literal, $body:expr, $answer:expr => $read:literal, |$client:ident| $run:expr) => {
        Call {
            row: $row,
            sort: Sort::$sort,
            path: $path,
            body: $body,
            answer: $answer,
            read: $read,
            run: |$client| Box::pin(async move { $run }),
        }
    };
}

fn moment() -> Timestamp {
    Timestamp::from_millis(1_487_648_348_123)
}

fn picture() -> Image {
    Image::url("https://example.com/a.jpg").custom_id("a")
}

fn window() -> JobSearch {
    JobSearch::new().custom_id("a b&c").feed_id("ü").before(moment()).after(Timestamp::from_millis(0))
}

fn search() -> RecognitionSearch {
    RecognitionSearch::new()
        .limit(100)
        .offset(100)
        .start(Timestamp::from_millis(1))
        .end(moment())
        .sort_by(SortOrder::Asc)
        .ids(["1", "2"])
        .feed_ids(["door"])
        .without_custom_id()
}

const SEARCH: &str = r#"{"limit":100,"offset":100,"start":1,"end":1487648348123,"sortBy":"ASC","ids":["1","2"],
    "feedIds":["door"],"customIds":null}"#;

pub fn calls() -> Vec<Call> {
    let mut calls = vec![
        call!("POST /detect", Submit, "/detect",
        Some(r#"{"images":[{"url":"https://example.com/a.jpg","customId":"a"}],
                "classes":[{"class":"person","verify":"AUTO"}],"customId":"mine","feedId":"door",
                "webhookUrl":"https://example.com/hook"}"#),
        r#"{"id":"1","status":"IN_PROGRESS","createdAt":1487648348123,"customId":"mine"}"# => "1 mine 1487648348123",
        |client| {
            let job = client.detect([picture()]).class("person").custom_id("mine").feed_id("door");
            let job = job.webhook_url("https://example.com/hook").send().await?;
            Ok(format!("{} {} {}", job.id(), job.custom_id().unwrap(), job.created_at().as_millis()))
        }),
        call!("POST /match", Submit, "/match",
        Some(r#"{"images":[{"url":"https://example.com/a.jpg","customId":"a"}],
            "target":{"class":"dog","customId":"rex","images":["https://example.com/rex.jpg"]},"customId":"mine"}"#),
        r#"{"id":"1","status":"IN_PROGRESS","createdAt":1487648348,"jobResults":[]}"# => "1 1487648348000",
        |client| {
            let target = Target::new("dog", ["https://example.com/rex.jpg"]).custom_id("rex");
            let job = client.match_target([picture()], target).custom_id("mine").send().await?;
            Ok(format!("{} {}", job.id(), job.created_at().as_millis()))
        }),
        call!("POST /ask", Submit, "/ask",
        Some(r#"{"images":[{"url":"https://example.com/a.jpg","customId":"a"}],"question":"Is it öpen?",
            "examples":{"yes":["https://example.com/y.jpg"]},"customId":"mine"}"#),
        r#"{"id":"1","status":"IN_PROGRESS","question":"Is it öpen?","jobResults":{}}"# => "1",
        |client| {
            let job = client.ask([picture()], "Is it öpen?").custom_id("mine");
            let job = job.examples(Examples::new().yes(["https://example.com/y.jpg"]));
            Ok(job.send().await?.id().to_owned())
        }),
        call!("POST /recognition/recognize/{ns}", Submit, "/recognition/recognize/st%2Faff",
            Some(r#"{"images":[{"url":"https://example.com/a.jpg","customId":"a"}],"customId":"mine"}"#),
            r#"{"id":"1","images":[],"status":"IN_PROGRESS"}"# => "1",
            |client| Ok(client.recognize("st/aff", [picture()]).custom_id("mine").send().await?.id().to_owned())),
        call!("GET /detect/{id}", Read, "/detect/1", None,
        r#"{"id":"1","status":"COMPLETED_PARTIAL_ERROR","jobResults":[{"class":"cat","image":{"url":""},"hitl":"true"}],
            "imageResults":null,"extra":7}"# => "COMPLETED_PARTIAL_ERROR cat Some(true)",
        |client| {
            let job = client.jobs::<Detect>().get("1").await?;
            Ok(format!("{} {} {:?}", job.status, job.job_results[0].class, job.job_results[0].hitl))
        }),
        call!("GET /match/{id}", Read, "/match/1", None,
        r#"{"id":"1","status":"COMPLETED_SUCCESSFULLY","jobResults":[{"target":{"class":"dog"},"image":{"customId":"a"}}]}"#
            => "a dog None",
        |client| {
            let job = client.jobs::<Match>().get("1").await?;
            let found = job.matched().unwrap().custom_id_or_url().to_owned();
            Ok(format!("{found} {} {:?}", job.job_results.target.unwrap().class, job.job_results.hitl))
        }),
        call!("GET /ask/{id}", Read, "/ask/1", None,
        r#"{"id":"1","status":"COMPLETED_SUCCESSFULLY","question":"?","jobResults":[]}"# => "? true",
        |client| {
            let job = client.jobs::<Ask>().get("1").await?;
            Ok(format!("{} {}", job.question, job.yes().is_none()))
        }),
        call!("GET /recognition/recognize/{ns}/{id}", Read, "/recognition/recognize/staff/1", None,
        r#"{"id":"1","status":"COMPLETED_SUCCESSFULLY","images":[{"customId":"a","objects":[{"identityId":"ann"}]}]}"#
            => "a ann",
        |client| {
            let job = client.recognition("staff").jobs().get("1").await?;
            let face = job.faces().next().unwrap();
            Ok(format!("{} {}", face.image.custom_id_or_url(), face.face.identity_id.as_deref().unwrap()))
        }),
        call!("POST /recognition/recognize/{ns}/search", Read, "/recognition/recognize/staff/search", Some(SEARCH),
        r#"[{"id":"1","status":"NEW"},7,{"status":"NEW"}]"# => "1 NEW",
        |client| {
            let jobs = client.recognition("staff").jobs().search(&search()).await?;
            Ok(jobs.iter().map(|job| format!("{} {}", job.id, job.status)).collect::<Vec<_>>().join(","))
        }),
    ];
    let windows: [(&str, &str, Run); 3] = [
        ("GET /detect", "/detect?customId=a+b%26c&feedId=%C3%BC&before=1487648348123&after=0", |client| {
            Box::pin(async {
                Ok(client.jobs::<Detect>().search(&window()).await?.iter().map(|job| job.id.as_str()).collect())
            })
        }),
        ("GET /match", "/match?customId=a+b%26c&feedId=%C3%BC&before=1487648348123&after=0", |client| {
            Box::pin(async {
                Ok(client.jobs::<Match>().search(&window()).await?.iter().map(|job| job.id.as_str()).collect())
            })
        }),
        ("GET /ask", "/ask?customId=a+b%26c&feedId=%C3%BC&before=1487648348123&after=0", |client| {
            Box::pin(async {
                Ok(client.jobs::<Ask>().search(&window()).await?.iter().map(|job| job.id.as_str()).collect())
            })
        }),
    ];
    calls.extend(windows.map(|(row, path, run)| {
        let answer = r#"[{"id":"1"},null,{"id":"2","createdAt":"odd"}]"#;
        Call { row, sort: Sort::Read, path, body: None, answer, read: "12", run }
    }));
    calls.extend(recognition());
    calls
}

fn recognition() -> Vec<Call> {
    vec![
        call!("POST /recognition/identities/{ns}", Create, "/recognition/identities/staff",
        Some(r#"{"customId":"ann","imageIds":["f-1"]}"#), r#"{"id":"i-1"}"# => "i-1 0 None",
        |client| {
            let request = IdentityRequest::new().custom_id("ann").image_ids(["f-1"]);
            let ann = client.recognition("staff").identities().create(request).await?;
            Ok(format!("{} {} {:?}", ann.id, ann.images.len(), ann.created_at))
        }),
        call!("GET /recognition/identities/{ns}/{id}", Read, "/recognition/identities/staff/i-1", None,
        r#"{"id":"i-1","customId":null,"images":[{"id":"f-1"}],"createdAt":1487648348123}"# => "i-1 None 1",
        |client| {
            let ann = client.recognition("staff").identities().get("i-1").await?;
            Ok(format!("{} {:?} {}", ann.id, ann.custom_id, ann.images.len()))
        }),
        call!("DELETE /recognition/identities/{ns}/{id}", Create, "/recognition/identities/staff/i-1", None, "" => "gone",
            |client| client.recognition("staff").identities().delete("i-1").await.map(|()| "gone".to_owned())),
        call!("PATCH /recognition/identities/{ns}/{id}", Create, "/recognition/identities/staff/i-1",
        Some(r#"{"customId":"ann","images":{"add":[],"remove":["f-1"]}}"#), r#"{"id":"i-1","images":[]}"# => "i-1",
        |client| {
            let change = IdentityChange::new().custom_id("ann").remove_images(["f-1"]);
            Ok(client.recognition("staff").identities().update("i-1", change).await?.id)
        }),
        call!("POST /recognition/identities/{ns}/search", Read, "/recognition/identities/staff/search", Some(SEARCH),
        r#"[{"id":"i-1"},{"customId":"no id"}]"# => "i-1",
        |client| {
            let found = client.recognition("staff").identities().search(&search()).await?;
            Ok(found.into_iter().map(|one| one.id).collect())
        }),
        call!("GET /recognition/images/{ns}/{id}", Read, "/recognition/images/staff/f-1", None,
        r#"{"id":"f-1","type":"FACE","isFrontal":"true","width":"wide"}"# => "Some(true) None",
        |client| {
            let face = client.recognition("staff").images().get("f-1").await?;
            Ok(format!("{:?} {:?}", face.is_frontal, face.width))
        }),
        call!("GET /recognition/images/{ns}/{id} image/jpeg", Read, "/recognition/images/staff/f-1", None, "JPEG" => "JPEG",
        |client| {
            let bytes = client.recognition("staff").images().picture("f-1").await?;
            Ok(String::from_utf8(bytes.to_vec()).unwrap())
        }),
        call!("POST /recognition/images/{ns}/search", Read, "/recognition/images/staff/search", Some("{}"),
        r#"[{},{"id":"f-2"}]"# => "[None, Some(\"f-2\")]",
        |client| {
            let found = client.recognition("staff").images().search(&RecognitionSearch::new()).await?;
            Ok(format!("{:?}", found.iter().map(|face| face.id.as_deref()).collect::<Vec<_>>()))
        }),
        call!("GET /recognition/groups/{ns}/{id}", Read, "/recognition/groups/staff/g-1", None,
        r#"{"id":"g-1","linkModifiedBy":"AN_ORACLE"}"# => "AN_ORACLE 0",
        |client| {
            let group = client.recognition("staff").groups().get("g-1").await?;
            Ok(format!("{} {}", group.link_modified_by.unwrap(), group.images.len()))
        }),
        call!("POST /recognition/groups/{ns}/search", Read, "/recognition/groups/staff/search",
        Some(r#"{"feedIds":null,"customIds":["x"]}"#), "null" => "0",
        |client| {
            let search = RecognitionSearch::new().without_feed_id().custom_ids(["x"]);
            Ok(client.recognition("staff").groups().search(&search).await?.len().to_string())
        }),
        call!("POST /feedback", Create, "/feedback",
        Some(r#"{"jobId":"1","classes":[{"class":"person","code":"FALSE_POSITIVE"},{"class":"cat","code":"FALSE_NEGATIVE"}]}"#),
        r#"{"id":"f-1","jobId":"1"}"# => "f-1 0",
        |client| {
            let wrong = [FeedbackClass::false_positive("person"), FeedbackClass::false_negative("cat")];
            let taken = client.feedback().create("1", wrong).await?;
            Ok(format!("{} {}", taken.id, taken.classes.len()))
        }),
        call!("GET /feedback/{id}", Read, "/feedback/f-1", None, r#"{"id":"f-1","classes":[{"class":"a","code":"ODD"}]}"# => "ODD",
            |client| Ok(client.feedback().get("f-1").await?.classes[0].code.as_str().to_owned())),
        call!("GET /feedback", Read, "/feedback?jobId=1%2F2", None, r#"[{"id":"f-1"}]"# => "f-1",
            |client| Ok(client.feedback().list(Some("1/2")).await?.into_iter().map(|one| one.id).collect())),
        call!("POST /webhooks", Create, "/webhooks",
        Some(r#"{"url":"https://example.com/hook","secretKey":"correct horse \"battery\" staple"}"#),
        r#"{"id":"w-1","url":"https://example.com/hook","secretKey":"of the service"}"# => "w-1 of the service",
        |client| {
            let request = WebhookRequest::new("https://example.com/hook").secret_key(SECRET_KEY);
            let registered = client.register_webhook(request).await?;
            Ok(format!("{} {}", registered.webhook.id, registered.secret_key.unwrap().expose()))
        }),
    ]
}
