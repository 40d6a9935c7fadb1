//! What is done in the inbox's own database when an event is done.

use std::fmt;

use crate::store;

/// A statement for [`Delivery::ack_with`](super::Delivery::ack_with), in the SQL and with the placeholders of the inbox's
/// own database: `?1` in a file, `$1` in Postgres.
///
/// ```
/// use image_intelligence_webhooks::Statement;
///
/// let statement = Statement::new("INSERT INTO alarm (job, people) VALUES (?1, ?2)").bind("5d689c71").bind(3);
/// assert_eq!(format!("{statement:?}"), "Statement(INSERT INTO alarm (job, people) VALUES (?1, ?2), 2 bound)");
/// ```
#[derive(Clone)]
pub struct Statement(pub(super) store::Statement);

impl Statement {
    /// A statement without values yet.
    pub fn new(sql: impl Into<String>) -> Self {
        Self(store::Statement { sql: sql.into(), values: Vec::new() })
    }

    /// Binds the next placeholder.
    #[must_use]
    pub fn bind(mut self, value: impl Into<SqlValue>) -> Self {
        self.0.values.push(value.into().0);
        self
    }
}

/// Shows no values.
impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Statement({}, {} bound)", self.0.sql, self.0.values.len())
    }
}

/// A value in a [`Statement`]: made from numbers, texts, bytes, `bool`, and from an `Option` of one, where `None` is `NULL`.
#[derive(Clone, PartialEq)]
pub struct SqlValue(store::Value);

impl SqlValue {
    /// `NULL`.
    pub const NULL: Self = Self(store::Value::Null);
}

/// Shows nothing of it.
impl fmt::Debug for SqlValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SqlValue(..)")
    }
}

macro_rules! value_from {
    ($($type:ty => |$value:ident| $made:expr;)+) => {$(
        impl From<$type> for SqlValue {
            fn from($value: $type) -> Self {
                Self($made)
            }
        }
    )+};
}

value_from! {
    bool => |value| store::Value::Bool(value);
    i64 => |value| store::Value::Integer(value);
    i32 => |value| store::Value::Integer(value.into());
    u32 => |value| store::Value::Integer(value.into());
    f64 => |value| store::Value::Real(value);
    &str => |value| store::Value::Text(value.to_owned());
    String => |value| store::Value::Text(value);
    &[u8] => |value| store::Value::Bytes(value.to_vec());
    Vec<u8> => |value| store::Value::Bytes(value);
}

impl<T: Into<Self>> From<Option<T>> for SqlValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::NULL, Into::into)
    }
}
