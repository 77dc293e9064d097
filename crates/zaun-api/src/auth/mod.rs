//! `auth.*`

mod authorizations;
mod bots;
mod home;
mod login;
mod login_tokens;
mod temporary_keys;

pub(crate) use authorizations::*;
pub(crate) use bots::*;
pub(crate) use login::*;
pub(crate) use login_tokens::*;
pub(crate) use temporary_keys::*;
