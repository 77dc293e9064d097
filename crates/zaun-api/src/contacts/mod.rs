//! `contacts.*`

mod blocked;
mod empty;
mod find;
mod list;

pub(crate) use blocked::*;
pub(crate) use empty::*;
pub(crate) use find::*;
pub(crate) use list::*;
