//! `help.*`

mod config;
mod lists;

pub(crate) use config::*;
pub(crate) use lists::*;
