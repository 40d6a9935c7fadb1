//! `GET /images/{id}`: the stored picture that a `proxyUrl` points to.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::{Api, ApiError};

pub(crate) async fn get(State(api): State<Arc<Api>>, Path(id): Path<String>) -> Result<Response, ApiError> {
    let bytes = api.shelf.call(move |store| store.picture(&id)).await?;
    let bytes =
        bytes.ok_or_else(|| ApiError::not_found("no such picture here; the oldest ones make room for new ones"))?;
    // The bytes are somebody else's: a browser must take them for a picture or for nothing.
    let headers = [
        (header::CONTENT_TYPE, content_type(&bytes)),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
    ];
    Ok((headers, bytes).into_response())
}

/// What the bytes are, whatever anyone called them.
fn content_type(bytes: &[u8]) -> &'static str {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => "image/png",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => "image/gif",
        [b'B', b'M', ..] => "image/bmp",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::content_type;

    #[test]
    fn goes_by_the_bytes() {
        assert_eq!(content_type(b"\xFF\xD8\xFF\xE0"), "image/jpeg");
        assert_eq!(content_type(b"\x89PNG\r\n\x1a\n...."), "image/png");
        assert_eq!(content_type(b"RIFF\x10\0\0\0WEBPVP8 "), "image/webp");
        assert_eq!(content_type(b"GIF89a"), "image/gif");
        assert_eq!(content_type(b"BM"), "image/bmp");
        assert_eq!(content_type(b"<script>alert(1)</script>"), "application/octet-stream");
        assert_eq!(content_type(b""), "application/octet-stream");
    }
}
