//! Reading the JSON of a request strictly, with the place of whatever is wrong in it.

use image_intelligence_core::{DetectRequest, JobOptions};
use serde::de::DeserializeOwned;

use super::ApiError;

/// Reads the body of `POST /detect`, whatever its `Content-Type` said.
pub(crate) fn detect_request(body: &[u8]) -> Result<DetectRequest, ApiError> {
    let text = std::str::from_utf8(body).map_err(|_| ApiError::bad_request("the body is not JSON: it is not UTF-8"))?;
    parse(text).map_err(|error| {
        // serde loses the place of what is flattened into the request, so those fields are asked again by themselves.
        let ask_again = !error.placed && text.trim_start().starts_with('{');
        let of_options = if ask_again { parse::<JobOptions>(text).err().filter(|error| error.placed) } else { None };
        ApiError::bad_request(of_options.unwrap_or(error).message)
    })
}

struct ReadError {
    message: String,
    /// Whether the message names a field.
    placed: bool,
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, ReadError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let placed = path != ".";
        let problem = error.into_inner();
        let message = if placed { format!("{path}: {problem}") } else { format!("the body: {problem}") };
        ReadError { message, placed }
    })?;
    let rest = deserializer.end();
    rest.map_err(|error| ReadError { message: format!("the body: {error}"), placed: false }).map(|()| read)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: &str) -> String {
        format!("{:?}", detect_request(body.as_bytes()).unwrap_err())
    }

    #[test]
    fn every_error_names_its_place() {
        let body = r#"{"images": [{"url": "http://x/1"}, {"url": 7}], "classes": [{"class": "person"}]}"#;
        assert!(
            message(body).contains("images[1].url: invalid type: integer `7`, expected a string"),
            "{}",
            message(body)
        );
        let body = r#"{"images": [], "classes": [{"class": "a"}], "customId": 5}"#;
        assert!(message(body).contains("customId: invalid type"), "{}", message(body));
        assert!(message("{}").contains("the body: missing field `images`"));
        assert!(message("[1]").contains("the body: invalid type"));
        assert!(message("{} {}").contains("the body: missing field"));
        assert!(message("not JSON").contains("the body: expected ident"));
    }

    #[test]
    fn a_repeated_field_is_refused_and_a_foreign_one_is_not() {
        for body in [
            r#"{"images": [], "images": [], "classes": []}"#,
            r#"{"images": [], "classes": [], "customId": "a", "customId": "b"}"#,
            r#"{"images": [{"url": "a", "url": "b"}], "classes": []}"#,
            r#"{"images": [], "classes": [{"class": "a", "verify": "AUTO", "hitl": "NEVER"}]}"#,
        ] {
            assert!(message(body).contains("duplicate field"), "{}", message(body));
        }
        let body = r#"{"images": [], "classes": [], "boundingBox": null, "feedId": null, "priority": {"a": [1]}}"#;
        assert!(detect_request(body.as_bytes()).is_ok());
    }

    #[test]
    fn deep_nesting_is_refused_before_the_stack_ends() {
        let deep = format!(r#"{{"images": [], "classes": [], "x": {}"#, "[".repeat(100_000));
        assert!(message(&deep).contains("recursion limit"), "{}", message(&deep));
        assert!(message(&"[".repeat(100_000)).contains("the body"));
    }
}
