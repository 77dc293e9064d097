//! `auth.*`

mod authorizations;
mod home;
mod login;
mod login_tokens;
mod temporary_keys;

pub(crate) use authorizations::*;
pub(crate) use login::*;
pub(crate) use login_tokens::*;
pub(crate) use temporary_keys::*;
