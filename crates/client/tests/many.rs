//! Many waits of one client: they share their requests, and whatever a search leaves out is found all the same.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod scripted;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use image_intelligence::{
    Ask, Client, ClientBuilder, Detect, ErrorKind, Image, Job, PollPolicy, SchedulePolicy, Update,
};
use scripted::{Asked, Reply, Scripted, ok};

/// What is answered to a search, of the numbers of the jobs that meet it.
type Answer = fn(Vec<usize>, &dyn Fn(usize) -> String) -> Reply;

const MADE: u64 = 1_487_648_348_000;

fn body(number: usize, status: &str) -> String {
    let class = if status == "IN_PROGRESS" { String::new() } else { format!(r#"{{"class":"of-{number}"}}"#) };
    let created = MADE + number as u64 * 100;
    format!(
        r#"{{"id":"job-{number}","status":"{status}","createdAt":{created},"jobResults":[{class}],"imageResults":[]}}"#
    )
}

fn number(path: &str) -> usize {
    path.rsplit_once("job-").unwrap().1.parse().unwrap()
}

/// The bounds of a search.
fn bounds(path: &str) -> (u64, u64) {
    let of = |name: &str| {
        let (_, rest) = path.split_once(&format!("{name}=")).unwrap();
        rest.split('&').next().unwrap().parse().unwrap()
    };
    (of("after"), of("before"))
}

fn hurried(server: &Scripted) -> ClientBuilder {
    let mut poll = PollPolicy::default();
    poll.shortest = Duration::from_millis(5);
    poll.not_found_grace = Duration::ZERO;
    let mut schedule = SchedulePolicy::default();
    (schedule.requests_per_second, schedule.shortest) = (100.0, Duration::from_millis(5));
    server.builder().poll(poll).schedule(schedule)
}

/// A server of jobs which are done from the look on that `done_at` says, and that answers searches by `search`: the numbers of
/// the jobs that meet it in, what is answered out.
async fn server(
    done_at: usize,
    search: impl Fn(Vec<usize>, &dyn Fn(usize) -> String) -> Reply + Send + Sync + 'static,
) -> Scripted {
    let (made, looks) = (AtomicUsize::new(0), AtomicUsize::new(0));
    Scripted::start(move |asked: &Asked, _| {
        if asked.method == "POST" {
            return Some(ok(body(made.fetch_add(1, Ordering::SeqCst), "IN_PROGRESS")));
        }
        let done = looks.fetch_add(1, Ordering::SeqCst) >= done_at;
        let row = |number| body(number, if done { "COMPLETED_SUCCESSFULLY" } else { "IN_PROGRESS" });
        if !asked.is("GET", "/v2/detect") {
            return Some(ok(row(number(&asked.path))));
        }
        let (after, before) = bounds(&asked.path);
        let meets = |number: &usize| (after + 1..before).contains(&(MADE + *number as u64 * 100));
        Some(search((0..made.load(Ordering::SeqCst)).filter(meets).collect(), &row))
    })
    .await
}

fn list(numbers: &[usize], row: &dyn Fn(usize) -> String) -> Reply {
    ok(format!("[{}]", numbers.iter().map(|number| row(*number)).collect::<Vec<_>>().join(",")))
}

async fn submitted(client: &Client, jobs: usize) -> Vec<Job<Detect>> {
    let mut sent = Vec::new();
    for _ in 0..jobs {
        sent.push(client.detect([Image::bytes(vec![1])]).class("person").send().await.unwrap());
    }
    sent
}

/// Waits for all of them, each on its own, and says that each got its own result.
async fn all_wait(jobs: &[Job<Detect>]) {
    let waits = jobs.iter().map(|job| async move {
        let done = job.wait_for(Duration::from_secs(30)).await.unwrap();
        assert_eq!(done.id, job.id());
        assert_eq!(done.classes(), Vec::<&str>::new());
        assert_eq!(done.job_results[0].class, format!("of-{}", number(job.id())));
    });
    futures_util::future::join_all(waits).await;
}

fn looks(server: &Scripted) -> usize {
    server.asked().iter().filter(|asked| asked.method == "GET").count()
}

#[tokio::test]
async fn many_jobs_share_their_requests() {
    let server = server(6, |numbers, row| list(&numbers, row)).await;
    let client = hurried(&server).build().unwrap();
    let jobs = submitted(&client, 60).await;
    all_wait(&jobs).await;
    // Each had to be seen twice at least.
    assert!(looks(&server) <= 30, "{} looks", looks(&server));
}

#[tokio::test]
async fn many_waits_for_one_job_are_one() {
    let server = server(3, |numbers, row| list(&numbers, row)).await;
    let client = hurried(&server).build().unwrap();
    let job = submitted(&client, 1).await.pop().unwrap();
    let jobs = vec![job; 300];
    all_wait(&jobs).await;
    assert!(looks(&server) <= 8, "{} looks", looks(&server));
}

#[tokio::test]
async fn a_search_that_is_of_no_use_costs_nothing_but_time() {
    let page = "<html><body>a proxy speaks</body></html>";
    let answers: [(&str, Answer); 8] = [
        ("nothing", |_, _| ok("[]")),
        ("null", |_, _| ok("null")),
        ("500", |_, _| Reply::Json(500, "oops".into())),
        ("404", |_, _| Reply::Json(404, "{}".into())),
        ("400", |_, _| Reply::Json(400, "{}".into())),
        ("closed", |_, _| Reply::Close),
        ("of others", |_, row| list(&[900, 901, 902], row)),
        ("broken off", |numbers, row| {
            let Reply::Json(_, all) = list(&numbers, row) else { unreachable!() };
            ok(all[..all.len() / 2].to_owned())
        }),
    ];
    for (name, answer) in answers {
        let server = server(2, answer).await;
        let jobs = submitted(&hurried(&server).build().unwrap(), 12).await;
        println!("{name}");
        all_wait(&jobs).await;
    }
    let server = server(2, move |_, _| ok(page)).await;
    all_wait(&submitted(&hurried(&server).build().unwrap(), 12).await).await;
}

#[tokio::test]
async fn an_endless_answer_is_not_read_to_its_end() {
    let server = server(0, |numbers, row| {
        let Reply::Json(_, all) = list(&numbers, row) else { unreachable!() };
        ok(format!("[{}{}", "{\"id\":\"x\"},".repeat(20_000), &all[1..]))
    })
    .await;
    let mut schedule = SchedulePolicy::default();
    (schedule.requests_per_second, schedule.shortest) = (100.0, Duration::from_millis(5));
    schedule.largest_answer = 10_000;
    let client = hurried(&server).schedule(schedule).build().unwrap();
    all_wait(&submitted(&client, 12).await).await;
}

#[tokio::test]
async fn a_capped_search_is_halved() {
    let server = server(4, |numbers, row| list(&numbers[..numbers.len().min(10)], row)).await;
    let client = hurried(&server).build().unwrap();
    all_wait(&submitted(&client, 60).await).await;
}

#[tokio::test]
async fn each_job_is_given_when_it_ends_whatever_becomes_of_the_others() {
    let server = Scripted::start(|asked, nth| {
        if asked.method == "POST" {
            return Some(ok(body(nth, "IN_PROGRESS")));
        }
        if asked.is("GET", "/v2/detect") {
            return Some(Reply::Json(500, "oops".into()));
        }
        match number(&asked.path) {
            3 => Some(Reply::Json(404, "{}".into())),
            4 => Some(ok(body(4, "IN_PROGRESS"))),
            other => Some(ok(body(other, "COMPLETED_SUCCESSFULLY"))),
        }
    })
    .await;
    let client = hurried(&server).build().unwrap();
    let jobs = submitted(&client, 8).await;
    let mut ended = client.as_completed(jobs).wait_for(Duration::from_millis(400));
    assert_eq!(ended.left(), 8);
    // A call that is dropped half-way loses nothing.
    assert!(tokio::time::timeout(Duration::ZERO, ended.next()).await.is_err());
    let (mut seen, mut failed) = (HashSet::new(), Vec::new());
    while let Some((job, result)) = ended.next().await {
        assert!(seen.insert(job.id().to_owned()), "{} came twice", job.id());
        match result {
            Ok(done) => assert_eq!(done.id, job.id()),
            Err(error) => failed.push((number(job.id()), error)),
        }
    }
    assert_eq!((seen.len(), ended.left()), (8, 0));
    failed.sort_by_key(|(number, _)| *number);
    assert_eq!(
        failed.iter().map(|(number, error)| (*number, error.kind())).collect::<Vec<_>>(),
        [(3, ErrorKind::JobLost), (4, ErrorKind::WaitTimeout)]
    );
    let token = failed[1].1.resume_token().unwrap();
    assert_eq!(client.resume::<Detect>(token).unwrap().id(), "job-4");
}

#[tokio::test]
async fn jobs_of_any_kind_are_tracked_by_their_tokens() {
    let server = Scripted::start(|asked, _| {
        let status = if asked.method == "POST" { "IN_PROGRESS" } else { "COMPLETED_SUCCESSFULLY" };
        Some(ok(format!(r#"{{"id":"job-1","status":"{status}","createdAt":{MADE}}}"#)))
    })
    .await;
    let client = hurried(&server).build().unwrap();
    let detect = client.detect([Image::bytes(vec![1])]).class("person").send().await.unwrap().resume_token();
    let ask = client.ask([Image::bytes(vec![1])], "Is it open?").send().await.unwrap().resume_token();
    let recognize = client.recognize("staff", [Image::bytes(vec![1])]).send().await.unwrap().resume_token();
    let tokens = [detect, ask, recognize];
    let mut tracked = client.track(&tokens).unwrap();
    let mut kinds = Vec::new();
    while let Some((token, result)) = tracked.next().await {
        let place = tokens.iter().position(|one| *one == token).unwrap();
        kinds.push((place, result.unwrap().kind().to_string()));
    }
    kinds.sort();
    assert_eq!(kinds, [(0, "detect".to_owned()), (1, "ask".to_owned()), (2, "recognize".to_owned())]);
    let error = client.track([tokens[0].as_str(), "ii1_nonsense"]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResumeToken);
    assert!(error.message().starts_with("tokens[1]: "), "{error}");
    assert!(client.resume::<Ask>(&tokens[0]).is_err());
}

#[tokio::test]
async fn every_wait_has_its_look_at_the_deadline() {
    let server = server(usize::MAX, |_, _| ok("[]")).await;
    let client = hurried(&server).build().unwrap();
    let jobs = submitted(&client, 40).await;
    let before = looks(&server);
    let mut ended = client.as_completed(jobs).wait_for(Duration::from_millis(20));
    let mut timed_out = 0;
    while let Some((_, result)) = ended.next().await {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WaitTimeout);
        assert!(error.message().contains("last status IN_PROGRESS"), "{error}");
        timed_out += 1;
    }
    assert_eq!(timed_out, 40);
    // At the latest then each was asked for by its id, as the search shows nothing.
    assert!(looks(&server) - before >= 40);
}

/// What the client's runtime still has to do.
fn tasks(runtime: &tokio::runtime::Runtime) -> usize {
    runtime.metrics().num_alive_tasks()
}

#[test]
fn no_task_outlives_its_last_waiter() {
    let (elsewhere, here) = (tokio::runtime::Runtime::new().unwrap(), tokio::runtime::Runtime::new().unwrap());
    let server = elsewhere.block_on(server(usize::MAX, |numbers, row| list(&numbers, row)));
    let client = hurried(&server).build().unwrap();
    let idle = here.block_on(async {
        let jobs = submitted(&client, 10).await;
        let idle = here.metrics().num_alive_tasks();
        let mut ended = client.as_completed(jobs.clone());
        assert!(tokio::time::timeout(Duration::from_millis(50), ended.next()).await.is_err());
        let mut updates = jobs[0].updates();
        assert!(matches!(updates.next().await, Some(Ok(Update::Progress { .. }))));
        assert!(here.metrics().num_alive_tasks() > idle, "somebody waits");
        idle
    });
    // The task ends by itself, as soon as it is polled once more.
    for _ in 0..1000 {
        if tasks(&here) <= idle {
            return;
        }
        here.block_on(tokio::task::yield_now());
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("{} tasks are left of {idle}", tasks(&here));
}

#[test]
fn a_wait_outlives_the_runtime_on_which_another_began() {
    let (elsewhere, here) = (tokio::runtime::Runtime::new().unwrap(), tokio::runtime::Runtime::new().unwrap());
    let doomed = tokio::runtime::Runtime::new().unwrap();
    let open = Arc::new(AtomicUsize::new(0));
    let done = Arc::clone(&open);
    let server = elsewhere.block_on(Scripted::start(move |asked, nth| {
        if asked.method == "POST" {
            return Some(ok(body(nth, "IN_PROGRESS")));
        }
        let status = if done.load(Ordering::SeqCst) == 0 { "IN_PROGRESS" } else { "COMPLETED_SUCCESSFULLY" };
        Some(ok(body(number(&asked.path), status)))
    }));
    let client = hurried(&server).build().unwrap();
    let jobs = here.block_on(submitted(&client, 2));
    // The task that asks is the doomed runtime's.
    let mut first = jobs[0].updates();
    doomed.block_on(async { while first.next().await.unwrap().is_err() {} });
    let second = jobs[1].clone();
    let waiting = here.spawn(async move { second.wait().await });
    doomed.shutdown_background();
    open.store(1, Ordering::SeqCst);
    let done = here
        .block_on(async { tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("a wait that hangs") });
    assert_eq!(done.unwrap().unwrap().id, "job-1");
}
