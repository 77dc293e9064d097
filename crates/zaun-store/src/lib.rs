//! Storage: a transaction is a closure.
//!
//! `store.write(|tx| …)` and `store.read(|tx| …)` run synchronous code over a [`Tx`]. Inside a closure nothing but
//! SQL can happen, so nothing can await, and an engine may run the closure again after a serialization conflict.
//! SQL is written in the dialect that SQLite and PostgreSQL share (`$1`, `ON CONFLICT`, `RETURNING`); only table
//! definitions differ per engine.
//!
//! It deliberately is no object mapper, and it knows no rule of the messenger: [`repo`] holds one module per
//! aggregate with the statements the rules need, and nothing that decides.

mod engine;
mod error;
mod migrate;
pub mod repo;
mod tx;

pub use engine::{Durability, MAX_GROUP, MAX_QUEUED_WRITES, Options, Store};
pub use error::StoreError;
pub use migrate::SCHEMA_VERSION;
pub use tx::{FromColumn, Param, Row, Tx};
