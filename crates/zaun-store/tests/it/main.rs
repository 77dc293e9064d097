//! Store tests: every guarantee of the engines on SQLite and on a real PostgreSQL.

mod limits;
mod lists;
mod postgres_only;
mod saved;
mod sqlite_only;
mod statements;
mod transactions;
mod values;
mod world;
