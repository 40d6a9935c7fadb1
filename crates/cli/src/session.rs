//! Which API to talk to, and as whom.

use image_intelligence::{BaseUrl, Client, ClientBuilder, ErrorKind};

use crate::failure::Failure;

/// What an `ii serve` without a credentials file takes.
pub(crate) const LOCAL: &str = "local";

/// A client for the base URL, with the environment's credentials; on this machine, without any, with the local ones.
pub(crate) fn client(base_url: Option<&str>) -> Result<Client, Failure> {
    Ok(builder(base_url)?.build()?)
}

/// The same before it is made, for whom its time-outs are too long.
pub(crate) fn builder(base_url: Option<&str>) -> Result<ClientBuilder, Failure> {
    let base = BaseUrl::parse(base_url.unwrap_or(BaseUrl::PUBLIC))?;
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let (id, secret) = match (variable("II_CLIENT_ID"), variable("II_CLIENT_SECRET")) {
        (Some(id), Some(secret)) => (id, secret),
        (None, None) if base.is_loopback() => (LOCAL.to_owned(), LOCAL.to_owned()),
        (id, secret) => {
            let missing = match (id, secret) {
                (None, None) => "II_CLIENT_ID and II_CLIENT_SECRET are",
                (None, _) => "II_CLIENT_ID is",
                _ => "II_CLIENT_SECRET is",
            };
            let hint = if base_url.is_some() {
                "set both in the environment".to_owned()
            } else {
                "set both in the environment; or run `ii serve` and use --base-url http://127.0.0.1:8080/v2, which needs neither"
                    .to_owned()
            };
            return Err(Failure::config(format!("{missing} not set, and {base} asks for them")).hint(hint));
        }
    };
    let agent = concat!("ii/", env!("CARGO_PKG_VERSION"));
    Ok(Client::builder().base_url(base.to_string()).credentials(id, secret).user_agent(agent))
}

/// Adds the way out where the trouble is with a server on this machine.
pub(crate) fn advise(failure: Failure, client: &Client) -> Failure {
    match failure.kind() {
        ErrorKind::Connection if client.base_url().is_loopback() => {
            failure.hint(format!("is a server running at {}? `ii serve` starts one", client.base_url().authority()))
        }
        ErrorKind::NotFound if client.base_url().is_loopback() => {
            failure.hint("a server without --db forgets everything when it ends; was it started again?")
        }
        _ => failure,
    }
}
