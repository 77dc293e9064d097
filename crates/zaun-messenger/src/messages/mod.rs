//! Messages: sending, changing, removing, reading, finding.

pub mod change;
pub mod content;
pub mod counters;
pub mod delete;
pub mod entities;
pub mod forward;
pub mod history;
pub mod mentions;
pub mod pins;
pub mod polls;
pub mod reactions;
pub mod read;
pub mod search;
pub mod send;
