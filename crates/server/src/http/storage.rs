//! Signed links to pictures, good for a short while and without a token: where `Accept: image/jpeg` redirects to.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image_intelligence_core::{Secret, Timestamp, sign};

use super::place::{Place, query_value};
use super::{Api, ApiError, images};
use crate::clock::after;

/// How long a link is good, by the server's clock.
const LIFE: Duration = Duration::from_mins(5);

/// Makes links and checks them, with a key that lives as long as the process.
pub(crate) struct Links(Secret);

impl Links {
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        let mut key = [0_u8; 32];
        getrandom::fill(&mut key)?;
        Ok(Self(STANDARD.encode(key).into()))
    }

    /// A link to the picture of a face.
    pub(crate) fn to(&self, origin: &str, id: &str, now: Timestamp) -> String {
        let expires = after(now, LIFE).as_millis();
        let signature = self.signature(id, expires);
        format!("{origin}/storage/{id}?expires={expires}&signature={signature}")
    }

    fn signature(&self, id: &str, expires: i64) -> String {
        let signed = sign(format!("{expires} {id}").as_bytes(), &self.0);
        signed.strip_prefix("sha256=").map(str::to_owned).unwrap_or_default()
    }

    fn allows(&self, id: &str, expires: i64, signature: &str, now: Timestamp) -> bool {
        // Secrets compare in constant time.
        let good = Secret::from(self.signature(id, expires)) == Secret::from(signature);
        good && now.as_millis() < expires
    }
}

pub(crate) async fn get(
    State(api): State<Arc<Api>>,
    place: Place,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let value = |name| query_value(query.as_deref(), name).map(Option::unwrap_or_default);
    let (expires, signature) = (value("expires")?, value("signature")?);
    let good = expires.parse().is_ok_and(|at| api.links.allows(&place.id, at, &signature, api.gate.clock.now()));
    if !good {
        return Err(ApiError::forbidden(
            "this link is not signed by this server, or no longer good; ask for a new one",
        ));
    }
    let picture = api.shelf.read(move |records| records.picture_of_face(&place.id)).await?;
    images::stored(&api, picture.unwrap_or_default()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_good_for_its_picture_and_its_time() {
        let links = Links::new().unwrap();
        let at = Timestamp::from_millis;
        let link = links.to("http://x", "f-1", at(1_000));
        let signature = link.rsplit('=').next().unwrap();
        assert!(link.starts_with("http://x/storage/f-1?expires=301000&signature="));
        assert!(links.allows("f-1", 301_000, signature, at(300_999)));
        assert!(!links.allows("f-1", 301_000, signature, at(301_000)));
        assert!(!links.allows("f-1", 301_001, signature, at(1_000)));
        assert!(!links.allows("f-2", 301_000, signature, at(1_000)));
        assert!(!links.allows("f-1", 301_000, "", at(1_000)));
        assert!(!Links::new().unwrap().allows("f-1", 301_000, signature, at(1_000)), "each process has its own key");
    }
}
