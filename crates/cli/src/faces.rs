//! `ii groups` and `ii images`: the groups that recognition makes of faces, and their pictures.

use std::process::ExitCode;

use image_intelligence::{Client, FaceGroup, FaceImage};

use crate::args::{GroupsCommand, ImagesCommand, OneArgs, RowsArgs};
use crate::failure::Failure;
use crate::output::{List, moment, or_nothing, show_record};
use crate::{calls, download, session};

pub(crate) async fn groups(command: GroupsCommand, base_url: Option<&str>) -> Result<ExitCode, Failure> {
    let client = session::client(base_url)?;
    match command {
        GroupsCommand::Get(args) => group(&args, &client).await?,
        GroupsCommand::List(args) => list_groups(&args, &client).await?,
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn images(command: ImagesCommand, base_url: Option<&str>) -> Result<ExitCode, Failure> {
    let client = session::client(base_url)?;
    match command {
        ImagesCommand::Get(args) => image(&args, &client).await?,
        ImagesCommand::List(args) => list_images(&args, &client).await?,
        ImagesCommand::Download(args) => download::run(&args, &client).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn group(args: &OneArgs, client: &Client) -> Result<(), Failure> {
    let groups = client.recognition(&args.namespace).groups();
    let group: FaceGroup = calls::read(client, "asking", groups.get(&args.id)).await?;
    let ids: Vec<_> = group.images.iter().filter_map(|image| image.id.as_deref()).collect();
    let fields = [
        ("id", group.id.clone()),
        ("identityId", group.identity_id.clone()),
        ("batchId", group.batch_id.clone()),
        ("namespace", group.namespace.clone()),
        ("linkModifiedBy", group.link_modified_by.as_ref().map(ToString::to_string)),
        ("linkLastModifiedAt", group.link_last_modified_at.map(|made| moment(Some(made)))),
        ("createdAt", group.created_at.map(|made| moment(Some(made)))),
        ("images", Some(ids.join(" ")).filter(|ids| !ids.is_empty())),
    ];
    show_record(&group, &fields, args.shape.format())
}

async fn list_groups(args: &RowsArgs, client: &Client) -> Result<(), Failure> {
    let groups = client.recognition(&args.namespace).groups();
    let search = args.search()?;
    let found = async { if args.all { groups.all(search).collect().await } else { groups.search(&search).await } };
    let mut list = List::new(&["GROUP", "IDENTITY", "PICTURES", "CREATED"], 1);
    for group in calls::read(client, "looking", found).await? {
        let cells = vec![
            or_nothing(group.id.as_deref()),
            or_nothing(group.identity_id.as_deref()),
            group.images.len().to_string(),
            moment(group.created_at),
        ];
        list.add(&group, cells);
    }
    list.show(&format!("no such group in {}", args.namespace), args.shape.format())
}

async fn image(args: &OneArgs, client: &Client) -> Result<(), Failure> {
    let images = client.recognition(&args.namespace).images();
    let image: FaceImage = calls::read(client, "asking", images.get(&args.id)).await?;
    let size = image.width.zip(image.height).map(|(width, height)| format!("{width} x {height}"));
    let fields = [
        ("id", image.id.clone()),
        ("identityId", image.identity_id.clone()),
        ("customId", image.custom_id.clone()),
        ("feedId", image.feed_id.clone()),
        ("groupId", image.group_id.clone()),
        ("url", image.url.clone()),
        ("size", size),
        ("sharpness", image.sharpness.map(|sharpness| sharpness.to_string())),
        ("isFrontal", image.is_frontal.map(|frontal| frontal.to_string())),
        ("createdAt", image.created_at.map(|made| moment(Some(made)))),
    ];
    show_record(&image, &fields, args.shape.format())
}

async fn list_images(args: &RowsArgs, client: &Client) -> Result<(), Failure> {
    let images = client.recognition(&args.namespace).images();
    let search = args.search()?;
    let found = async { if args.all { images.all(search).collect().await } else { images.search(&search).await } };
    let mut list = List::new(&["PICTURE", "IDENTITY", "CUSTOM ID", "FEED", "CREATED"], 2);
    for image in calls::read(client, "looking", found).await? {
        let names = [&image.id, &image.identity_id, &image.custom_id, &image.feed_id];
        let names = names.map(|name| or_nothing(name.as_deref()));
        let cells = names.into_iter().chain([moment(image.created_at)]).collect();
        list.add(&image, cells);
    }
    list.show(&format!("no such picture in {}", args.namespace), args.shape.format())
}
