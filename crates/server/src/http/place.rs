//! What a request's path and query name: a namespace, an id.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use image_intelligence_core::check_namespace;

use super::{Api, ApiError};

/// The namespace of `/recognize`, where the query gives none.
const DEFAULT_NAMESPACE: &str = "default";

/// Which namespace and which thing in it a path means; `id` is empty where the path has none.
pub(crate) struct Place {
    pub(crate) namespace: Option<String>,
    pub(crate) id: String,
}

impl FromRequestParts<Arc<Api>> for Place {
    type Rejection = ApiError;

    /// Refuses what no namespace may be.
    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, ApiError> {
        let named = RawPathParams::from_request_parts(parts, api)
            .await
            .map_err(|_| ApiError::bad_request("the path: not UTF-8 in %-escapes"))?;
        let mut place = Self { namespace: None, id: String::new() };
        for (name, value) in &named {
            match name {
                "namespace" => place.namespace = Some(value.to_owned()),
                _ => value.clone_into(&mut place.id),
            }
        }
        if let Some(namespace) = &place.namespace {
            check_namespace(namespace, &api.limits)?;
        }
        Ok(place)
    }
}

impl Place {
    /// The namespace of `?namespace=`, for the paths that have none of their own.
    pub(crate) fn or_by_query(mut self, query: Option<&str>, api: &Api) -> Result<Self, ApiError> {
        if self.namespace.is_none() {
            let named = query_value(query, "namespace")?.unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned());
            check_namespace(&named, &api.limits)?;
            self.namespace = Some(named);
        }
        Ok(self)
    }
}

/// The one value of a name in a query; an empty one is none.
pub(crate) fn query_value(query: Option<&str>, wanted: &str) -> Result<Option<String>, ApiError> {
    let mut found = None;
    for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        if name == wanted && !value.is_empty() && found.replace(value.into_owned()).is_some() {
            return Err(ApiError::bad_request(format!("{wanted}: given twice; give it once")));
        }
    }
    Ok(found)
}
