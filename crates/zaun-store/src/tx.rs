//! The inside of a transaction: statements, parameters, rows; no engine shows through.

use std::cell::{Cell, RefCell};

use crate::sql::{self, MAX_IDS, MAX_PAIRS, NO_PAIR};
use crate::{FromColumn, Param, StoreError, ValueRef};

/// The engine behind a transaction, for the few statements that cannot be written once: full-text search, DDL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// The embedded engine.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

/// What an engine does for a [`Tx`]: one connection with its prepared statements.
pub(crate) trait Session {
    fn dialect(&self) -> Dialect;

    /// Runs a statement without rows; the number of rows that it changed.
    fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<usize, StoreError>;

    /// Runs a statement and shows its rows one by one, until `each` answers that it wants no more.
    fn query(
        &self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&Row<'_>) -> bool,
    ) -> Result<(), StoreError>;
}

/// One row of a result; columns are numbered from 0.
pub struct Row<'r> {
    columns: &'r dyn Columns,
}

/// The columns of an engine's row.
pub(crate) trait Columns {
    fn value(&self, index: usize) -> Result<ValueRef<'_>, String>;
}

impl<'r> Row<'r> {
    pub(crate) fn new(columns: &'r dyn Columns) -> Row<'r> {
        Row { columns }
    }

    /// Reads a column; a wrong type is [`StoreError::Statement`].
    pub fn column<T: FromColumn>(&self, index: usize) -> Result<T, StoreError> {
        self.columns
            .value(index)
            .and_then(T::from_column)
            .map_err(|why| StoreError::Statement(format!("column {index}: {why}")))
    }
}

/// A running transaction (or the part of one closure inside a group commit).
///
/// A statement that fails ends the closure's transaction, as PostgreSQL has it: later statements may fail, and what
/// the closure did is rolled back even if it returns `Ok`. So a closure asks before it inserts, or writes
/// `ON CONFLICT`, and passes errors on.
pub struct Tx<'c> {
    session: &'c dyn Session,
    statements: Cell<u64>,
    failure: RefCell<Option<StoreError>>,
}

impl<'c> Tx<'c> {
    pub(crate) fn new(session: &'c dyn Session) -> Self {
        Tx { session, statements: Cell::new(0), failure: RefCell::new(None) }
    }

    /// The first error of a statement, if one failed.
    pub(crate) fn failure(&self) -> Option<StoreError> {
        self.failure.borrow().clone()
    }

    /// Returns which engine runs the statements.
    pub fn dialect(&self) -> Dialect {
        self.session.dialect()
    }

    /// Returns how many statements this transaction has run, so that tests can assert budgets.
    pub fn statements(&self) -> u64 {
        self.statements.get()
    }

    fn note<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        self.statements.set(self.statements.get() + 1);
        if let Err(error) = &result {
            self.failure.borrow_mut().get_or_insert_with(|| error.clone());
        }
        result
    }

    /// Runs a statement that returns no rows; returns the number of rows that it changed.
    pub fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<usize, StoreError> {
        self.note(keepable(params).and_then(|()| self.session.execute(sql, params)))
    }

    /// Runs a query (or a statement with `RETURNING`) and maps every row.
    pub fn query<T>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        mut map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut out = Vec::new();
        self.each(sql, params, |row| {
            out.push(map(row)?);
            Ok(true)
        })?;
        Ok(out)
    }

    /// Runs a query like [`Tx::query`] and maps its first row.
    pub fn query_one<T>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        mut map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut out = None;
        self.each(sql, params, |row| {
            out = Some(map(row)?);
            Ok(false)
        })?;
        Ok(out)
    }

    /// Reads the first column of the only row: counters, `RETURNING id`, `count(*)`.
    pub fn scalar<T: FromColumn>(&self, sql: &str, params: &[Param<'_>]) -> Result<T, StoreError> {
        self.query_one(sql, params, |row| row.column(0))?
            .ok_or_else(|| StoreError::Statement(format!("no row from: {sql}")))
    }

    /// Runs a query with a list of ids where the marker `$IDS` stands: `… WHERE box_id = $1 AND id IN ($IDS)`, with
    /// the other parameters in `before`.
    ///
    /// Lists are padded with their last id to a power of two, so that few forms of a statement are prepared, and
    /// cut at [`MAX_IDS`]: then `ORDER BY` and `LIMIT` hold within each part only. No statement runs for no ids.
    pub fn query_in<T>(
        &self,
        sql: &str,
        before: &[Param<'_>],
        ids: &[i64],
        mut map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut out = Vec::new();
        for (sql, params) in lists_of_ids(sql, before, ids) {
            self.each(&sql, &params, |row| {
                out.push(map(row)?);
                Ok(true)
            })?;
        }
        Ok(out)
    }

    /// Runs a statement without rows over a list of ids, as [`Tx::query_in`] does; returns the number of rows
    /// that it changed.
    pub fn execute_in(&self, sql: &str, before: &[Param<'_>], ids: &[i64]) -> Result<usize, StoreError> {
        let mut changed = 0;
        for (sql, params) in lists_of_ids(sql, before, ids) {
            changed += self.execute(&sql, &params)?;
        }
        Ok(changed)
    }

    /// Runs a query with a list of pairs where the marker `$PAIRS` stands, for
    /// `FROM (VALUES $PAIRS) AS v JOIN messages m ON m.box_id = v.column1 AND m.id = v.column2`.
    ///
    /// Lists are cut at [`MAX_PAIRS`] and padded to a power of two with a pair of the least integers, which no row
    /// has: an outer join would show it. A pair given twice is found twice. No statement runs for no pairs.
    pub fn query_pairs<T>(
        &self,
        sql: &str,
        before: &[Param<'_>],
        pairs: &[(i64, i64)],
        mut map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut out = Vec::new();
        for chunk in pairs.chunks(MAX_PAIRS) {
            let size = chunk.len().next_power_of_two();
            let filling = std::iter::repeat_n(&NO_PAIR, size - chunk.len());
            let pairs = chunk.iter().chain(filling).flat_map(|pair| [Param::Int(pair.0), Param::Int(pair.1)]);
            let params: Vec<Param<'_>> = before.iter().copied().chain(pairs).collect();
            self.each(&sql::with_pairs(sql, before.len(), size), &params, |row| {
                out.push(map(row)?);
                Ok(true)
            })?;
        }
        Ok(out)
    }

    /// Makes a table give ids from `first` on, unless it has come further. Its key is the `id` that the database
    /// counts: SQLite would begin after the largest id that was inserted, PostgreSQL at 1 whatever was inserted.
    pub fn count_ids_from(&self, table: &str, first: i64) -> Result<(), StoreError> {
        if self.dialect() == Dialect::Postgres {
            let sequence = "pg_get_serial_sequence($1, 'id')";
            let sql = format!("SELECT setval({sequence}, greatest(nextval({sequence}), $2), false)");
            return self.scalar::<i64>(&sql, &[table.into(), first.into()]).map(drop);
        }
        let last = &[table.into(), (first - 1).into()];
        if self.execute("UPDATE sqlite_sequence SET seq = max(seq, $2) WHERE name = $1", last)? == 0 {
            self.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)", last)?;
        }
        Ok(())
    }

    /// Runs a query until `map` answers `false`; an error of `map` is no failure of the statement.
    fn each(
        &self,
        sql: &str,
        params: &[Param<'_>],
        mut map: impl FnMut(&Row<'_>) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        let mut mapped = Ok(());
        let ran = keepable(params).and_then(|()| {
            self.session.query(sql, params, &mut |row| {
                map(row).unwrap_or_else(|error| {
                    mapped = Err(error);
                    false
                })
            })
        });
        self.note(ran)?;
        mapped
    }
}

/// Refuses what only one of the engines can keep.
fn keepable(params: &[Param<'_>]) -> Result<(), StoreError> {
    let has_nul = |param: &Param<'_>| matches!(param, Param::Text(text) if text.as_bytes().contains(&0));
    if params.iter().any(has_nul) { Err(StoreError::NulInText) } else { Ok(()) }
}

/// Cuts a list of ids into statements with their parameters.
fn lists_of_ids<'a>(
    sql: &'a str,
    before: &'a [Param<'a>],
    ids: &'a [i64],
) -> impl Iterator<Item = (String, Vec<Param<'a>>)> + 'a {
    ids.chunks(MAX_IDS).map(move |chunk| {
        let size = chunk.len().next_power_of_two();
        let filling = chunk.last().into_iter().cycle().take(size - chunk.len());
        let ids = chunk.iter().chain(filling).map(|id| Param::Int(*id));
        (sql::with_ids(sql, before.len(), size), before.iter().copied().chain(ids).collect())
    })
}
