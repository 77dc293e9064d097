//! The API over a real socket, asked by a raw client.

mod data_centres;
mod support;
mod temporary_keys;
mod wrappers;
