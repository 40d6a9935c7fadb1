//! `ii webhooks register`: the one URL to which an application's events are posted.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use console::style;
use image_intelligence::{Limits, Secret, WebhookRequest};

use crate::args::WebhooksRegisterArgs;
use crate::failure::Failure;
use crate::interrupt::cancelled;
use crate::output::{Format, moment, printable, remark, show_record};
use crate::{calls, secrets, session};

pub(crate) async fn register(args: WebhooksRegisterArgs, base_url: Option<&str>) -> Result<ExitCode, Failure> {
    let client = session::client(base_url)?;
    let secret = secrets::of_webhooks(args.secret_key_file.as_deref())?;
    let mut request = WebhookRequest::new(&args.url);
    request.secret_key.clone_from(&secret);
    // Before anybody is asked: what would be refused needs no answer.
    request.validate(&Limits::default())?;
    confirm(&args, secret.is_some())?;
    // And before it is sent: a secret that the service makes up is said once, so there must be room for it.
    let room = if secret.is_none() { Some(Room::take(&args.save_secret)?) } else { None };
    let look = "trigger an event, or ask the service; a second registration would be refused";
    let registered = calls::change(&client, "registering", look, client.register_webhook(request)).await;
    if let Some(room) = room {
        match registered.as_ref().ok().and_then(|registered| registered.secret_key.as_ref()) {
            Some(secret) => room.keep(secret)?,
            None => room.leave(),
        }
    }
    let registered = registered?;
    let webhook = &registered.webhook;
    let fields = [
        ("id", Some(webhook.id.clone())),
        ("url", webhook.url.clone()),
        ("application", webhook.application.clone()),
        ("organizationId", webhook.organization_id.clone()),
        ("createdAt", webhook.created_at.map(|made| moment(Some(made)))),
    ];
    show_record(webhook, &fields, args.shape.format())?;
    Ok(ExitCode::SUCCESS)
}

/// Asks at a terminal whether it shall be; elsewhere only `--yes` says so.
fn confirm(args: &WebhooksRegisterArgs, signed: bool) -> Result<(), Failure> {
    if !signed && args.shape.format() == Format::Text {
        let note = style("note:").yellow().for_stderr();
        remark(&format!("{note} no secret (--secret-key-file, {}): events will not be signed\n", secrets::VARIABLE));
    }
    if args.yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(Failure::config("a registered webhook cannot be taken back, and there is nobody to ask")
            .hint("--yes says that you are sure"));
    }
    remark(&format!(
        "There is one webhook for each application, and it cannot be taken back or changed.\nPost events to {}? [y/N] ",
        printable(&args.url)
    ));
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    let yes = read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes");
    if yes { Ok(()) } else { Err(cancelled("nothing was registered").into()) }
}

/// A file of its own for a secret, which only its owner may read.
struct Room<'a> {
    path: &'a Path,
    file: File,
}

impl<'a> Room<'a> {
    fn take(path: &'a Path) -> Result<Self, Failure> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|error| {
            let problem = format!("--save-secret {}: no new file can be made there: {error}", path.display());
            Failure::config(problem).hint("another name; or give a secret of your own by --secret-key-file")
        })?;
        Ok(Self { path, file })
    }

    fn keep(mut self, secret: &Secret) -> Result<(), Failure> {
        let path = self.path.display();
        self.file.write_all(format!("{}\n", secret.expose()).as_bytes()).map_err(|error| {
            Failure::config(format!(
                "--save-secret {path}: the webhook is registered, but its secret cannot be written: {error}"
            ))
        })?;
        remark(&format!("the service made up a secret; it is in {path}\n"));
        Ok(())
    }

    /// Nothing to keep.
    fn leave(self) {
        let _ = std::fs::remove_file(self.path);
    }
}
