//! Parameters of statements and values of columns, in types that no engine shows through.

/// A parameter of a statement. `$1` in the SQL is the first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Param<'a> {
    /// SQL NULL.
    Null,
    /// Every integer column is 64 bits wide.
    Int(i64),
    /// Text column.
    Text(&'a str),
    /// Bytes column.
    Blob(&'a [u8]),
}

macro_rules! param_from_int {
    ($($t:ty),*) => {$(
        impl From<$t> for Param<'_> {
            fn from(value: $t) -> Self { Param::Int(i64::from(value)) }
        }
    )*};
}
param_from_int!(i64, i32, u32, bool);

impl<'a> From<&'a str> for Param<'a> {
    fn from(value: &'a str) -> Self {
        Param::Text(value)
    }
}
impl<'a> From<&'a String> for Param<'a> {
    fn from(value: &'a String) -> Self {
        Param::Text(value)
    }
}
impl<'a> From<&'a [u8]> for Param<'a> {
    fn from(value: &'a [u8]) -> Self {
        Param::Blob(value)
    }
}
impl<'a> From<&'a Vec<u8>> for Param<'a> {
    fn from(value: &'a Vec<u8>) -> Self {
        Param::Blob(value)
    }
}
impl<'a, const N: usize> From<&'a [u8; N]> for Param<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Param::Blob(value)
    }
}
impl<'a, T: Into<Param<'a>>> From<Option<T>> for Param<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Param::Null, Into::into)
    }
}

/// Builds the parameter list of a statement: `params![user_id, name.as_str(), Option::<i64>::None]`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::Param::from($value)),*] };
}

/// A value of a column as an engine holds it. PostgreSQL's smaller integers, booleans and whole `NUMERIC`s (which
/// `sum()` yields) arrive as [`ValueRef::Int`], so that code reads the same from both engines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValueRef<'a> {
    /// SQL NULL.
    Null,
    /// Any whole number or boolean.
    Int(i64),
    /// A number with a fraction.
    Real(f64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
}

impl ValueRef<'_> {
    fn unexpected(&self, wanted: &str) -> String {
        let found = match self {
            ValueRef::Null => "NULL",
            ValueRef::Int(_) => "an integer",
            ValueRef::Real(_) => "a fraction",
            ValueRef::Text(_) => "text",
            ValueRef::Blob(_) => "bytes",
        };
        format!("{found} where {wanted} was expected")
    }
}

/// A type that a column can be read into.
pub trait FromColumn: Sized {
    /// Reads the value, or says what is wrong with it.
    fn from_column(value: ValueRef<'_>) -> Result<Self, String>;
}

impl FromColumn for i64 {
    fn from_column(value: ValueRef<'_>) -> Result<Self, String> {
        match value {
            ValueRef::Int(number) => Ok(number),
            other => Err(other.unexpected("an integer")),
        }
    }
}
impl FromColumn for i32 {
    fn from_column(value: ValueRef<'_>) -> Result<Self, String> {
        i32::try_from(i64::from_column(value)?).map_err(|e| e.to_string())
    }
}
impl FromColumn for bool {
    fn from_column(value: ValueRef<'_>) -> Result<Self, String> {
        Ok(i64::from_column(value)? != 0)
    }
}
impl FromColumn for f64 {
    fn from_column(value: ValueRef<'_>) -> Result<Self, String> {
        match value {
            ValueRef::Real(number) => Ok(number),
            #[allow(clippy::cast_precision_loss, reason = "who asks for a fraction gets the nearest one")]
            ValueRef::Int(number) => Ok(number as f64),
            other => Err(other.unexpected("a number")),
        }
    }
}
impl FromColumn for String {
    fn from_column(value: ValueRef<'_>) -> Result<Self, String> {
        match value {
            ValueRef::Text(text) => Ok(text.to_owned()),
            other => Err(other.unexpected("text")),
        }
    }
}
impl FromColumn for Vec<u8> {
    fn from_column(value: ValueRef<'_>) -> Result<Self, String> {
        match value {
            ValueRef::Blob(bytes) => Ok(bytes.to_vec()),
            other => Err(other.unexpected("a byte string")),
        }
    }
}
impl<const N: usize> FromColumn for [u8; N] {
    fn from_column(value: ValueRef<'_>) -> Result<Self, String> {
        let ValueRef::Blob(bytes) = value else { return Err(value.unexpected("a byte string")) };
        bytes.try_into().map_err(|_| format!("{} bytes where {N} were expected", bytes.len()))
    }
}
impl<T: FromColumn> FromColumn for Option<T> {
    fn from_column(value: ValueRef<'_>) -> Result<Self, String> {
        if value == ValueRef::Null { Ok(None) } else { T::from_column(value).map(Some) }
    }
}
