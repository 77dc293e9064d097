//! `bots.*`

mod menu;
mod profile;

pub(crate) use menu::*;
pub(crate) use profile::*;
