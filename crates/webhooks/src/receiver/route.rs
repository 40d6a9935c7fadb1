//! Where a request goes, by its path alone.

use image_intelligence_core::PublicBase;

/// What a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place<'p> {
    /// The callback URL of a job, with what should be its token.
    Callback(&'p str),
    /// Where events of registered webhooks come.
    Events,
    /// Where jobs come that others sent.
    Jobs,
    /// The public address itself.
    Base,
    Nowhere,
}

impl Place<'_> {
    /// As traces and metrics name it: never with a token.
    pub(crate) const fn template(self) -> &'static str {
        match self {
            Self::Callback(_) => "/cb/{token}",
            Self::Events => "/events",
            Self::Jobs => "/jobs",
            Self::Base => "/",
            Self::Nowhere => "none",
        }
    }
}

/// The paths of the public addresses: those alone tell that somebody looks at the address itself.
#[derive(Debug)]
pub(crate) struct Map(Vec<String>);

impl Map {
    pub(crate) fn new(bases: &[PublicBase]) -> Self {
        let path = |base: &PublicBase| {
            let (_, rest) = base.as_str().split_once("://")?;
            let (_, path) = rest.split_once('/')?;
            Some(format!("/{path}"))
        };
        Self(bases.iter().filter_map(path).collect())
    }

    /// What the path names. Only its end counts: a proxy may have taken from its front, or added to it; and what follows a
    /// `?` never does.
    pub(crate) fn place<'p>(&self, path: &'p str) -> Place<'p> {
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        let (front, last) = path.rsplit_once('/').unwrap_or(("", path));
        if front == "cb" || front.ends_with("/cb") {
            return Place::Callback(last);
        }
        let trimmed = path.trim_end_matches('/');
        if trimmed.is_empty() || self.0.iter().any(|base| trimmed.ends_with(base.as_str())) {
            return Place::Base;
        }
        match last {
            "events" => Place::Events,
            "jobs" => Place::Jobs,
            _ => Place::Nowhere,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_of_a_path_counts() {
        let bases =
            ["https://hooks.example.com/ii", "https://hooks.example.com"].map(|url| PublicBase::parse(url).unwrap());
        let map = Map::new(&bases);
        for (path, place) in [
            ("/ii/cb/AQEB", Place::Callback("AQEB")),
            ("/cb/AQEB", Place::Callback("AQEB")),
            ("cb/AQEB", Place::Callback("AQEB")),
            ("/added/by/proxy/ii/cb/AQEB?x=/cb/y", Place::Callback("AQEB")),
            ("/ii/cb/", Place::Callback("")),
            ("/ii/cb/AQEB/", Place::Nowhere),
            ("/ii/xcb/AQEB", Place::Nowhere),
            ("/ii/events", Place::Events),
            ("/events?a", Place::Events),
            ("/x/ii/jobs", Place::Jobs),
            ("/ii", Place::Base),
            ("/ii/", Place::Base),
            ("/x/ii", Place::Base),
            ("/", Place::Base),
            ("", Place::Base),
            ("*", Place::Nowhere),
            ("/i", Place::Nowhere),
            ("/favicon.ico", Place::Nowhere),
        ] {
            assert_eq!(map.place(path), place, "{path}");
        }
    }
}
