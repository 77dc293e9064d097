//! The client engine against our own server, over a network that is cut on purpose.

mod connection;
mod support;
