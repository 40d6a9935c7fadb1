//! Credentials, and the token they buy.

use serde::{Deserialize, Serialize};

use crate::read::{from_text, read_fields};
use crate::{Error, ErrorKind, Result, Secret, Timestamp};

/// The body of `POST /oauth/token`, and so the one model that writes a secret out.
///
/// ```
/// use image_intelligence_core::TokenRequest;
///
/// let request = TokenRequest::new("local", "local");
/// assert_eq!(request.to_json(), r#"{"clientId":"local","clientSecret":"local"}"#);
/// assert!(!format!("{request:?}").contains(r#""local", client_secret: "local""#));
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TokenRequest {
    /// Who asks.
    pub client_id: String,
    /// And proves it.
    pub client_secret: Secret,
}

impl TokenRequest {
    /// Asks for a token with these credentials.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<Secret>) -> Self {
        Self { client_id: client_id.into(), client_secret: client_secret.into() }
    }

    /// The body as it travels, secret and all.
    pub fn to_json(&self) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        format!(r#"{{"clientId":{},"clientSecret":{}}}"#, quoted(&self.client_id), quoted(self.client_secret.expose()))
    }
}

/// The answer of `POST /oauth/token`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TokenAnswer {
    /// What goes into `Authorization: Bearer ..`.
    pub access_token: Secret,
    /// When it ends, by the service's clock.
    pub expires_at: Option<Timestamp>,
    /// When it was made, by the service's clock.
    pub issued_at: Option<Timestamp>,
    /// Whose it is.
    pub org_name: Option<String>,
    /// For which application.
    pub app_name: Option<String>,
    /// What it allows; scopes that nobody has heard of are kept.
    pub scopes: Vec<String>,
}

impl TokenAnswer {
    /// Reads the answer. Fails with `invalid_response` where there is no `accessToken` in it; the body, which may hold
    /// one, is not kept.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        let invalid = |problem: &str| Error::new(ErrorKind::InvalidResponse, format!("the token's answer: {problem}"));
        let text = crate::body::text(json, ErrorKind::InvalidResponse)?;
        let wire = from_text::<Option<Wire>>(text).ok().flatten();
        let wire = wire.ok_or_else(|| invalid("no JSON object; is the base URL right?"))?;
        let token = wire.access_token.filter(|token| !token.is_empty());
        Ok(Self {
            access_token: token.ok_or_else(|| invalid("accessToken is missing"))?.into(),
            expires_at: wire.expires_at,
            issued_at: wire.issued_at,
            org_name: wire.org_name,
            app_name: wire.app_name,
            scopes: wire.scope.unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
        })
    }

    /// The answer as it travels, token and all.
    pub fn to_json(&self) -> String {
        let wire = Wire {
            access_token: Some(self.access_token.expose().to_owned()),
            expires_at: self.expires_at,
            issued_at: self.issued_at,
            org_name: self.org_name.clone(),
            app_name: self.app_name.clone(),
            scope: Some(self.scopes.join(" ")),
        };
        serde_json::to_string(&wire).unwrap_or_default()
    }

    /// A token with its life, for a server.
    pub fn new(access_token: impl Into<Secret>, issued_at: Timestamp, expires_at: Timestamp, scopes: &[&str]) -> Self {
        Self {
            access_token: access_token.into(),
            expires_at: Some(expires_at),
            issued_at: Some(issued_at),
            org_name: None,
            app_name: None,
            scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        }
    }
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    access_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    org_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_name: Option<String>,
    scope: Option<String>,
}
read_fields!(Wire {
    "accessToken" => access_token, "expiresAt" => expires_at, "issuedAt" => issued_at,
    "orgName" => org_name, "appName" => app_name, "scope" => scope,
});
