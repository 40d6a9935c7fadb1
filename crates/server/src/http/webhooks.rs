//! `POST /webhooks`: registers where an application's events go.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use image_intelligence_core::{RegisteredWebhook, Secret, WebhookRequest};
use serde::Serialize;

use super::auth::Caller;
use super::body::Small;
use super::{Api, ApiError};

/// The answer, secret and all: the contract repeats it to whoever just gave it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Registered {
    #[serde(flatten)]
    webhook: RegisteredWebhook,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    secret_key: Option<Secret>,
}

#[expect(clippy::ref_option, reason = "serde hands it over so")]
fn exposed<S: serde::Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(Secret::expose).serialize(serializer)
}

pub(crate) async fn create(
    State(api): State<Arc<Api>>,
    caller: Caller,
    body: Small,
) -> Result<Json<Registered>, ApiError> {
    let request = WebhookRequest::from_json(&body.bytes)?;
    request.validate(&api.limits)?;
    let secret_key = request.secret_key.clone();
    let ((organisation, application), now) = (caller.application(), api.gate.clock.now());
    let register = move |records: &crate::store::records::Records<'_>| {
        records.register_webhook(&organisation, &application, &request, now)
    };
    let webhook = api.shelf.write(register).await?;
    Ok(Json(Registered { webhook, secret_key }))
}
