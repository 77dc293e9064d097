//! Storage: a transaction is a closure.
//!
//! `store.write(|tx| …)` and `store.read(|tx| …)` run synchronous code over a [`Tx`]. Inside a closure nothing but
//! SQL can happen, so nothing can await, and an engine may run the closure again: PostgreSQL after a serialization
//! conflict, SQLite when a neighbour in the same commit failed. SQL is written in the dialect that SQLite and
//! PostgreSQL share (`$1`, `ON CONFLICT`, `RETURNING`); what differs is derived ([`ddl`]) or asked for
//! ([`Tx::dialect`]).
//!
//! It deliberately is no object mapper, and it knows no rule of the messenger: [`repo`] holds one module per
//! aggregate with the statements the rules need, and nothing that decides.

mod engine;
mod error;
mod ids;
mod migrate;
pub mod repo;
mod sql;
mod tx;
mod value;
mod wire;

pub use engine::{
    Budget, Durability, Image, MAX_CLOSURE, MAX_GROUP, MAX_QUEUED_PER_USER, MAX_QUEUED_WRITES, MAX_WAL_BYTES,
    Options, Store,
};
pub use error::StoreError;
pub use migrate::{SCHEMA_VERSION, ddl};
pub use sql::{MAX_IDS, MAX_PAIRS};
pub use tx::{Dialect, Row, Tx};
pub use value::{FromColumn, Param, ValueRef};
