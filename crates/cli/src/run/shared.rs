//! Errors that many pictures have in common, such as a host where nobody is: said once, with how many they are of.

use console::style;
use image_intelligence::{Error, ErrorKind};

use crate::output::printable;
use crate::pictures::count;

/// More sentences than these are not held back.
const MOST: usize = 16;

/// What is held back until the end.
#[derive(Default)]
pub(super) struct Shared(Vec<Sentence>);

struct Sentence {
    message: String,
    /// The first picture that it is of.
    name: String,
    pictures: usize,
}

impl Shared {
    /// Takes an error of a picture that others will have too; says whether it did.
    pub(super) fn take(&mut self, name: &str, error: &Error) -> bool {
        let is_of_many = matches!(
            error.kind(),
            ErrorKind::Authentication
                | ErrorKind::PermissionDenied
                | ErrorKind::Connection
                | ErrorKind::Config
                | ErrorKind::Store
                | ErrorKind::Closed
        );
        if !is_of_many {
            return false;
        }
        if let Some(known) = self.0.iter_mut().find(|known| known.message == error.message()) {
            known.pictures += 1;
            return true;
        }
        let is_taken = self.0.len() < MOST;
        if is_taken {
            self.0.push(Sentence { message: error.message().to_owned(), name: name.to_owned(), pictures: 1 });
        }
        is_taken
    }

    /// Leaves out what the command ends with; gives of how many pictures that is.
    pub(super) fn leave_out(&mut self, error: &Error) -> usize {
        let found = self.0.iter().position(|sentence| sentence.message == error.message());
        found.map_or(0, |place| self.0.remove(place).pictures)
    }

    /// What is left to say.
    pub(super) fn words(&self) -> String {
        let label = style("not looked at:").red().for_stderr();
        let word = |Sentence { message, name, pictures }: &Sentence| {
            let which = if *pictures == 1 { printable(name).into_owned() } else { count(*pictures) };
            format!("{label} {which}: {}\n", printable(message))
        };
        self.0.iter().map(word).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_said_once_with_how_many_it_is_of() {
        let mut shared = Shared::default();
        let of = |kind, message: &str| Error::new(kind, message);
        assert!(!shared.take("a.jpg", &of(ErrorKind::InvalidRequest, "a.jpg is empty")), "that is of one alone");
        for name in ["b.jpg", "c.jpg"] {
            assert!(shared.take(name, &of(ErrorKind::Connection, "nobody there")));
        }
        assert!(shared.take("d.jpg", &of(ErrorKind::Connection, "reset")));
        assert!(shared.take("e.jpg", &of(ErrorKind::Authentication, "refused")));
        assert_eq!(shared.leave_out(&of(ErrorKind::Authentication, "refused")), 1);
        assert_eq!(shared.words(), "not looked at: 2 pictures: nobody there\nnot looked at: d.jpg: reset\n");
        for number in 2..MOST {
            assert!(shared.take("f.jpg", &of(ErrorKind::Store, &number.to_string())));
        }
        assert!(!shared.take("g.jpg", &of(ErrorKind::Store, "one too many")));
    }
}
