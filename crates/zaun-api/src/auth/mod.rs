//! `auth.*`

mod authorizations;
mod home;
mod login;
mod temporary_keys;

pub(crate) use authorizations::*;
pub(crate) use login::*;
pub(crate) use temporary_keys::*;
