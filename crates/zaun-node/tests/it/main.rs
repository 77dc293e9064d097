//! A node as its clients see it, over time.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod clock;
mod cluster;
mod crowd;
mod end;
mod support;
