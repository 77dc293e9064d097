//! The control of a sandbox, judged over HTTP and from Rust.

mod acting;
mod faults;
mod going_back;
mod guard;
mod seeding;
mod support;
mod waiting;
