//! `account.*`

mod authorizations;
mod notify;
mod profile;

pub(crate) use authorizations::*;
pub(crate) use notify::*;
pub(crate) use profile::*;
