//! The server over real sockets, asked by a client that sends what it is told to.

mod crowd;
mod handlers;
mod keys;
mod limits;
mod log;
mod refusals;
mod sessions;
mod support;
mod transports;
