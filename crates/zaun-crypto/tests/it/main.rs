//! Properties and known answers of the public API.
mod batch;
mod derivation;
mod password;
mod rsa;
mod sample_handshake;
mod support;
mod symmetric;
