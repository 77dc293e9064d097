//! Properties and known answers of the public API.
mod batch;
mod derivation;
mod rsa;
mod sample_handshake;
mod support;
mod symmetric;
