//! Properties and known answers of the public API.
mod symmetric;
