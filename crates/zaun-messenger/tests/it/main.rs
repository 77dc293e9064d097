//! Rules of the messenger over a real store.

mod files;
mod login_codes;
mod profile_photos;
mod world;
