//! Registered webhooks, and the events that they bring.

use serde::{Deserialize, Serialize, Serializer};

use crate::answer::{self, without_id};
use crate::json::{self, Json};
use crate::model::model;
use crate::open_enum::open_enum;
use crate::read::{Read as _, from_text, read_fields};
use crate::validate::Field;
use crate::{Identity, Limits, Raw, Result, Secret, Timestamp};

model! {
    /// A webhook that was registered for an organisation's application.
    ///
    /// Its secret is no part of this, so that it is not printed.
    pub struct RegisteredWebhook {
        /// The service's name for it.
        "id" => pub id: String,
        /// Where the service posts events.
        "url" => pub url: Option<String>,
        /// The application whose events they are.
        "application" => pub application: Option<String>,
        /// The organisation whose application it is.
        "organizationId" => pub organization_id: Option<String>,
        /// When it was registered, by the service's clock.
        "createdAt" => pub created_at: Option<Timestamp>,
    }
}

#[derive(Default)]
struct WithSecret {
    secret_key: Option<String>,
}
read_fields!(WithSecret { "secretKey" => secret_key });

impl RegisteredWebhook {
    /// Reads the API's answer, without the secret in it. No error keeps the body, which may hold one.
    ///
    /// Fails with `invalid_response` where it is no JSON object, or has no `id`.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        Ok(Self::from_json_with_secret(json)?.0)
    }

    /// Reads the API's answer, and the secret with which its events are signed, where the answer repeats it or the service
    /// made one up.
    ///
    /// ```
    /// use image_intelligence_core::RegisteredWebhook;
    ///
    /// let json = br#"{"id": "w-1", "url": "https://hooks.example.com/ii", "secretKey": "correct horse"}"#;
    /// let (webhook, secret) = RegisteredWebhook::from_json_with_secret(json)?;
    /// assert_eq!(secret.unwrap().expose(), "correct horse");
    /// assert!(!format!("{webhook:?}").contains("horse"));
    /// # Ok::<(), image_intelligence_core::Error>(())
    /// ```
    pub fn from_json_with_secret(json: &[u8]) -> Result<(Self, Option<Secret>)> {
        const WHAT: &str = "a registered webhook";
        let (read, _) = answer::from_json::<Self>(WHAT, json).map_err(crate::Error::without_body)?;
        if read.id.is_empty() {
            return Err(without_id(WHAT));
        }
        let (secret, _) = answer::from_json::<WithSecret>(WHAT, json).map_err(crate::Error::without_body)?;
        Ok((read, secret.secret_key.filter(|key| !key.is_empty()).map(Secret::from)))
    }

    /// As canonical JSON, for languages that build their own objects.
    pub fn to_json(&self) -> Vec<u8> {
        crate::job::to_json(self)
    }
}

/// The body of `POST /webhooks`. There is one webhook for each application, and it cannot be taken back.
///
/// ```
/// use image_intelligence_core::{Limits, WebhookRequest};
///
/// let request = WebhookRequest::new("https://hooks.example.com/ii").secret_key("correct horse battery");
/// assert!(request.validate(&Limits::default()).is_ok());
/// assert!(!format!("{request:?}").contains("horse"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object with url and perhaps secretKey")]
#[non_exhaustive]
pub struct WebhookRequest {
    /// Where the service is to post events: public, at most 2048 characters.
    pub url: String,
    /// With which each event is signed, 8 to 256 characters; without one they are not signed.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub secret_key: Option<Secret>,
}

/// The one place where it must be written out: the request that carries it.
#[expect(clippy::ref_option, reason = "serde hands it over so")]
fn exposed<S: Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(Secret::expose).serialize(serializer)
}

impl WebhookRequest {
    /// Has events posted to this URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), secret_key: None }
    }

    /// Has each event signed with this secret.
    pub fn secret_key(mut self, secret: impl Into<Secret>) -> Self {
        self.secret_key = Some(secret.into());
        self
    }

    /// Reads a request from JSON, strictly. Fails with `invalid_request`, naming the place of what is wrong in it, and
    /// nothing of a secret.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        crate::request::from_json::<Wire>(json)
            .map(|wire| Self { url: wire.url, secret_key: wire.secret_key.map(|text| text.0) })
    }

    /// Checks it against the API's limits. The error names the field, the limit and what was given.
    pub fn validate(&self, limits: &Limits) -> Result<()> {
        Field::new("url").url(&self.url, limits.long_url)?;
        let Some(secret) = &self.secret_key else { return Ok(()) };
        match secret.expose().chars().count() {
            8..=256 => Ok(()),
            given => {
                let problem = format_args!("{given} characters given, 8 to 256 wanted; draw 32 random ones");
                Field::new("secretKey").refuse(problem)
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object with url and perhaps secretKey")]
struct Wire {
    url: String,
    secret_key: Option<Unquoted>,
}

/// A secret that is no string must not stand in the error either.
struct Unquoted(Secret);

impl<'de> Deserialize<'de> for Unquoted {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Secret::deserialize(deserializer);
        text.map(Self).map_err(|_| serde::de::Error::custom("it is no string"))
    }
}

open_enum! {
    /// What happened.
    pub enum EventName {
        /// Somebody new is known.
        IdentityCreated = "IDENTITY_CREATED",
        /// What is known of somebody has changed.
        IdentityUpdated = "IDENTITY_UPDATED",
    }
}

impl Default for EventName {
    /// What an event without a name reads as.
    fn default() -> Self {
        Self::Unknown(String::new())
    }
}

model! {
    /// An event that a registered webhook brought.
    ///
    /// The documents do not show its body, so much is read past: `raw` has all of it.
    pub struct RegisteredEvent {
        /// What happened: `event` of the body, else its `eventType` or `type`.
        "event" => pub event: EventName,
        /// When it happened, by the service's clock.
        "createdAt" => pub created_at: Option<Timestamp>,
        /// Whom it is about, where that can be told.
        "identity" => pub identity: Option<Identity>,
    }
    beside {
        /// The body as it came.
        pub raw: Raw,
    }
}

impl RegisteredEvent {
    /// As canonical JSON, for languages that build their own objects.
    pub fn to_json(&self) -> Vec<u8> {
        crate::job::to_json(self)
    }
}

/// An identity that stands elsewhere in an event than under `identity`: under `data`, which may hold it or be it, or the body
/// itself.
pub(crate) fn identity_elsewhere(text: &str) -> Option<Identity> {
    let within = |text: &str, key: &str| {
        let found = json::field(text, key)?;
        from_text::<Option<Identity>>(found).ok().flatten()
    };
    let known = |identity: Identity, text: &str| {
        let lists = json::field(text, "images").is_some_and(|images| images.starts_with('['));
        (!identity.id.is_empty() && lists).then_some(identity)
    };
    let data = json::field(text, "data").unwrap_or_default();
    let inside = within(data, "identity").filter(|identity| !identity.id.is_empty());
    inside.or_else(|| known(within(text, "data")?, data)).or_else(|| {
        let mut whole = None::<Identity>;
        whole.read(&mut Json::new(text)).ok()?;
        known(whole?, text)
    })
}
