//! Rules of the messenger over a real store.

mod boxes;
mod budgets;
mod channels;
mod files;
mod login_codes;
mod profile_photos;
mod search;
mod sending;
mod world;
