//! Tests of the binary as people run it.

mod client;
mod control;
mod data;
mod doctor;
mod inspect;
mod proxy;
