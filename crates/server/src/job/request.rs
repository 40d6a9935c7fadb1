//! What a job was asked, whatever its kind.

use image_intelligence_core::{
    AskRequest, DetectRequest, ImageRequest, JobOptions, JobRequest, Kind, Limits, MatchRequest, RecognizeRequest,
    Result,
};

use super::Among;

/// The one place that lists the kinds: everything else asks this.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Request {
    Detect(DetectRequest),
    Match(MatchRequest),
    Ask(AskRequest),
    Recognize { request: RecognizeRequest, namespace: String },
}

impl Request {
    /// Reads the body of a POST, strictly, and checks it against the limits.
    pub(crate) fn read(among: &Among, body: &[u8], limits: &Limits) -> Result<Self> {
        fn checked<R: JobRequest>(body: &[u8], limits: &Limits) -> Result<R> {
            let request = R::read(body)?;
            request.check(limits)?;
            Ok(request)
        }
        Ok(match among.kind {
            Kind::Match => Self::Match(checked(body, limits)?),
            Kind::Ask => Self::Ask(checked(body, limits)?),
            Kind::Recognize => Self::Recognize {
                request: checked(body, limits)?,
                namespace: among.namespace.clone().unwrap_or_default(),
            },
            _ => Self::Detect(checked(body, limits)?),
        })
    }

    /// Reads what a store wrote down. Nothing is checked: the limits may have changed since.
    pub(crate) fn kept(kind: &str, namespace: Option<String>, json: &str) -> Result<Self> {
        let json = json.as_bytes();
        Ok(match Kind::from_name(kind) {
            Some(Kind::Match) => Self::Match(MatchRequest::from_json(json)?),
            Some(Kind::Ask) => Self::Ask(AskRequest::from_json(json)?),
            Some(Kind::Recognize) => Self::Recognize {
                request: RecognizeRequest::from_json(json)?,
                namespace: namespace.unwrap_or_default(),
            },
            _ => Self::Detect(DetectRequest::from_json(json)?),
        })
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Detect(_) => Kind::Detect,
            Self::Match(_) => Kind::Match,
            Self::Ask(_) => Kind::Ask,
            Self::Recognize { .. } => Kind::Recognize,
        }
    }

    pub(crate) fn namespace(&self) -> Option<&str> {
        if let Self::Recognize { namespace, .. } = self { Some(namespace) } else { None }
    }

    pub(crate) fn images(&self) -> &[ImageRequest] {
        match self {
            Self::Detect(request) => &request.images,
            Self::Match(request) => &request.images,
            Self::Ask(request) => &request.images,
            Self::Recognize { request, .. } => &request.images,
        }
    }

    pub(crate) fn images_mut(&mut self) -> &mut [ImageRequest] {
        match self {
            Self::Detect(request) => &mut request.images,
            Self::Match(request) => &mut request.images,
            Self::Ask(request) => &mut request.images,
            Self::Recognize { request, .. } => &mut request.images,
        }
    }

    pub(crate) fn options(&self) -> &JobOptions {
        match self {
            Self::Detect(request) => &request.options,
            Self::Match(request) => &request.options,
            Self::Ask(request) => &request.options,
            Self::Recognize { request, .. } => &request.options,
        }
    }

    /// What short parts take in memory beyond what it takes to write them, in bytes.
    pub(crate) fn overhead(&self) -> usize {
        let classes = if let Self::Detect(request) = self { request.classes.len() } else { 4 };
        classes * 192 + self.images().len() * 256
    }

    /// Its JSON, as a store keeps it.
    pub(crate) fn to_json(&self) -> serde_json::Result<String> {
        match self {
            Self::Detect(request) => serde_json::to_string(request),
            Self::Match(request) => serde_json::to_string(request),
            Self::Ask(request) => serde_json::to_string(request),
            Self::Recognize { request, .. } => serde_json::to_string(request),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a detect request, and checks no limit.
    fn read(body: &[u8]) -> Result<Request> {
        Request::kept("detect", None, std::str::from_utf8(body).unwrap())
    }

    fn message(body: &str) -> String {
        read(body.as_bytes()).unwrap_err().to_string()
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
        assert!(read(body.as_bytes()).is_ok());
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
        assert!(read(body.as_bytes()).is_ok());
        assert!(message(&"[".repeat(100_000)).contains("the body"));
    }
}
