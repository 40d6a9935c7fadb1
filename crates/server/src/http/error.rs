//! Errors as the API answers them: a status, and JSON with our kind and a line of advice.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use image_intelligence_core::{Error, ErrorKind};
use serde_json::json;

use crate::store::StoreError;
use crate::store::records::RecordError;

/// What a request is answered where it is not served.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    message: String,
    header: Option<(HeaderName, HeaderValue)>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), header: None }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// No token, or one that is not taken.
    pub(crate) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, message)
            .with(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"image-intelligence\""))
    }

    /// Too much at once; come back in so many seconds.
    pub(crate) fn busy(message: impl Into<String>, retry_after: u16) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, message).with(header::RETRY_AFTER, retry_after.into())
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    }

    fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.header = Some((name, value));
        self
    }
}

impl From<Error> for ApiError {
    /// What core refuses is a bad request.
    fn from(error: Error) -> Self {
        match error.kind() {
            ErrorKind::InvalidRequest => Self::bad_request(error.message()),
            _ => Self::internal(error.message()),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::busy("too many jobs in progress; send this one again later", 5),
            StoreError::Failed(problem) => {
                tracing::error!(problem, "the store failed");
                Self::internal("the server's store failed; its log says why")
            }
        }
    }
}

impl From<RecordError> for ApiError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Missing => {
                Self::not_found("nothing of this id here; was it made with other credentials, or removed?")
            }
            RecordError::UnknownImage { field, id } => {
                let id: String = id.chars().filter(|character| !character.is_control()).take(80).collect();
                Self::bad_request(format!(
                    "{field}: no picture \"{id}\" in this namespace; take ids from POST /recognition/images/{{namespace}}/search"
                ))
            }
            RecordError::TooMany(most) => Self::busy(
                format!("there are {most} identities, as many as memory keeps; remove some, or keep them in a file"),
                60,
            ),
            RecordError::Taken => Self::bad_request(
                "a webhook is registered for this organisation and application; it cannot be taken back or changed",
            ),
            RecordError::Store(error) => error.into(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let kind = ErrorKind::from_status(self.status.as_u16());
        let body = Json(json!({"error": kind.as_str(), "message": self.message}));
        let mut response = (self.status, body).into_response();
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
