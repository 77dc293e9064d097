//! `help.*`

mod app_config;
mod config;
mod lists;

pub(crate) use app_config::get_app_config;
pub(crate) use config::*;
pub(crate) use lists::*;
