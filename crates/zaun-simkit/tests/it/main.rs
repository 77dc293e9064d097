//! Both engines against each other, on a virtual network.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod day;
mod faults;
