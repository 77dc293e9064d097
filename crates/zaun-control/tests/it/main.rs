//! The control of a sandbox, judged over HTTP and from Rust.

mod acting;
mod going_back;
mod guard;
mod support;
mod waiting;
