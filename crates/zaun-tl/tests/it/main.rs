//! The codec and the generator from outside.

mod codec;
mod generator;
mod hostile;
