//! The control of a sandbox, judged over HTTP and from Rust.

mod acting;
mod guard;
mod support;
mod waiting;
