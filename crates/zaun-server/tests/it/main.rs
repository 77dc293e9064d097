//! The server over real sockets, asked by a client that sends what it is told to.

mod carriers;
mod crowd;
mod endpoints;
mod handlers;
mod http;
mod inspector;
mod keys;
mod limits;
mod log;
mod refusals;
mod sessions;
mod support;
mod tls;
mod transports;
mod version1;
