//! What is said once it listens. On stderr, as stdout has the events.

use console::style;
use image_intelligence::Client;
use image_intelligence_webhooks::Receiver;
use serde_json::json;

use crate::args::ListenArgs;
use crate::listen::confirms;
use crate::listen::forward::Forwarder;
use crate::output::{Format, json_line, remark};
use crate::secrets;

/// Where events are taken, and what is done with them.
pub(super) struct Ready {
    format: Format,
    url: String,
    address: Option<String>,
    inbox: Option<String>,
    is_signed: bool,
    confirms: Option<String>,
    asked_not_to: bool,
    forward_to: Option<String>,
}

impl Ready {
    pub(super) fn new(
        args: &ListenArgs,
        receiver: &Receiver,
        is_signed: bool,
        client: Option<&Client>,
        forwarder: Option<&Forwarder>,
    ) -> Self {
        Self {
            format: Format::from_flags(args.json, false),
            url: receiver.public_url().trim_end_matches('/').to_owned(),
            address: receiver.local_addr().map(|address| address.to_string()),
            inbox: args.inbox.as_deref().map(crate::mailbox::shown),
            is_signed,
            confirms: confirms(client),
            asked_not_to: args.no_confirm,
            forward_to: forwarder.map(Forwarder::shown),
        }
    }

    pub(super) fn say(&self) {
        remark(&if self.format == Format::Text { self.text() } else { self.document() });
    }

    fn document(&self) -> String {
        json_line(&json!({ "listening": {
            "url": self.url,
            "jobs": format!("{}/jobs", self.url),
            "events": format!("{}/events", self.url),
            "address": self.address,
            "inbox": self.inbox,
            "signed": self.is_signed,
            "confirms": self.confirms,
            "forwardTo": self.forward_to,
        }}))
    }

    fn text(&self) -> String {
        let Self { url, .. } = self;
        let word = style("Listening").green().bold().for_stderr();
        let signatures = if self.is_signed {
            "signed ones alone".to_owned()
        } else {
            format!("signed or not, as no secret is known: --secret-key-file, {}", secrets::VARIABLE)
        };
        let confirmed = match (&self.confirms, self.asked_not_to) {
            (Some(api), _) => {
                format!("Jobs are told once {api} says the same; what it does not know is dropped (--no-confirm).")
            }
            (None, true) => "Jobs are told as they come: anybody may have sent them (--no-confirm).".to_owned(),
            (None, false) => "Jobs are told as they come: anybody may have sent them. To have them confirmed by the \
                 API, set II_CLIENT_ID and II_CLIENT_SECRET."
                .to_owned(),
        };
        let kept = match &self.inbox {
            Some(inbox) => format!("Kept in {inbox} until they are done."),
            None => "Kept in a temporary inbox that goes when this ends (--inbox FILE).".to_owned(),
        };
        let forwarded = match &self.forward_to {
            Some(target) => format!("Forwarded to {target}, one after the other.\n"),
            None => String::new(),
        };
        format!(
            "{word} at {}; Ctrl-C stops it\n  {url}/jobs    as the webhookUrl of jobs\n  {url}/events  as the \
             registered webhook ({signatures})\n{confirmed}\n{kept}\n{forwarded}",
            self.address.as_deref().unwrap_or(url)
        )
    }
}
