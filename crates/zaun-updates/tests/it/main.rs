//! Boxes against single cases, against the schema, and against a model of a server.

mod cases;
mod endless;
mod model;
mod schema;
