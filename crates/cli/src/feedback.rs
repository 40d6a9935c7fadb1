//! `ii feedback`: where a detect job was wrong.

use std::process::ExitCode;

use image_intelligence::{Client, Feedback, FeedbackClass};

use crate::args::{FeedbackCommand, FeedbackGiveArgs, FeedbackListArgs};
use crate::failure::{Failure, quoted};
use crate::output::{Format, List, moment, or_nothing, show_record};
use crate::{calls, jobs, session};

pub(crate) async fn run(command: FeedbackCommand, base_url: Option<&str>) -> Result<ExitCode, Failure> {
    let client = session::client(base_url)?;
    match command {
        FeedbackCommand::Give(args) => give(args, &client).await?,
        FeedbackCommand::Get(args) => {
            let given = calls::read(&client, "asking", client.feedback().get(&args.id)).await?;
            show(&given, args.shape.format())?;
        }
        FeedbackCommand::List(args) => list(&args, &client).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn give(args: FeedbackGiveArgs, client: &Client) -> Result<(), Failure> {
    let job = jobs::detect_id(client, &args.job)?;
    let found = args.false_positive.into_iter().map(FeedbackClass::false_positive);
    let classes: Vec<_> = found.chain(args.false_negative.into_iter().map(FeedbackClass::false_negative)).collect();
    let look = format!("ii feedback list --job {}", quoted(&job));
    let feedback = client.feedback();
    let given = calls::change(client, "sending", &look, feedback.create(job, classes)).await?;
    show(&given, args.shape.format())
}

async fn list(args: &FeedbackListArgs, client: &Client) -> Result<(), Failure> {
    let job = args.job.as_deref().map(|job| jobs::detect_id(client, job)).transpose()?;
    let mut list = List::new(&["FEEDBACK", "JOB", "CLASS", "CODE", "GIVEN"], 2);
    for given in calls::read(client, "looking", client.feedback().list(job.as_deref())).await? {
        let row = |class: &FeedbackClass| {
            vec![
                given.id.clone(),
                or_nothing(given.job_id.as_deref()),
                class.class.clone(),
                class.code.to_string(),
                moment(given.created_at),
            ]
        };
        let rows = given.classes.iter().map(row).collect();
        list.add_several(&given, rows);
    }
    list.show("no feedback", args.shape.format())
}

fn show(given: &Feedback, format: Format) -> Result<(), Failure> {
    let classes: Vec<_> = given.classes.iter().map(|class| format!("{} {}", class.class, class.code)).collect();
    let fields = [
        ("id", Some(given.id.clone())),
        ("jobId", given.job_id.clone()),
        ("classes", Some(classes.join(", "))),
        ("createdAt", given.created_at.map(|made| moment(Some(made)))),
    ];
    show_record(given, &fields, format)
}
