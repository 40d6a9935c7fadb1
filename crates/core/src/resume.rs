//! The token with which a wait goes on in another process, machine or language.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::{BaseUrl, Error, ErrorKind, Kind, Result, Rid, Timestamp};

const PREFIX: &str = "ii1_";
const LONGEST: usize = 4096;

/// What a resume token says. It holds no URL and no secret, and is the same in every language.
///
/// ```
/// use image_intelligence_core::{BaseUrl, Kind, ResumeToken, Rid, Timestamp};
///
/// let api = BaseUrl::parse("https://api.imageintelligence.com/v2")?;
/// let token = ResumeToken::new(Kind::Detect, "f9d73f87", Rid::from_bytes([1; 16]), Timestamp::from_millis(1_487_648_348_000), &api);
/// let text = token.to_string();
/// assert!(text.starts_with("ii1_"));
/// assert_eq!(ResumeToken::parse(&text, &api)?, token);
///
/// let other = BaseUrl::parse("http://127.0.0.1:8080/v2")?;
/// assert_eq!(ResumeToken::parse(&text, &other).unwrap_err().kind().as_str(), "resume_token");
/// # Ok::<(), image_intelligence_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResumeToken {
    /// What the job does.
    pub kind: Kind,
    /// The namespace of a recognize job.
    pub namespace: Option<String>,
    /// The service's name for the job.
    pub id: String,
    /// Our own name for it.
    pub rid: Rid,
    /// When it was made, by the service's clock.
    pub created: Timestamp,
    api: String,
}

#[derive(Deserialize)]
struct Version {
    v: u64,
}

#[derive(Serialize, Deserialize)]
struct Wire {
    v: u32,
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ns: Option<String>,
    id: String,
    rid: Rid,
    created: i64,
    api: String,
}

impl ResumeToken {
    /// A token for a job of that API. One for a recognize job also wants its [namespace](Self::in_namespace).
    pub fn new(kind: Kind, id: impl Into<String>, rid: Rid, created: Timestamp, api: &BaseUrl) -> Self {
        Self { kind, namespace: None, id: id.into(), rid, created, api: api.fingerprint() }
    }

    /// Says in which namespace a recognize job is; without one, its token is malformed.
    ///
    /// ```
    /// use image_intelligence_core::{BaseUrl, Kind, ResumeToken, Rid, Timestamp};
    ///
    /// let api = BaseUrl::parse("https://api.imageintelligence.com/v2")?;
    /// let token = ResumeToken::new(Kind::Recognize, "f9d73f87", Rid::from_bytes([1; 16]), Timestamp::from_millis(0), &api);
    /// assert!(ResumeToken::parse(&token.to_string(), &api).is_err());
    ///
    /// let token = token.in_namespace("staff").to_string();
    /// assert_eq!(ResumeToken::parse(&token, &api)?.namespace.as_deref(), Some("staff"));
    /// # Ok::<(), image_intelligence_core::Error>(())
    /// ```
    pub fn in_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// Reads a token that was made for the API at this base URL.
    pub fn parse(text: &str, api: &BaseUrl) -> Result<Self> {
        let refuse = |problem: &str| Err(Error::new(ErrorKind::ResumeToken, format!("resume token: {problem}")));
        let text = text.trim();
        let Some(encoded) = text.strip_prefix(PREFIX) else {
            return match text.strip_prefix("ii").and_then(|rest| rest.split_once('_')) {
                Some((version, _)) if !version.is_empty() && version.bytes().all(|digit| digit.is_ascii_digit()) => {
                    refuse("it was made by another version of this library; update the library")
                }
                _ => refuse("it does not start with ii1_; was it copied whole?"),
            };
        };
        if encoded.len() > LONGEST {
            return refuse("longer than 4096 characters; is it a resume token?");
        }
        let malformed = "malformed; was it copied whole?";
        let Ok(json) = URL_SAFE_NO_PAD.decode(encoded) else { return refuse(malformed) };
        // The version first: what else a newer token holds, this version cannot know.
        match serde_json::from_slice::<Version>(&json) {
            Ok(Version { v: 1 }) => {}
            Ok(_) => return refuse("it was made by a newer version of this library; update the library"),
            Err(_) => return refuse(malformed),
        }
        let Ok(wire) = serde_json::from_slice::<Wire>(&json) else { return refuse(malformed) };
        let Some(kind) = Kind::from_name(&wire.kind) else {
            return refuse("a kind of job that this version does not know; update the library");
        };
        if wire.id.is_empty() {
            return refuse("malformed: it names no job");
        }
        // A recognize job is looked up in its namespace, and no other kind has one.
        let namespace = wire.ns.filter(|namespace| kind == Kind::Recognize && !namespace.is_empty());
        if kind == Kind::Recognize && namespace.is_none() {
            return refuse("malformed: it names no namespace, in which alone a recognize job can be found");
        }
        if wire.api != api.fingerprint() {
            return refuse(&format!(
                "the job was made at another API than {api}; use a client with the base URL at which it was made, to the letter"
            ));
        }
        let created = Timestamp::from_millis(wire.created);
        Ok(Self { kind, namespace, id: wire.id, rid: wire.rid, created, api: wire.api })
    }
}

impl std::fmt::Display for ResumeToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let wire = Wire {
            v: 1,
            kind: self.kind.as_str().to_owned(),
            ns: self.namespace.clone(),
            id: self.id.clone(),
            rid: self.rid,
            created: self.created.as_millis(),
            api: self.api.clone(),
        };
        let json = serde_json::to_vec(&wire).map_err(|_| std::fmt::Error)?;
        write!(f, "{PREFIX}{}", URL_SAFE_NO_PAD.encode(json))
    }
}
