//! The proxy between our client engine and our own server.

mod imitation;
mod kinds;
mod paths;
mod sessions;
mod strangers;
mod support;
