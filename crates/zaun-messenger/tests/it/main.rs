//! Rules of the messenger over a real store.

mod files;
mod profile_photos;
mod world;
