//! What the four kinds of job have in common as models.

use serde::Serialize;

use crate::body::{Body, read_json, read_list};
use crate::model::{Model, Shape};
use crate::{Error, ErrorKind, Kind, Raw, Result};

/// A job of one kind. Its first field is `id`, which alone a job cannot do without.
pub(crate) trait JobModel: Model + Shape + Serialize {
    const KIND: Kind;

    /// Takes what is its own out of a body; the id has been taken already.
    fn of(id: String, body: Body, raw: Raw) -> Self;
}

/// Makes a job of a body. Fails where it has no id.
pub(crate) fn from_body<J: JobModel>(mut body: Body, raw: Raw, kind: ErrorKind) -> Result<J> {
    let Some(id) = body.id.take().filter(|id| !id.is_empty()) else {
        return Err(Error::new(
            kind,
            format!("id: missing in {} job; is this the API's answer?", J::KIND.with_article()),
        ));
    };
    Ok(J::of(id, body, raw))
}

pub(crate) fn from_json<J: JobModel>(json: &[u8]) -> Result<J> {
    let (body, raw) = read_json(json, ErrorKind::InvalidResponse)?;
    from_body(body, raw, ErrorKind::InvalidResponse)
}

pub(crate) fn list_from_json<J: JobModel>(json: &[u8]) -> Result<Vec<J>> {
    read_list(json, |body, raw| from_body(body, raw, ErrorKind::InvalidResponse).ok())
}

/// A model as canonical JSON.
pub(crate) fn to_json(model: &impl Serialize) -> Vec<u8> {
    // Text, numbers and lists: there is nothing in them that JSON cannot say.
    serde_json::to_vec(model).unwrap_or_default()
}

/// Declares that a model is a job of a kind: its own fields, each with how it is taken out of a body. Those that every job
/// has are taken besides.
macro_rules! job {
    ($model:ident is $kind:ident, of $body:ident { $($field:ident: $value:expr),* $(,)? }) => {
        impl $crate::job::JobModel for $model {
            const KIND: $crate::Kind = $crate::Kind::$kind;

            fn of(id: String, $body: $crate::body::Body, raw: $crate::Raw) -> Self {
                Self {
                    id,
                    created_at: $body.created_at,
                    status: $body.status.unwrap_or_default(),
                    custom_id: $body.custom_id,
                    feed_id: $body.feed_id,
                    webhook_url: $body.webhook_url,
                    $($field: $value,)*
                    raw,
                }
            }
        }

        impl $model {
            /// Reads a job from the API's JSON.
            ///
            /// Fails with `invalid_response` where it is no JSON object, or has no `id`; every other oddity is read past.
            pub fn from_json(json: &[u8]) -> $crate::Result<Self> {
                $crate::job::from_json(json)
            }

            /// Reads the API's answer to a search: an array of jobs. An item that cannot be read is left out.
            pub fn list_from_json(json: &[u8]) -> $crate::Result<Vec<Self>> {
                $crate::job::list_from_json(json)
            }

            /// The job as canonical JSON, with each picture's [`Input`](crate::Input): for languages that build their own
            /// objects.
            pub fn to_json(&self) -> Vec<u8> {
                $crate::job::to_json(self)
            }
        }

        $crate::read::deserialize_from_text!($model, |text: &str| $model::from_json(text.as_bytes()));
    };
}
pub(crate) use job;
