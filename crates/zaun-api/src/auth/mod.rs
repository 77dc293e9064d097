//! `auth.*`

mod authorizations;
mod login;

pub(crate) use authorizations::*;
pub(crate) use login::*;
