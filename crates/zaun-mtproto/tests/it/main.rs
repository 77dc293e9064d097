//! The engines of the crate: key exchange with each role against the other, packets, and sessions on a virtual clock.
mod allocations;
mod allocator;
mod client;
mod conformance;
mod handshake;
mod packet;
mod packet_batch;
mod packet_v1;
mod session;
