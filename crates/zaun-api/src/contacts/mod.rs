//! `contacts.*`

mod find;
mod list;

pub(crate) use find::*;
pub(crate) use list::*;
