//! `account.*`

mod authorizations;
mod notify;
mod profile;
pub(crate) mod takeout;

pub(crate) use authorizations::*;
pub(crate) use notify::*;
pub(crate) use profile::*;
pub(crate) use takeout::{finish_takeout_session, init_takeout_session};
