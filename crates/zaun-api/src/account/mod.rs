//! `account.*`

mod authorizations;
mod empty;
mod notify;
mod profile;
pub(crate) mod takeout;

pub(crate) use authorizations::*;
pub(crate) use empty::*;
pub(crate) use notify::*;
pub(crate) use profile::*;
pub(crate) use takeout::{finish_takeout_session, init_takeout_session};
