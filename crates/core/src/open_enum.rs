//! Open enums: a value nobody had heard of is kept as it came and survives a round trip.

/// Declares an enum of known strings with a variant for every other one.
macro_rules! open_enum {
    (
        $(#[doc = $enum_doc:literal])+
        pub enum $name:ident {
            $( $(#[doc = $doc:literal])+ $variant:ident = $text:literal, )+
        }
    ) => {
        $(#[doc = $enum_doc])+
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "uniffi", derive(uniffi::Enum), uniffi::export(Display))]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[doc = $doc])+ $variant, )+
            /// A value that this version does not know, as it came.
            Unknown(#[cfg_attr(feature = "uniffi", uniffi(name = "value"))] String),
        }

        impl $name {
            /// Every value that this version knows.
            pub const KNOWN: &'static [&'static str] = &[$($text),+];

            /// The string that travels on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $text, )+
                    Self::Unknown(text) => text,
                }
            }

            /// Whether this version knows the value.
            pub fn is_known(&self) -> bool {
                !matches!(self, Self::Unknown(_))
            }
        }

        impl From<&str> for $name {
            #[inline]
            fn from(text: &str) -> Self {
                match text {
                    $( $text => Self::$variant, )+
                    other => Self::Unknown(other.to_owned()),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl $crate::read::Read for Option<$name> {
            #[inline]
            fn read(&mut self, json: &mut $crate::json::Json<'_>) -> Result<(), $crate::json::Broken> {
                *self = None;
                if json.peek() == Some(b'"') {
                    *self = Some($name::from(json.string()?));
                    return Ok(());
                }
                json.skip()
            }
        }

        impl $crate::read::Read for $name {
            #[inline]
            fn read(&mut self, json: &mut $crate::json::Json<'_>) -> Result<(), $crate::json::Broken> {
                let mut value = None::<Self>;
                $crate::read::Read::read(&mut value, json)?;
                *self = value.unwrap_or_else(|| Self::Unknown(String::new()));
                Ok(())
            }
        }

        impl $crate::model::Shape for $name {
            const REQUIRED: bool = true;

            #[inline]
            fn exact(json: &mut $crate::json::Json<'_>) -> Result<(), $crate::json::Broken> {
                $crate::model::exact_text(json, true)
            }

            fn schema(definitions: &mut $crate::describe::Definitions) -> serde_json::Value {
                definitions.refer(stringify!($name), |_| {
                    let described = [$(($text, $crate::describe::text(&[$($doc),+]))),+];
                    $crate::describe::open_enum(&[$($enum_doc),+], &described)
                })
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <std::borrow::Cow<'de, str>>::deserialize(deserializer).map(|text| Self::from(text.as_ref()))
            }
        }
    };
}
pub(crate) use open_enum;
