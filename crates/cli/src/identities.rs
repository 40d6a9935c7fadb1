//! `ii identities`: whom recognition knows.

use std::process::ExitCode;

use image_intelligence::{Client, Identity, IdentityChange, IdentityRequest};
use serde::Serialize;

use crate::args::{IdentitiesCommand, IdentityCreateArgs, IdentityUpdateArgs, OneArgs, RowsArgs};
use crate::failure::{Failure, quoted};
use crate::output::{Format, List, moment, or_nothing, show_record};
use crate::{calls, session};

pub(crate) async fn run(command: IdentitiesCommand, base_url: Option<&str>) -> Result<ExitCode, Failure> {
    let client = session::client(base_url)?;
    match command {
        IdentitiesCommand::Create(args) => create(args, &client).await?,
        IdentitiesCommand::Get(args) => {
            let identities = client.recognition(&args.namespace).identities();
            let identity = calls::read(&client, "asking", identities.get(&args.id)).await?;
            show(&identity, args.shape.format())?;
        }
        IdentitiesCommand::Update(args) => update(args, &client).await?,
        IdentitiesCommand::Delete(args) => delete(&args, &client).await?,
        IdentitiesCommand::List(args) => list(&args, &client).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn create(args: IdentityCreateArgs, client: &Client) -> Result<(), Failure> {
    let mut request = IdentityRequest::new();
    request.custom_id = args.custom_id;
    if !args.images.is_empty() {
        request = request.image_ids(args.images);
    }
    let named = request.custom_id.as_deref().map(|id| format!(" --custom-id {}", quoted(id)));
    let look =
        format!("ii identities list --namespace {}{}", quoted(&args.namespace), named.as_deref().unwrap_or_default());
    let identities = client.recognition(&args.namespace).identities();
    let identity = calls::change(client, "sending", &look, identities.create(request)).await?;
    show(&identity, args.shape.format())
}

async fn update(args: IdentityUpdateArgs, client: &Client) -> Result<(), Failure> {
    let mut change = IdentityChange::new();
    if args.custom_id.is_none() && args.add.is_empty() && args.remove.is_empty() {
        return Err(Failure::invalid("no change is given")
            .hint("--custom-id, --add-image or --remove-image says what to change"));
    }
    change.custom_id = args.custom_id;
    if !args.add.is_empty() {
        change = change.add_images(args.add);
    }
    if !args.remove.is_empty() {
        change = change.remove_images(args.remove);
    }
    let look = get_command(&args.id, &args.namespace);
    let identities = client.recognition(&args.namespace).identities();
    let identity = calls::change(client, "sending", &look, identities.update(&args.id, change)).await?;
    show(&identity, args.shape.format())
}

/// Says whom it forgot, so that a script sees what came of it.
async fn delete(args: &OneArgs, client: &Client) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Deleted<'a> {
        id: &'a str,
        deleted: bool,
    }
    let look = get_command(&args.id, &args.namespace);
    let identities = client.recognition(&args.namespace).identities();
    calls::change(client, "sending", &look, identities.delete(&args.id)).await?;
    let document = Deleted { id: &args.id, deleted: true };
    show_record(&document, &[("deleted", Some(args.id.clone()))], args.shape.format())
}

fn get_command(id: &str, namespace: &str) -> String {
    format!("ii identities get {} --namespace {}", quoted(id), quoted(namespace))
}

async fn list(args: &RowsArgs, client: &Client) -> Result<(), Failure> {
    let identities = client.recognition(&args.namespace).identities();
    let search = args.search()?;
    let found =
        async { if args.all { identities.all(search).collect().await } else { identities.search(&search).await } };
    let mut list = List::new(&["IDENTITY", "CUSTOM ID", "PICTURES", "CREATED"], 1);
    for identity in calls::read(client, "looking", found).await? {
        let cells = vec![
            identity.id.clone(),
            or_nothing(identity.custom_id.as_deref()),
            identity.images.len().to_string(),
            moment(identity.created_at),
        ];
        list.add(&identity, cells);
    }
    list.show(&format!("no such identity in {}", args.namespace), args.shape.format())
}

fn show(identity: &Identity, format: Format) -> Result<(), Failure> {
    let ids: Vec<_> = identity.images.iter().filter_map(|image| image.id.as_deref()).collect();
    let fields = [
        ("id", Some(identity.id.clone())),
        ("customId", identity.custom_id.clone()),
        ("namespace", identity.namespace.clone()),
        ("createdAt", identity.created_at.map(|made| moment(Some(made)))),
        ("images", Some(ids.join(" ")).filter(|ids| !ids.is_empty())),
    ];
    show_record(identity, &fields, format)
}
