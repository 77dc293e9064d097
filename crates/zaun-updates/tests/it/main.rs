//! Boxes against single cases, against the schema, and against a model of a server.

mod cases;
mod model;
mod schema;
