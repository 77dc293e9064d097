//! `account.*`

mod authorizations;
mod empty;
mod notify;
pub(crate) mod password;
mod privacy;
mod profile;
mod settings;
pub(crate) mod takeout;

pub(crate) use authorizations::*;
pub(crate) use empty::*;
pub(crate) use notify::*;
pub(crate) use password::{
    cancel_password_email, confirm_password_email, decline_password_reset, get_password,
    get_password_settings, get_tmp_password, resend_password_email, reset_password, update_password_settings,
};
pub(crate) use privacy::*;
pub(crate) use profile::*;
pub(crate) use settings::*;
pub(crate) use takeout::{finish_takeout_session, init_takeout_session};
