//! `ii token`: whose the credentials are, and what they allow.

use std::process::ExitCode;

use image_intelligence::Timestamp;
use serde::Serialize;

use crate::args::TokenArgs;
use crate::failure::Failure;
use crate::output::{moment, print, show_record};
use crate::{calls, session};

/// The API's answer without the token.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TokenDocument<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    org_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    scopes: &'a [String],
}

pub(crate) async fn run(args: &TokenArgs, base_url: Option<&str>) -> Result<ExitCode, Failure> {
    let client = session::client(base_url)?;
    let token = calls::read(&client, "asking", client.access_token()).await?;
    if args.show {
        // The one place that prints it, because it was asked for by name.
        print(&format!("{}\n", token.access_token.expose()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let document = TokenDocument {
        org_name: token.org_name.as_deref(),
        app_name: token.app_name.as_deref(),
        issued_at: token.issued_at,
        expires_at: token.expires_at,
        scopes: &token.scopes,
    };
    let fields = [
        ("api", Some(client.base_url().to_string())),
        ("organisation", token.org_name.clone()),
        ("application", token.app_name.clone()),
        ("issued", token.issued_at.map(|made| moment(Some(made)))),
        ("expires", Some(token.expires_at.map_or_else(|| "the API does not say".to_owned(), |end| moment(Some(end))))),
        ("scopes", Some(token.scopes.join(" "))),
    ];
    show_record(&document, &fields, args.shape.format())?;
    Ok(ExitCode::SUCCESS)
}
