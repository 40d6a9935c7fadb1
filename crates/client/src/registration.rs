//! Registering a webhook for an application's events.

use image_intelligence_core::{RegisteredWebhook, Result, Secret, WebhookRequest};

use crate::client::Client;
use crate::create::{Lost, body, once};
use crate::http::Request;

/// A webhook that was registered.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Registration {
    /// The webhook.
    pub webhook: RegisteredWebhook,
    /// With which its events are signed: yours, or one that the service made up. Keep it: the API does not say it again.
    pub secret_key: Option<Secret>,
}

pub(crate) async fn register(client: &Client, request: WebhookRequest) -> Result<Registration> {
    let inner = client.inner();
    request.validate(&inner.limits)?;
    let post = Request::post("POST /webhooks".to_owned(), "/webhooks", inner.base.join(&["webhooks"]), body(&request)?);
    let look = "trigger an event, or ask the service whether it is registered,";
    let lost = Lost { look, secret: request.secret_key.as_ref(), ..Lost::default() };
    let (webhook, answered) = once(client, &post, lost, RegisteredWebhook::from_json_with_secret).await?;
    Ok(Registration { webhook, secret_key: answered.or(request.secret_key) })
}
