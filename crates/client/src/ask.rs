//! Asking a question.

use image_intelligence_core::Examples;

use crate::all::AllBuilder;
use crate::job_builder::JobBuilder;
use crate::kind::Ask;

macro_rules! settings {
    ($builder:ident) => {
        impl $builder<Ask> {
            /// Says for which pictures the answer is known: 1 to 3 for yes, 1 to 3 for no, or only one of the two.
            ///
            /// ```
            /// # use image_intelligence::{Client, Examples, Image};
            /// # let client = Client::builder().credentials("local", "local").build()?;
            /// let ask = client
            ///     .ask([Image::file("door.jpg")], "Is the door open?")
            ///     .examples(Examples::new().yes(["https://example.com/open.jpg"]).no(["https://example.com/shut.jpg"]));
            /// # Ok::<(), image_intelligence::Error>(())
            /// ```
            pub fn examples(mut self, examples: Examples) -> Self {
                self.request.examples = Some(examples);
                self
            }
        }
    };
}
settings!(JobBuilder);
settings!(AllBuilder);
