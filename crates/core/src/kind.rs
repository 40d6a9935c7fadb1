//! The four kinds of job.

use std::fmt;

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[non_exhaustive]
pub enum Kind {
    /// Find objects of given classes.
    Detect,
    /// Find the pictures that show a target.
    Match,
    /// Find a picture for which a question's answer is yes.
    Ask,
    /// Find faces.
    Recognize,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Detect, Self::Match, Self::Ask, Self::Recognize];

    /// Its name on the wire and in resume tokens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Detect => "detect",
            Self::Match => "match",
            Self::Ask => "ask",
            Self::Recognize => "recognize",
        }
    }

    /// Its name with the article that stands before it.
    pub(crate) const fn with_article(self) -> &'static str {
        match self {
            Self::Detect => "a detect",
            Self::Match => "a match",
            Self::Ask => "an ask",
            Self::Recognize => "a recognize",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
