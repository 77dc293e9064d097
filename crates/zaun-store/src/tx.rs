//! The inside of a transaction: statements, parameters, rows; no engine shows through.

use rusqlite::types::{ToSqlOutput, ValueRef};

use crate::StoreError;

/// A parameter of a statement. `$1` in the SQL is the first one.
#[derive(Debug, Clone, Copy)]
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

impl rusqlite::ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Param::Null => ValueRef::Null,
            Param::Int(value) => ValueRef::Integer(*value),
            Param::Text(text) => ValueRef::Text(text.as_bytes()),
            Param::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// One row of a result; columns are numbered from 0.
pub struct Row<'r> {
    inner: &'r rusqlite::Row<'r>,
}

/// A type that a column can be read into.
pub trait FromColumn: Sized {
    /// Reads the value, or says what is wrong with it.
    fn from_column(value: ValueRef<'_>) -> Result<Self, String>;
}

impl Row<'_> {
    /// Reads a column; a wrong type is [`StoreError::Statement`].
    pub fn column<T: FromColumn>(&self, index: usize) -> Result<T, StoreError> {
        let value = self.inner.get_ref(index).map_err(|e| StoreError::Statement(e.to_string()))?;
        T::from_column(value).map_err(|why| StoreError::Statement(format!("column {index}: {why}")))
    }
}

impl FromColumn for i64 {
    fn from_column(value: ValueRef<'_>) -> Result<Self, String> {
        value.as_i64().map_err(|e| e.to_string())
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
impl FromColumn for String {
    fn from_column(value: ValueRef<'_>) -> Result<Self, String> {
        value.as_str().map(str::to_owned).map_err(|e| e.to_string())
    }
}
impl FromColumn for Vec<u8> {
    fn from_column(value: ValueRef<'_>) -> Result<Self, String> {
        value.as_blob().map(<[u8]>::to_vec).map_err(|e| e.to_string())
    }
}
impl<const N: usize> FromColumn for [u8; N] {
    fn from_column(value: ValueRef<'_>) -> Result<Self, String> {
        let blob = value.as_blob().map_err(|e| e.to_string())?;
        blob.try_into().map_err(|_| format!("{} bytes where {N} were expected", blob.len()))
    }
}
impl<T: FromColumn> FromColumn for Option<T> {
    fn from_column(value: ValueRef<'_>) -> Result<Self, String> {
        if matches!(value, ValueRef::Null) { Ok(None) } else { T::from_column(value).map(Some) }
    }
}

/// A running transaction (or the savepoint of one closure inside a group commit).
pub struct Tx<'c> {
    conn: &'c rusqlite::Connection,
    path: &'c str,
}

impl<'c> Tx<'c> {
    pub(crate) fn new(conn: &'c rusqlite::Connection, path: &'c str) -> Self {
        Tx { conn, path }
    }

    fn error(&self, error: rusqlite::Error) -> StoreError {
        StoreError::from_sqlite(&error, self.path)
    }

    fn prepare(&self, sql: &str, params: &[Param<'_>]) -> Result<rusqlite::CachedStatement<'c>, StoreError> {
        let mut statement = self.conn.prepare_cached(sql).map_err(|e| self.error(e))?;
        for (number, param) in params.iter().enumerate() {
            let name = format!("${}", number + 1);
            let index = statement
                .parameter_index(&name)
                .map_err(|e| self.error(e))?
                .ok_or_else(|| StoreError::Statement(format!("{name} is not used in: {sql}")))?;
            statement.raw_bind_parameter(index, param).map_err(|e| self.error(e))?;
        }
        Ok(statement)
    }

    /// Runs a statement that returns no rows; the number of rows it changed.
    pub fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<usize, StoreError> {
        self.prepare(sql, params)?.raw_execute().map_err(|e| self.error(e))
    }

    /// Runs a query (or a statement with `RETURNING`) and maps every row.
    pub fn query<T>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        mut map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.prepare(sql, params)?;
        let mut rows = statement.raw_query();
        let mut out = Vec::new();
        while let Some(inner) = rows.next().map_err(|e| self.error(e))? {
            out.push(map(&Row { inner })?);
        }
        Ok(out)
    }

    /// Like [`Tx::query`] for at most one row.
    pub fn query_one<T>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.query(sql, params, map)?.into_iter().next())
    }

    /// The first column of the only row: counters, `RETURNING id`, `count(*)`.
    pub fn scalar<T: FromColumn>(&self, sql: &str, params: &[Param<'_>]) -> Result<T, StoreError> {
        self.query_one(sql, params, |row| row.column(0))?
            .ok_or_else(|| StoreError::Statement(format!("no row from: {sql}")))
    }
}
