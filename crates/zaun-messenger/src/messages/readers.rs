//! Who read a message, and when (G-376, G-377).

use std::collections::BTreeMap;

use zaun_model::{BoxId, ChannelId, MsgId, Peer, UnixTime, UserId};
use zaun_schema::api::enums;
use zaun_store::Tx;
use zaun_store::repo::contents::{self, ContentRow};
use zaun_store::repo::messages::{self, MessageRow};
use zaun_store::repo::threads::GENERAL;
use zaun_store::repo::{channels, chats, read_dates, users};

use super::content::Body;
use crate::limits::{READ_DATES_S, READERS_OF_CHAT};
use crate::peers::PeerRef;
use crate::rights::{self, Membership, Reading};
use crate::{Actor, Changes, Error, Messenger, errors, privacy};

/// Says whether who reads a supergroup is kept: it is small enough to be asked.
fn is_small(tx: &Tx<'_>, id: ChannelId) -> Result<bool, Error> {
    let channel = channels::find(tx, id)?;
    Ok(channel.is_some_and(|channel| !channel.broadcast && channel.members <= READERS_OF_CHAT))
}

/// Notes that a user has read a conversation, or a thread of it, up to a message.
pub(crate) fn note(
    changes: &Changes<'_, '_>,
    user: UserId,
    (peer, thread): (Peer, MsgId),
    id: MsgId,
) -> Result<(), Error> {
    let is_kept = match peer {
        Peer::User(_) => true,
        Peer::Chat(id) => chats::find(changes.tx, id)?.is_some_and(|chat| chat.members <= READERS_OF_CHAT),
        Peer::Channel(id) => is_small(changes.tx, id)?,
    };
    if is_kept {
        read_dates::insert(changes.tx, user, (peer, thread), id, changes.now)?;
    }
    Ok(())
}

/// A message that somebody asks about, with its content; only its writer may.
fn own_message(tx: &Tx<'_>, reading: &Reading, id: MsgId) -> Result<Option<(MessageRow, ContentRow)>, Error> {
    let Some(row) = messages::find(tx, reading.box_id, reading.peer, id)? else { return Ok(None) };
    let content = contents::find_many(tx, &[row.content_id])?.pop();
    let content = content.filter(|content| content.author == Peer::User(reading.viewer));
    Ok(content.map(|content| (row, content)))
}

/// Who else is in a small group; `None` where it hides its members.
fn others_in(tx: &Tx<'_>, reading: &Reading) -> Result<Option<Vec<UserId>>, Error> {
    let too_big = || Error::bad(errors::CHAT_TOO_BIG);
    let members: Vec<UserId> = match reading.peer {
        Peer::User(_) => return Err(Error::bad(errors::PEER_ID_INVALID)),
        Peer::Chat(id) => {
            let group = rights::Group::load(tx, reading.viewer, id)?;
            if group.chat.members > READERS_OF_CHAT {
                return Err(too_big());
            }
            chats::members(tx, id)?.into_iter().map(|member| member.user_id).collect()
        }
        Peer::Channel(id) => {
            let channel = Membership::load(tx, reading.viewer, id)?.channel;
            if channel.broadcast {
                return Err(Error::bad(errors::PEER_ID_INVALID));
            }
            if channel.members > READERS_OF_CHAT {
                return Err(too_big());
            }
            if channel.hidden_members {
                return Ok(None);
            }
            let members = channels::recent(tx, id, 0, i64::from(READERS_OF_CHAT))?;
            members.into_iter().map(|member| member.user_id).collect()
        }
    };
    Ok(Some(members.into_iter().filter(|user| *user != reading.viewer).collect()))
}

/// Says whether a message is a poll whose voters are nobody's business.
fn is_secret_poll(content: &ContentRow) -> Result<bool, Error> {
    let Body::Written(content) = Body::decode(content)? else { return Ok(false) };
    Ok(matches!(content.message.media, Some(enums::MessageMedia::MessageMediaPoll(media))
        if !media.poll.public_voters))
}

impl Messenger {
    /// Returns who read a message of the actor's in a small group, and when, the first reader first.
    pub async fn readers(
        &self,
        actor: Actor,
        peer: PeerRef,
        id: MsgId,
    ) -> Result<Vec<(UserId, UnixTime)>, Error> {
        let now = self.now();
        self.read(actor.user_id, move |tx| {
            let reading = rights::reading(tx, actor.user_id, peer)?;
            let others = others_in(tx, &reading)?;
            let found = own_message(tx, &reading, id)?;
            let (row, content) = found.ok_or_else(|| Error::bad(errors::MSG_ID_INVALID))?;
            if now - row.date > i64::from(READ_DATES_S) {
                return Err(Error::bad(errors::MSG_TOO_OLD));
            }
            let Some(others) = others.filter(|_| !is_secret_poll(&content).unwrap_or(true)) else {
                return Ok(Vec::new());
            };
            let copies: BTreeMap<BoxId, MsgId> = content.copies().collect();
            let copy = |user: &UserId| {
                let id = copies.get(&BoxId::of(*user, reading.peer))?;
                Some((*user, *id))
            };
            let readers: Vec<(UserId, MsgId)> = others.iter().filter_map(copy).collect();
            let mut dates: BTreeMap<UserId, UnixTime> = BTreeMap::new();
            let thread = if row.thread_id.0 > 0 { row.thread_id } else { GENERAL };
            for thread in [MsgId(0), thread] {
                for (user, date) in read_dates::of_message(tx, (reading.peer, thread), &readers)? {
                    dates.entry(user).and_modify(|first| *first = date.min(*first)).or_insert(date);
                }
            }
            let mut dates: Vec<(UserId, UnixTime)> = dates.into_iter().collect();
            dates.sort_by_key(|(user, date)| (*date, *user));
            Ok(dates)
        })
        .await
    }

    /// Returns when the other side of a private chat read a message of the actor's.
    pub async fn read_date(&self, actor: Actor, peer: PeerRef, id: MsgId) -> Result<UnixTime, Error> {
        let now = self.now();
        self.read(actor.user_id, move |tx| {
            let reading = rights::reading(tx, actor.user_id, peer)?;
            let Peer::User(other) = reading.peer else { return Err(Error::bad(errors::PEER_ID_INVALID)) };
            let found = own_message(tx, &reading, id)?.filter(|_| other != actor.user_id);
            let (row, content) = found.ok_or_else(|| Error::bad(errors::MESSAGE_ID_INVALID))?;
            if now - row.date > i64::from(READ_DATES_S) {
                return Err(Error::bad(errors::MESSAGE_TOO_OLD));
            }
            // Who hides when it was seen is not told of others either.
            for (owner, asker, error) in [
                (other, actor.user_id, errors::USER_PRIVACY_RESTRICTED),
                (actor.user_id, other, errors::YOUR_PRIVACY_RESTRICTED),
            ] {
                let owner = users::find(tx, owner)?.ok_or_else(|| Error::bad(errors::PEER_ID_INVALID))?;
                if !privacy::admits(tx, &owner, privacy::bit::STATUS, asker)? {
                    return Err(Error::refused(403, error));
                }
            }
            let copies: BTreeMap<BoxId, MsgId> = content.copies().collect();
            let theirs = copies.get(&BoxId::User(other)).map(|id| (other, *id));
            let spot = (Peer::User(actor.user_id), MsgId(0));
            let read = read_dates::of_message(tx, spot, theirs.as_slice())?.pop();
            read.map(|(_, date)| date).ok_or_else(|| Error::bad(errors::MESSAGE_NOT_READ_YET))
        })
        .await
    }
}
