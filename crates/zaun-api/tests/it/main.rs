//! The API over a real socket, asked by a raw client.

mod account;
mod bots;
mod channels;
mod chats;
mod data_centres;
mod first_screens;
mod invites;
mod invoking;
mod polls;
mod privacy;
mod reactions;
mod scheduled;
mod support;
mod temporary_keys;
mod threads;
mod updates;
mod wrappers;
