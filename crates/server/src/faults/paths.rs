//! Which requests a fault may have: by path, and by what the path is for.

use axum::http::Method;

/// Whether no fault may ever come here: what steers the faults, and what says that the server is up.
pub(crate) fn is_exempt(path: &str) -> bool {
    path == "/healthz" || path == "/_ii" || path.starts_with("/_ii/")
}

/// Without a token no client gets anywhere, so its path must be named to have a fault.
pub(super) fn is_token(path: &str) -> bool {
    path == "/v2/oauth/token"
}

/// Whether a pattern that fits the token's path is meant for it, and not only wide.
pub(super) fn names_token(pattern: &str) -> bool {
    pattern.contains("oauth")
}

/// Whether the answer is the array of a search.
pub(super) fn is_search(method: &Method, path: &str) -> bool {
    if *method == Method::GET {
        return matches!(path, "/v2/detect" | "/v2/match" | "/v2/ask" | "/v2/feedback");
    }
    let inside = path.strip_prefix("/v2/recognition/").unwrap_or_default();
    *method == Method::POST && inside.split('/').skip(1).any(|part| part == "search")
}

/// Whether a path fits a pattern, in which `*` stands for any number of any characters.
pub(super) fn fits(pattern: &str, path: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = path.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, path, expected) in [
            ("/v2/detect", "/v2/detect", true),
            ("/v2/detect", "/v2/detect/a", false),
            ("/v2/detect", "/v2/detec", false),
            ("/v2/detect*", "/v2/detect", true),
            ("/v2/detect/*", "/v2/detect/a/b", true),
            ("/v2/detect/*", "/v2/detect", false),
            ("*", "/", true),
            ("*/search", "/v2/x/search", true),
            ("*/search", "/v2/x/search/y", false),
            ("/v2/*/a*a", "/v2/x/a", false),
            ("/v2/*/a*a", "/v2/x/aa", true),
            ("/*b*c", "/abcbc", true),
            ("/**c", "/c", true),
        ] {
            assert_eq!(fits(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn searches() {
        for (method, path, expected) in [
            (Method::GET, "/v2/detect", true),
            (Method::POST, "/v2/detect", false),
            (Method::GET, "/v2/detect/a", false),
            (Method::POST, "/v2/recognition/recognize/ns/search", true),
            (Method::POST, "/v2/recognition/identities/search/ns", true),
            (Method::POST, "/v2/recognition/identities/ns", false),
            (Method::GET, "/v2/recognition/identities/ns/search", false),
        ] {
            assert_eq!(is_search(&method, path), expected, "{method} {path}");
        }
    }
}
