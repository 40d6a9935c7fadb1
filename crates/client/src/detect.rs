//! Asking for classes of objects.

use image_intelligence_core::Class;

use crate::all::AllBuilder;
use crate::job_builder::JobBuilder;
use crate::kind::Detect;

macro_rules! settings {
    ($builder:ident) => {
        impl $builder<Detect> {
            /// Looks for one more class: its name, or a [`Class`] with settings.
            pub fn class(mut self, class: impl Into<Class>) -> Self {
                self.request.classes.push(class.into());
                self
            }

            /// Looks for these classes, too.
            pub fn classes<C: Into<Class>>(mut self, classes: impl IntoIterator<Item = C>) -> Self {
                self.request.classes.extend(classes.into_iter().map(Into::into));
                self
            }

            /// Asks where in the picture each object is. A server may leave that out.
            pub fn bounding_boxes(mut self, wanted: bool) -> Self {
                self.request.bounding_box = wanted;
                self
            }
        }
    };
}
settings!(JobBuilder);
settings!(AllBuilder);
