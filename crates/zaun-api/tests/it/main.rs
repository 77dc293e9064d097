//! The API over a real socket, asked by a raw client.

mod account;
mod bots;
mod channels;
mod chats;
mod data_centres;
mod every_layer;
mod first_screens;
mod invites;
mod invoking;
#[expect(dead_code, reason = "the schema's own tests use the rest of it")]
#[path = "../../../zaun-schema/tests/it/oracle.rs"]
mod oracle;
mod places;
mod polls;
mod privacy;
mod reactions;
mod readers;
mod saved;
mod scheduled;
mod senders;
mod stickers;
mod support;
mod temporary_keys;
mod threads;
#[path = "../../../zaun-schema/tests/it/trees.rs"]
mod trees;
mod updates;
mod wrappers;
