//! Registered webhooks: one for each application of an organisation, for good.

use image_intelligence_core::{RegisteredWebhook, Secret, Timestamp, WebhookRequest};
use rusqlite::params;
use uuid::Uuid;

use super::{RecordError, Recorded, Records};

impl Records<'_> {
    pub(crate) fn register_webhook(
        &self,
        organisation: &str,
        application: &str,
        request: &WebhookRequest,
        now: Timestamp,
    ) -> Recorded<RegisteredWebhook> {
        let mut webhook = RegisteredWebhook::default();
        webhook.id = Uuid::new_v4().to_string();
        webhook.url = Some(request.url.clone());
        webhook.application = Some(application.to_owned());
        webhook.organization_id = Some(organisation.to_owned());
        webhook.created_at = Some(now);
        // The one place where the secret must be written out: it signs later, after a restart too.
        let secret = request.secret_key.as_ref().map(Secret::expose);
        let made = self
            .connection
            .prepare_cached(
                "INSERT INTO webhook (id, organisation, application, url, secret_key, created_at)
                 VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (organisation, application) DO NOTHING",
            )?
            .execute(params![webhook.id, organisation, application, request.url, secret, now.as_millis()])?;
        if made == 0 { Err(RecordError::Taken) } else { Ok(webhook) }
    }
}
