//! Messages, and the events of a box as updates.

use std::collections::BTreeSet;

use zaun_messenger::messages::send::{self, Sent};
use zaun_messenger::{Error, Event};
use zaun_schema::api::{enums, types};
use zaun_store::repo::messages::MessageRow;

use super::{View, media};

/// A message for its viewer.
pub(crate) fn message(view: View<'_>, row: &MessageRow) -> Result<enums::Message, Error> {
    let mut message = send::to_tl(row)?;
    if let enums::Message::Message(message) = &mut message
        && let Some(media) = &mut message.media
    {
        media::media(view, media);
    }
    Ok(message)
}

/// Every user that a message mentions, so that clients can show it (M-371).
pub(crate) fn message_users(message: &enums::Message, ids: &mut BTreeSet<i64>) {
    let mut peer = |peer: Option<&enums::Peer>| {
        if let Some(enums::Peer::PeerUser(user)) = peer {
            ids.insert(user.user_id);
        }
    };
    match message {
        enums::Message::Message(m) => {
            peer(m.from_id.as_ref());
            peer(Some(&m.peer_id));
            if let Some(header) = &m.fwd_from {
                peer(header.from_id.as_ref());
                peer(header.saved_from_peer.as_ref());
            }
            for entity in m.entities.iter().flatten() {
                if let enums::MessageEntity::MessageEntityMentionName(mention) = entity {
                    ids.insert(mention.user_id);
                }
            }
            if let Some(enums::MessageMedia::MessageMediaContact(contact)) = &m.media {
                ids.insert(contact.user_id);
            }
        }
        enums::Message::MessageService(m) => {
            peer(m.from_id.as_ref());
            peer(Some(&m.peer_id));
        }
        enums::Message::MessageEmpty(_) => {}
    }
    ids.remove(&0);
}

/// An event of the viewer's box as an update, with the users it mentions.
pub(crate) fn event_update(
    view: View<'_>,
    event: &Event,
    users: &mut BTreeSet<i64>,
) -> Result<enums::Update, Error> {
    Ok(match event {
        Event::Message { row, pts } => {
            let message = message(view, row)?;
            message_users(&message, users);
            types::UpdateNewMessage { message, pts: *pts, pts_count: 1 }.into()
        }
        Event::Edited { row, pts } => {
            let message = message(view, row)?;
            message_users(&message, users);
            types::UpdateEditMessage { message, pts: *pts, pts_count: 1 }.into()
        }
        Event::Logged { update, .. } | Event::Transient(update) => {
            update_users(update, users);
            update.clone()
        }
    })
}

/// Users that an update without a message mentions.
fn update_users(update: &enums::Update, users: &mut BTreeSet<i64>) {
    use enums::Update as U;
    let peer = match update {
        U::UpdateReadHistoryInbox(u) => Some(&u.peer),
        U::UpdateReadHistoryOutbox(u) => Some(&u.peer),
        U::UpdatePinnedMessages(u) => Some(&u.peer),
        U::UpdateDraftMessage(u) => Some(&u.peer),
        _ => None,
    };
    if let Some(enums::Peer::PeerUser(peer)) = peer {
        users.insert(peer.user_id);
    }
    match update {
        U::UpdateUserName(u) => drop(users.insert(u.user_id)),
        U::UpdateUser(u) => drop(users.insert(u.user_id)),
        U::UpdateUserTyping(u) => drop(users.insert(u.user_id)),
        _ => {}
    }
}

/// The result of sending: which message each random_id became, then the messages (M-363).
pub(crate) async fn sent_updates(
    view: View<'_>,
    sent: &[Sent],
    own: &[Event],
) -> Result<enums::Updates, Error> {
    let mut list: Vec<enums::Update> = Vec::new();
    for s in sent {
        list.push(types::UpdateMessageID { id: s.row.id, random_id: s.random_id }.into());
    }
    let mut users = BTreeSet::new();
    for s in sent {
        // A repetition made no event, and is answered like the first time.
        let event = Event::Message { row: s.row.clone(), pts: s.pts };
        list.push(event_update(view, &event, &mut users)?);
    }
    for event in own {
        if !matches!(event, Event::Message { .. }) {
            list.push(event_update(view, event, &mut users)?);
        }
    }
    super::updates(view, list, users).await
}
