//! `bots.*`

mod profile;

pub(crate) use profile::*;
