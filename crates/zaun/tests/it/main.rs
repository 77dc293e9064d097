//! Tests of the binary as people run it.

mod inspect;
