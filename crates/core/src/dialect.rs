//! How advice names things in the caller's own language.

use std::borrow::Cow;

use crate::validate::{excerpt, is_url};
use crate::{Error, Result};

/// The language in which a caller writes, so that advice can be followed as it stands.
///
/// ```
/// use image_intelligence_core::Dialect;
///
/// assert_eq!(Dialect::Python.file("astronaut.jpg"), "pathlib.Path(\"astronaut.jpg\")");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Dialect {
    /// Rust.
    #[default]
    Rust,
    /// Python.
    Python,
    /// JavaScript and TypeScript.
    Node,
    /// Kotlin.
    Kotlin,
    /// Swift.
    Swift,
}

impl Dialect {
    /// How a file is passed as a picture.
    pub fn file(self, path: &str) -> String {
        match self {
            Self::Rust => format!("Image::file({path:?})"),
            Self::Python => format!("pathlib.Path({path:?})"),
            Self::Node => format!("{{ path: {path:?} }}"),
            Self::Kotlin | Self::Swift => format!("Image.file({path:?})"),
        }
    }

    /// Checks that what is to be the URL of a picture is one: many pass the name of a file.
    ///
    /// Fails with `invalid_request`, saying how a file is passed.
    pub fn check_picture_url(self, field: &str, text: &str) -> Result<()> {
        if is_url(text) {
            return Ok(());
        }
        if text.starts_with("data:") {
            return Err(Error::invalid_request(field, "a data: URL given; pass the picture's bytes instead"));
        }
        let text = excerpt(text);
        if let Some(path) = text.strip_prefix("file://") {
            let problem = format_args!("a file: URL given, which no service can fetch; pass {}", self.file(path));
            return Err(Error::invalid_request(field, problem));
        }
        let problem = format_args!("\"{text}\" is not a URL; for a file pass {}", self.file(&text));
        Err(Error::invalid_request(field, problem))
    }

    /// How credentials are passed.
    pub const fn credentials(self) -> &'static str {
        match self {
            Self::Rust => "Client::builder().credentials(..)",
            Self::Python => "Client(client_id=.., client_secret=..)",
            Self::Node => "new ImageIntelligence({ clientId, clientSecret })",
            Self::Kotlin => "ImageIntelligence(clientId = .., clientSecret = ..)",
            Self::Swift => "ImageIntelligence(clientId: .., clientSecret: ..)",
        }
    }

    /// How a base URL that is not encrypted is allowed.
    pub const fn allow_plain_http(self) -> &'static str {
        match self {
            Self::Rust => "allow_plain_http(true)",
            Self::Python => "allow_plain_http=True",
            Self::Node | Self::Swift => "allowPlainHttp: true",
            Self::Kotlin => "allowPlainHttp = true",
        }
    }
    /// What a setting is called that Rust calls `name`.
    pub fn setting(self, name: &str) -> Cow<'_, str> {
        match self {
            Self::Rust | Self::Python => Cow::Borrowed(name),
            Self::Node | Self::Kotlin | Self::Swift => {
                let mut words = name.split('_');
                let first = words.next().unwrap_or_default().to_owned();
                Cow::Owned(words.fold(first, |mut name, word| {
                    let mut letters = word.chars();
                    name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
                    name.push_str(letters.as_str());
                    name
                }))
            }
        }
    }

    /// How that setting is given a text.
    ///
    /// ```
    /// use image_intelligence_core::Dialect;
    ///
    /// assert_eq!(Dialect::Rust.set("public_url", "https://.."), ".public_url(\"https://..\")");
    /// assert_eq!(Dialect::Node.set("public_url", "https://.."), "publicUrl: \"https://..\"");
    /// ```
    pub fn set(self, name: &str, value: &str) -> String {
        let name = self.setting(name);
        match self {
            Self::Rust => format!(".{name}({value:?})"),
            Self::Python => format!("{name}={value:?}"),
            Self::Node | Self::Swift => format!("{name}: {value:?}"),
            Self::Kotlin => format!("{name} = {value:?}"),
        }
    }
}
