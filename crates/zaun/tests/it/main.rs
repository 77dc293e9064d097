//! Tests of the binary as people run it.

mod client;
mod doctor;
mod inspect;
