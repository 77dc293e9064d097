//! Tests of the inspector against real servers and arbitrary bytes.

mod decoding;
mod http;
mod secrets;
mod support;
