//! The client engine against our own server, over a network that is cut on purpose.

mod accounts;
mod cdn;
mod connection;
mod files;
mod logins;
mod password;
mod proxies;
mod support;
mod updates;
