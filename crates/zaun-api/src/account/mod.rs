//! `account.*`

mod authorizations;
mod empty;
mod notify;
pub(crate) mod password;
mod privacy;
mod profile;
pub(crate) mod takeout;

pub(crate) use authorizations::*;
pub(crate) use empty::*;
pub(crate) use notify::*;
pub(crate) use password::{get_password, get_password_settings, update_password_settings};
pub(crate) use privacy::*;
pub(crate) use profile::*;
pub(crate) use takeout::{finish_takeout_session, init_takeout_session};
