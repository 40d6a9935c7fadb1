//! What is printed for people: without the tokens of callback URLs, which are as good as passwords.

use std::borrow::Cow;
use std::fmt;

use crate::CallbackToken;

/// A field under its key on the wire.
pub(crate) struct Field<'a, T>(pub(crate) &'static str, pub(crate) &'a T);

impl<T: fmt::Debug> fmt::Debug for Field<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == "webhookUrl" { f.write_str(&without_tokens(&format!("{:?}", self.1))) } else { self.1.fmt(f) }
    }
}

/// A text with `[secret]` in place of each token of a callback URL of ours.
pub(crate) fn without_tokens(text: &str) -> Cow<'_, str> {
    const BEFORE: &str = "/cb/";
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(BEFORE) {
        shown.push_str(before);
        shown.push_str(BEFORE);
        rest = match after.split_at_checked(CallbackToken::LENGTH) {
            Some((token, beyond)) if CallbackToken::named(token).is_some() => {
                shown.push_str("[secret]");
                beyond
            }
            _ => after,
        };
    }
    if shown.is_empty() {
        return text.into();
    }
    shown.push_str(rest);
    shown.into()
}

#[cfg(test)]
mod tests {
    use crate::{CallbackKeys, DetectJob, JobOptions, Kind, PublicBase, Rid, Timestamp};

    #[test]
    fn a_token_of_ours_is_not_printed_and_all_else_is() {
        let (rid, base) = (Rid::from_bytes([7; 16]), PublicBase::parse("https://hooks.example.com/ii").unwrap());
        let keys = CallbackKeys::new([(1, [9; 32])]).unwrap();
        let token = keys.mint(Kind::Detect, Timestamp::from_millis(1_800_000_000_000), rid, &base);
        let url = base.callback_url(&token);
        let json = format!(r#"{{"id": "1", "webhookUrl": "{url}", "note": ["/cb/é", "{url}/{url}"]}}"#);
        let job = DetectJob::from_json(json.as_bytes()).unwrap();
        assert_eq!(job.webhook_url.as_deref(), Some(url.as_str()));
        assert!(String::from_utf8(job.to_json()).unwrap().contains(&token));

        let mut options = JobOptions { webhook_url: Some(url), ..JobOptions::default() };
        for shown in [format!("{job:?}"), format!("{job:#?}"), format!("{:?}", job.raw), format!("{options:?}")] {
            assert!(!shown.contains(&token), "{shown}");
            assert!(shown.contains("https://hooks.example.com/ii/cb/[secret]"), "{shown}");
        }
        assert!(format!("{job:?}").contains(r#"DetectJob { id: "1", job_results: []"#), "{job:?}");
        for plain in ["https://example.com/cb/short", "https://example.com/cb/", "https://example.com/?key=1"] {
            options.webhook_url = Some(plain.to_owned());
            assert!(format!("{options:?}").contains(plain));
        }
    }
}
