//! Messages: sending, changing, removing, reading, finding.

pub mod change;
pub mod content;
pub mod counters;
pub mod delete;
pub mod entities;
pub mod forward;
pub mod history;
pub mod live;
pub mod mentions;
pub mod pins;
pub mod polls;
pub mod reactions;
pub mod read;
pub mod readers;
pub mod recent_reactions;
pub mod saved;
pub mod scheduled;
pub mod search;
pub mod send;
pub mod ttl;

use zaun_model::{BoxId, UserId};
use zaun_schema::api::enums::Update;
use zaun_store::repo::contents;
use zaun_store::repo::messages::{self, MessageRow};

use crate::views::{self, Message, Scene};
use crate::{Actor, Changes, Error, errors};

/// Tells everybody who sees a message of what has no pts: each owner of a box in the form that is the owner's, the members
/// of a channel in one for all. Returns the message as the actor sees it, who is told by the answer.
fn tell_viewers(
    changes: &mut Changes<'_, '_>,
    actor: Actor,
    row: &MessageRow,
    update: impl Fn(&Message, Option<(UserId, &Scene)>) -> Update,
) -> Result<Message, Error> {
    let invalid = || Error::bad(errors::MESSAGE_ID_INVALID);
    let content = contents::find_many(changes.tx, &[row.content_id])?.pop().ok_or_else(invalid)?;
    let copies: Vec<_> = content.copies().collect();
    let found = views::messages(changes.tx, messages::find_copies(changes.tx, &copies)?)?;
    found.iter().for_each(|message| message.mentions(&mut changes.mentioned));
    let owners = found.iter().filter_map(|message| message.row.box_id.user()).collect();
    let scene = Scene::load(changes.tx, &owners, &changes.mentioned)?;
    for message in &found {
        match message.row.box_id {
            BoxId::Channel(_) => changes.hint(message.row.box_id.into(), update(message, None)),
            BoxId::User(owner) if owner != actor.user_id => {
                changes.hint_user(owner, update(message, Some((owner, &scene))));
            }
            BoxId::User(_) => {}
        }
    }
    found.into_iter().find(|message| message.row.box_id == row.box_id).ok_or_else(invalid)
}
