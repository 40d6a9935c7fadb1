//! Reading the JSON of a request strictly, with the place of whatever is wrong in it.

use image_intelligence_core::DetectRequest;

use super::ApiError;

/// Reads the body of `POST /detect`, whatever its `Content-Type` said.
pub(crate) fn detect_request(body: &[u8]) -> Result<DetectRequest, ApiError> {
    DetectRequest::from_json(body).map_err(|error| ApiError::bad_request(error.message()))
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
        assert!(message("[1]").contains("the body: an array given"));
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
    fn a_flood_of_nothing_is_refused_at_its_beginning() {
        let many = |item: &str, times| vec![item; times].join(",");
        let body = format!(r#"{{"classes": [{{"class": "a"}}], "images": [{}]}}"#, many("{}", 100_000));
        assert!(message(&body).contains("images: more than 1024 given"), "{}", message(&body));
        let body = format!(r#"{{"images": [], "classes": [{}]}}"#, many(r#"{"class":"a"}"#, 2000));
        assert!(message(&body).contains("classes: more than 1024 given"), "{}", message(&body));
        let zones =
            format!(r#"{{"class": "a", "exclusionZones": {{"type": "GRID", "zones": [{}]}}}}"#, many("[]", 300));
        let body = format!(r#"{{"images": [], "classes": [{zones}]}}"#);
        assert!(message(&body).contains("classes[0].exclusionZones.zones: more than 256"), "{}", message(&body));
    }

    #[test]
    fn deep_nesting_is_refused_before_the_stack_ends() {
        let deep = "[".repeat(100_000);
        for field in ["images", "classes", "webhookUrl"] {
            let body = format!(r#"{{"{field}": {deep}"#);
            assert!(message(&body).contains(field), "{}", message(&body));
        }
        // What nobody reads is stepped over, however deep.
        let body = format!(r#"{{"images": [], "classes": [], "x": {deep}{}}}"#, "]".repeat(100_000));
        assert!(detect_request(body.as_bytes()).is_ok());
        assert!(message(&"[".repeat(100_000)).contains("the body"));
    }
}
