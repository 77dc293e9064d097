//! From what clients name to what the messenger takes: input peers with their hashes checked, filters, entities.

mod media;
mod peer;
mod search;

pub(crate) use media::file_location;
pub(crate) use peer::place_in_list;
pub(crate) use search::filter;
