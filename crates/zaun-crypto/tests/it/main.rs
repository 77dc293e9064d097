//! Properties and known answers of the public API.
mod derivation;
mod rsa;
mod sample_handshake;
mod support;
mod symmetric;
