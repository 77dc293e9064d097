//! Tests of the binary as people run it.

mod doctor;
mod inspect;
