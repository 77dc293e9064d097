//! The two roles of the key exchange against each other, and each against a peer that lies.
mod agreement;
mod client_refuses;
mod repeats;
mod scripted_client;
mod scripted_server;
mod server_refuses;
mod support;
