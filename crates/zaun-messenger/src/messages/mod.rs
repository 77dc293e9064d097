//! Messages: sending, changing, removing, reading, finding.

pub mod change;
pub mod content;
pub mod delete;
pub mod entities;
pub mod forward;
pub mod history;
pub mod pins;
pub mod read;
pub mod search;
pub mod send;
