//! Forwarding.

use std::collections::BTreeMap;

use zaun_schema::api::types;
use zaun_store::repo::PeerKey;
use zaun_store::repo::messages::{self, MessageRow};

use super::body::Content;
use super::send::{self, Draft, Sent};
use crate::files::media::album_id;
use crate::limits::IDS_PER_CALL;
use crate::peers::UserRef;
use crate::{Actor, Changes, Error, Event, Messenger};

/// What to forward and how.
#[derive(Debug, Clone)]
pub struct Forward {
    /// Where the messages are.
    pub from: UserRef,
    /// Where they go.
    pub to: UserRef,
    /// Messages with the client's names for their copies.
    pub messages: Vec<(i32, i64)>,
    /// As if written by the sender.
    pub drop_author: bool,
    /// Without captions.
    pub drop_captions: bool,
    /// Without a sound.
    pub silent: bool,
    /// May not be forwarded on.
    pub noforwards: bool,
}

impl Messenger {
    /// Forwards messages; ids that are gone are left out, as the official server does.
    pub async fn forward(&self, actor: Actor, forward: Forward) -> Result<(Vec<Sent>, Vec<Event>), Error> {
        if forward.messages.is_empty() {
            return Err(Error::bad("MESSAGE_IDS_EMPTY"));
        }
        if forward.messages.len() > IDS_PER_CALL {
            return Err(Error::bad("MESSAGE_ID_INVALID"));
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let from = forward.from.chat(changes.tx, actor.user_id)?;
            let to = forward.to.chat(changes.tx, actor.user_id)?;
            let mut sent = Vec::new();
            let mut albums = BTreeMap::new();
            for (id, random_id) in &forward.messages {
                let row = messages::find(changes.tx, actor.user_id, *id)?.filter(|row| row.peer == from);
                let Some(row) = row else { continue };
                let mut content = copy(&row, &forward, to, actor.user_id)?;
                // The copies are an album of their own: forwarded twice, they must not become one.
                if let Some(album) = &mut content.message.grouped_id {
                    *album = *albums.entry(*album).or_insert_with(album_id);
                }
                let draft = Draft { random_id: *random_id, content, reply_to: None, clear_draft: false };
                sent.push(send::one(changes, actor.user_id, to, &draft)?);
            }
            if sent.is_empty() { Err(Error::bad("MESSAGE_ID_INVALID")) } else { Ok(sent) }
        };
        self.change(actor, work).await
    }
}

/// The copy of a message: its content, and where it came from unless that is to be hidden.
fn copy(row: &MessageRow, forward: &Forward, to: PeerKey, sender: i64) -> Result<Content, Error> {
    let original = Content::of(row)?;
    if original.message.noforwards {
        return Err(Error::bad("CHAT_FORWARDS_RESTRICTED"));
    }
    let mut header = match original.message.fwd_from {
        Some(earlier) => earlier,
        None => types::MessageFwdHeader {
            from_id: Some(types::PeerUser { user_id: row.from_id }.into()),
            date: i32::try_from(row.date).unwrap_or(i32::MAX),
            ..types::MessageFwdHeader::default()
        },
    };
    if to == PeerKey::user(sender) {
        // Saved messages remember where they were saved from.
        header.saved_from_peer = Some(crate::peers::to_peer(row.peer));
        header.saved_from_msg_id = Some(row.id);
    }
    let has_media = original.message.media.is_some();
    let drop_text = forward.drop_captions && has_media;
    Ok(Content {
        text: if drop_text { String::new() } else { original.text },
        message: types::Message {
            fwd_from: (!forward.drop_author).then_some(header),
            media: original.message.media,
            entities: original.message.entities.filter(|_| !drop_text),
            invert_media: original.message.invert_media,
            silent: forward.silent,
            noforwards: forward.noforwards,
            ..types::Message::default()
        },
    })
}
