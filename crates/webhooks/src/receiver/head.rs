//! What is known of a request before its body is read.

use image_intelligence_core::{Secret, SignatureOptions, verify_signature};
use tracing::Span;

use super::limits::ReceiverLimits;
use super::refusal::Refusal;

/// What the headers say of a body.
#[derive(Default)]
pub(crate) struct Head {
    pub(crate) length: Option<u64>,
    encoded: bool,
    /// Whatever may be a signature.
    pub(crate) signatures: Vec<(String, Vec<u8>)>,
}

impl Head {
    pub(crate) fn read<'h>(headers: impl IntoIterator<Item = (&'h str, &'h [u8])>, signatures: bool) -> Self {
        let mut head = Self::default();
        for (name, value) in headers {
            if name.eq_ignore_ascii_case("content-length") {
                head.length = std::str::from_utf8(value).ok().and_then(|text| text.trim().parse().ok());
            } else if name.eq_ignore_ascii_case("content-encoding") {
                head.encoded |= !value.trim_ascii().eq_ignore_ascii_case(b"identity") && !value.trim_ascii().is_empty();
            } else if signatures && ends_in_signature(name) {
                head.signatures.push((name.to_owned(), value.to_vec()));
            }
        }
        head
    }

    /// Why such a body is not to be read.
    pub(crate) fn refusal(&self, limits: &ReceiverLimits) -> Option<Refusal> {
        if self.length.is_some_and(|length| length > limits.max_body as u64) {
            return Some(Refusal::TOO_LARGE);
        }
        self.encoded.then_some(Refusal::ENCODED)
    }
}

/// Which names count is core's to say; none that ends otherwise is one.
fn ends_in_signature(name: &str) -> bool {
    const END: &str = "-signature";
    name.len().checked_sub(END.len()).and_then(|at| name.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(END))
}

/// Checks the signature of a body that has come.
pub(crate) fn check_signature(
    signatures: &[(String, Vec<u8>)],
    body: &[u8],
    secrets: &[Secret],
    options: SignatureOptions,
) -> Result<(), Refusal> {
    let headers = signatures.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
    verify_signature(headers, body, secrets, &options).map_err(|error| Refusal::unsigned(&error))
}

/// What a request is traced as.
pub(crate) fn span_of(method: &str, route: &'static str) -> Span {
    tracing::info_span!(
        "HTTP",
        otel.name = route,
        otel.kind = "server",
        http.request.method = known_method(method),
        http.route = route,
        http.response.status_code = tracing::field::Empty,
    )
}

/// The method as OpenTelemetry has it: what is none of HTTP's own goes by one name.
fn known_method(method: &str) -> &'static str {
    ["POST", "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"]
        .into_iter()
        .find(|known| *known == method)
        .unwrap_or("_OTHER")
}
