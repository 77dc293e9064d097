//! Forward-only migrations: numbered files, each run once, in order, in one transaction.

use rusqlite::Connection;

use crate::StoreError;

/// Table definitions of the SQLite engine, oldest first. A landed file never changes.
const MIGRATIONS: &[(&str, &str)] = &[
    ("0001_first_light", include_str!("../migrations/0001_first_light.sql")),
    ("0002_home_dc", include_str!("../migrations/0002_home_dc.sql")),
    ("0003_login_attempts", include_str!("../migrations/0003_login_attempts.sql")),
];

/// The schema version of this build: the number of migrations.
pub const SCHEMA_VERSION: i64 = MIGRATIONS.len() as i64;

/// Brings the database to [`SCHEMA_VERSION`]; refuses one written by a newer program.
pub(crate) fn run(conn: &mut Connection, path: &str) -> Result<(), StoreError> {
    let fail = |e: rusqlite::Error| StoreError::from_sqlite(&e, path);
    let found: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(fail)?;
    if found > SCHEMA_VERSION {
        return Err(StoreError::TooNew { found, known: SCHEMA_VERSION });
    }
    for (version, (name, sql)) in (1i64..).zip(MIGRATIONS).skip(usize::try_from(found).unwrap_or(0)) {
        let tx = conn.transaction().map_err(fail)?;
        tx.execute_batch(sql).map_err(fail)?;
        tx.pragma_update(None, "user_version", version).map_err(fail)?;
        tx.commit().map_err(fail)?;
        tracing::debug!(migration = name, "database migrated");
    }
    Ok(())
}
