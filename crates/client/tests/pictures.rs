//! Stored pictures: fetched without the token, from https and public addresses only, never more than is wanted.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod scripted;

use image_intelligence::{Client, ErrorKind};
use scripted::{Asked, Reply, SECRET, Scripted, TOKEN, ok};

const FACE: &str = "/v2/recognition/images/staff/f-1";

/// Where pictures are: another origin, since the port is another.
async fn storage(answer: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> (Scripted, String) {
    let server = Scripted::start_without_tokens(move |asked, nth| Some(answer(asked, nth))).await;
    let host = server.base_url.trim_end_matches("/v2").to_owned();
    (server, host)
}

async fn redirecting(to: String) -> Scripted {
    Scripted::start(move |asked, _| {
        asked.is("GET", FACE).then(|| Reply::With(302, vec![("Location", to.clone())], String::new()))
    })
    .await
}

fn says_no_token(asked: &Asked) {
    let head = asked.head.to_ascii_lowercase();
    assert!(!head.contains("authorization") && !asked.head.contains(TOKEN), "{}", asked.head);
}

#[tokio::test]
async fn a_picture_is_fetched_without_the_token() {
    let (server, host) = storage(|_, _| ok("JPEG")).await;
    let api = Scripted::start(|_, _| None).await;
    let bytes = api.client().image(&format!("{host}/images/7?signature=s")).await.unwrap();
    assert_eq!(&bytes[..], b"JPEG");
    assert_eq!(server.asked()[0].path, "/images/7?signature=s");
    says_no_token(&server.asked()[0]);
    assert!(api.asked().is_empty() && api.count("POST", "/v2/oauth/token") == 0, "no token is needed");
}

#[tokio::test]
async fn where_the_api_redirects_to_the_token_does_not_go() {
    let (server, host) = storage(|_, _| ok("JPEG")).await;
    let api = redirecting(format!("{host}/signed")).await;
    let bytes = api.client().recognition("staff").images().picture("f-1").await.unwrap();
    assert_eq!(&bytes[..], b"JPEG");
    assert!(api.asked()[0].head.contains(TOKEN), "the API itself must get it");
    says_no_token(&server.asked()[0]);
    assert!(!server.asked()[0].head.contains("staff"), "nor does it hear where the reader came from");

    // A place that is named without its host is the API's own, and still needs no token.
    let api = Scripted::start(|asked, _| {
        if asked.path == "/signed" {
            return Some(ok("JPEG"));
        }
        asked.is("GET", FACE).then(|| Reply::With(307, vec![("Location", "/signed".into())], String::new()))
    })
    .await;
    assert_eq!(&api.client().recognition("staff").images().picture("f-1").await.unwrap()[..], b"JPEG");
    says_no_token(api.asked().last().unwrap());
}

#[tokio::test]
async fn a_second_redirect_is_not_followed() {
    let (far, elsewhere) = storage(|_, _| ok("JPEG")).await;
    let to = format!("{elsewhere}/x");
    let (_near, host) = storage(move |_, _| Reply::With(302, vec![("Location", to.clone())], String::new())).await;
    let api = redirecting(format!("{host}/signed")).await;
    let error = api.client().recognition("staff").images().picture("f-1").await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::InvalidResponse, Some(302)), "{error}");
    let error = api.client().image(&format!("{host}/images/7")).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::InvalidResponse, Some(302)), "{error}");
    assert!(far.asked().is_empty());
}

#[tokio::test]
async fn addresses_that_are_not_public_are_refused_and_so_is_plain_http() {
    let local = Scripted::start(|_, _| None).await.client();
    let public = Client::builder().base_url("https://api.example.com/v2").credentials("me", SECRET).build().unwrap();
    for (url, why) in [
        ("https://10.0.0.1/a", "10.0.0.1 is no public address"),
        ("https://192.168.1.1/a", "192.168.1.1 is no public address"),
        ("https://169.254.169.254/latest/meta-data/", "169.254.169.254 is no public address"),
        ("https://[fd00:ec2::254]/a", "fd00:ec2::254 is no public address"),
        ("https://[::ffff:10.0.0.1]/a", "is no public address"),
        ("https://[fe80::1]/a", "is no public address"),
        ("https://0.0.0.0/a", "0.0.0.0 is no public address"),
        ("https://0x0a000001/a", "10.0.0.1 is no public address"),
        ("https://167772161/a", "10.0.0.1 is no public address"),
        ("http://93.184.216.34/a", "http://"),
        ("http://pictures.example.com/a", "http://"),
        ("http://localhost.example.com/a", "http://"),
        ("http://user@pictures.example.com/a", "http://"),
        ("ftp://pictures.example.com/a", "only https: is fetched"),
        ("file:///etc/passwd", "only https: is fetched"),
        ("/images/7", "no URL was given"),
        ("", "no URL was given"),
    ] {
        for client in [&local, &public] {
            let error = client.image(url).await.unwrap_err();
            assert_eq!((error.kind(), error.retryable()), (ErrorKind::InvalidRequest, false), "{url}: {error}");
            assert!(error.message().starts_with("url: ") && error.message().contains(why), "{url}: {error}");
        }
    }
    // This machine is for clients of an API on this machine.
    for (url, why) in [
        ("https://127.0.0.1/a", "127.0.0.1 is no public address"),
        ("https://[::1]/a", "::1 is no public address"),
        ("http://127.0.0.1/a", "http://"),
        ("http://localhost/a", "http://"),
    ] {
        let error = public.image(url).await.unwrap_err();
        assert!(error.kind() == ErrorKind::InvalidRequest && error.message().contains(why), "{url}: {error}");
    }
}

#[tokio::test]
async fn a_name_that_leads_to_this_machine_is_refused_once_it_is_looked_up() {
    let public = Client::builder().base_url("https://api.example.com/v2").credentials("me", SECRET).build().unwrap();
    let error = public.image("https://localhost:9/a").await.unwrap_err();
    assert_eq!((error.kind(), error.retryable()), (ErrorKind::InvalidRequest, false), "{error}");
    assert!(error.message().contains("is no public address"), "{error}");

    // For a client of an API on this machine, the same name may lead here.
    let (server, host) = storage(|_, _| ok("JPEG")).await;
    let api = Scripted::start(|_, _| None).await;
    let named = format!("{}/a", host.replace("127.0.0.1", "localhost"));
    assert_eq!(&api.client().image(&named).await.unwrap()[..], b"JPEG");
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_redirect_to_a_place_that_is_not_fetched_is_the_apis_fault() {
    for to in ["http://93.184.216.34/a", "https://169.254.169.254/a", "file:///etc/passwd", "https://", "ftp://x/y"] {
        let api = redirecting(to.to_owned()).await;
        let error = api.client().recognition("staff").images().picture("f-1").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{to}: {error}");
        assert!(error.message().contains("the API says that"), "{to}: {error}");
    }
}

#[tokio::test]
async fn more_bytes_than_wanted_are_refused_by_the_header_and_by_count() {
    let chunked = |count: usize| {
        let mut bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        bytes.extend(format!("{:x}\r\n{}\r\n0\r\n\r\n", count, "x".repeat(count)).into_bytes());
        Reply::Raw(bytes)
    };
    let lied = Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\nx".to_vec());
    for (reply, fits) in [
        (ok("x".repeat(1000)), true),
        (chunked(1000), true),
        (ok("x".repeat(1001)), false),
        (chunked(1001), false),
        (lied, false),
    ] {
        let again = reply.clone();
        let (server, host) = storage(move |_, _| reply.clone()).await;
        let api = Scripted::start(move |asked, _| asked.is("GET", FACE).then(|| again.clone())).await;
        let client = api.builder().largest_picture(1000).build().unwrap();
        let at_storage = client.image(&format!("{host}/a")).await;
        // The API may give the picture itself.
        let at_api = client.recognition("staff").images().picture("f-1").await;
        for got in [at_storage, at_api] {
            match got {
                Ok(bytes) => assert!(fits && bytes.len() == 1000),
                Err(error) => {
                    assert!(!fits && error.kind() == ErrorKind::TooLarge, "{error:?}");
                    assert!(error.message().contains("larger than 1000 bytes"), "{error}");
                }
            }
        }
        assert_eq!((server.asked().len(), api.asked().len()), (1, 1), "it would not shrink");
    }
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_a_host_is_left_alone_as_long_as_it_asks() {
    let later = vec![("Retry-After", "1".to_owned())];
    for bad in [Reply::Json(503, "{}".into()), Reply::Close, Reply::With(429, later, "{}".into())] {
        let waits = matches!(bad, Reply::With(..));
        let (server, host) = storage(move |_, nth| if nth == 0 { bad.clone() } else { ok("JPEG") }).await;
        let api = Scripted::start(|_, _| None).await;
        let began = std::time::Instant::now();
        assert_eq!(&api.client().image(&format!("{host}/a")).await.unwrap()[..], b"JPEG");
        assert_eq!(server.asked().len(), 2);
        assert!(!waits || began.elapsed().as_millis() >= 1000);
    }
    for (status, kind) in [
        (401, ErrorKind::Authentication),
        (403, ErrorKind::PermissionDenied),
        (404, ErrorKind::NotFound),
        (410, ErrorKind::BadRequest),
    ] {
        let (server, host) = storage(move |_, _| Reply::Json(status, "{}".into())).await;
        let error =
            Scripted::start(|_, _| None).await.client().image(&format!("{host}/a?s=signature")).await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (kind, Some(status)), "{error}");
        let message = error.message();
        assert!(message.starts_with("picture from 127.0.0.1: ") && !message.contains("signature"), "{error}");
        assert!(!message.contains("II_CLIENT_ID"), "the credentials are no matter here: {error}");
        assert_eq!(server.asked().len(), 1);
    }
}

#[tokio::test]
async fn what_is_no_picture_is_not_taken_for_one() {
    for (body, kind, times) in [
        (r#"{"id":"f-1","url":"https://x"}"#, ErrorKind::InvalidResponse, 1),
        ("<html>a proxy speaks</html>", ErrorKind::InvalidResponse, 5),
        ("", ErrorKind::InvalidResponse, 5),
    ] {
        let api = Scripted::start(move |asked, _| asked.is("GET", FACE).then(|| ok(body))).await;
        let error = api.client().recognition("staff").images().picture("f-1").await.unwrap_err();
        assert_eq!((error.kind(), error.retryable(), api.asked().len()), (kind, times > 1, times), "{body}: {error}");
    }
    let api = redirecting(String::new()).await;
    assert!(api.client().recognition("staff").images().picture("f-1").await.is_err());
}

#[tokio::test]
async fn closing_a_client_ends_the_fetching_of_pictures() {
    let (server, host) = storage(|_, _| Reply::Hang).await;
    let api = Scripted::start(|_, _| None).await;
    let client = api.client();
    let closing = async {
        while server.asked().is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        client.close();
    };
    let url = format!("{host}/a");
    let (fetched, ()) = tokio::join!(client.image(&url), closing);
    assert_eq!(fetched.unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(client.image(&url).await.unwrap_err().kind(), ErrorKind::Closed);
}
