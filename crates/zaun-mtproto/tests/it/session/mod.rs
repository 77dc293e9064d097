//! The server's session without I/O, on a virtual clock.

mod acks;
mod announcement;
mod containers;
mod drop_answer;
mod notifications;
mod outbox;
mod repeats;
mod resending;
mod server_ids;
mod service;
mod states;
mod support;
mod unpacking;
