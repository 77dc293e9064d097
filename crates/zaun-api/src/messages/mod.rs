//! `messages.*`

mod bots;
mod chats;
mod dialogs;
mod drafts;
mod edit;
mod empty;
mod folders;
mod history;
mod inline;
mod invites;
mod media;
mod pins;
mod polls;
mod reactions;
mod search;
mod send;
mod settings;
mod typing;

pub(crate) use bots::*;
pub(crate) use chats::*;
pub(crate) use dialogs::*;
pub(crate) use drafts::*;
pub(crate) use edit::*;
pub(crate) use empty::*;
pub(crate) use folders::*;
pub(crate) use history::*;
pub(crate) use inline::*;
pub(crate) use invites::*;
pub(crate) use media::*;
pub(crate) use pins::*;
pub(crate) use polls::*;
pub(crate) use reactions::*;
pub(crate) use search::*;
pub(crate) use send::*;
pub(crate) use settings::*;
pub(crate) use typing::*;
