//! Whom messages mention, and what waits for somebody's attention (G-310 … G-313, G-369).

use std::collections::BTreeSet;

use zaun_model::{BoxId, MsgId, Peer, UserId};
use zaun_schema::api::enums::MessageEntity as Entity;
use zaun_schema::api::types;
use zaun_store::repo::contents::ContentRow;
use zaun_store::repo::marks::{self, MENTION, MarkRow, REACTION};
use zaun_store::repo::messages::{self, MessageRow};
use zaun_store::repo::{channels, chats, contents, users};
use zaun_store::{StoreError, Tx};

use super::content::Content;
use super::delete::Affected;
use super::history::{Window, finish_page};
use super::reactions;
use crate::limits::{IDS_PER_CALL, MENTIONS_PER_MESSAGE, PAGE};
use crate::peers::PeerRef;
use crate::rights::{self, Posting, Reading};
use crate::threads;
use crate::views::MessagePage;
use crate::{Actor, Changes, Error, Messenger, errors};

/// What waits for a user in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// Messages that mention the user, or answer it.
    Mentions,
    /// Reactions to messages of the user.
    Reactions,
}

impl Waiting {
    fn kind(self) -> i64 {
        match self {
            Waiting::Mentions => MENTION,
            Waiting::Reactions => REACTION,
        }
    }
}

/// `value` of a mention that was not seen yet.
const UNREAD: [u8; 1] = [1];

/// Says whether a mention was not seen yet.
#[must_use]
pub fn is_unread(mark: &MarkRow) -> bool {
    mark.value == UNREAD
}

/// Returns whom a message mentions: by name, by id, and by answering them. Only members of a group are called.
pub(crate) fn of(
    tx: &Tx<'_>,
    posting: &Posting,
    content: &Content,
    answered: Option<UserId>,
) -> Result<Vec<UserId>, Error> {
    let sender = posting.reading.viewer;
    if posting.is_post || posting.reading.peer.user().is_some() {
        return Ok(Vec::new());
    }
    let mut named: Vec<UserId> = answered.into_iter().collect();
    let mut names = BTreeSet::new();
    for entity in content.message.entities.iter().flatten() {
        match entity {
            Entity::MessageEntityMention(at) => {
                let name = slice(&content.text, at.offset, at.length);
                names.insert(name.trim_start_matches('@').to_lowercase());
            }
            Entity::MessageEntityMentionName(at) => named.push(UserId(at.user_id)),
            _ => {}
        }
    }
    for name in names.iter().take(MENTIONS_PER_MESSAGE) {
        if let Some(Peer::User(user)) = users::by_username(tx, name)? {
            named.push(user);
        }
    }
    named.sort_unstable();
    named.dedup();
    named.retain(|user| *user != sender);
    named.truncate(MENTIONS_PER_MESSAGE);
    if named.is_empty() {
        return Ok(named);
    }
    match posting.reading.peer {
        Peer::Chat(id) => {
            let pairs: Vec<_> = named.iter().map(|user| (id, *user)).collect();
            let members = chats::members_of(tx, &pairs)?.into_iter();
            Ok(members.filter(|row| row.status == chats::MEMBER).map(|row| row.user_id).collect())
        }
        Peer::Channel(id) => {
            let pairs: Vec<_> = named.iter().map(|user| (id, *user)).collect();
            let members = channels::members(tx, &pairs)?.into_iter();
            Ok(members.filter(|row| row.status == channels::MEMBER).map(|row| row.user_id).collect())
        }
        Peer::User(_) => Ok(Vec::new()),
    }
}

/// A part of a text; places are in UTF-16 code units.
fn slice(text: &str, offset: i32, length: i32) -> String {
    let (skip, take) = (usize::try_from(offset).unwrap_or(0), usize::try_from(length).unwrap_or(0));
    let units: Vec<u16> = text.encode_utf16().skip(skip).take(take).collect();
    String::from_utf16_lossy(&units)
}

/// Notes that a message mentions a user, where the user sees it.
pub(crate) fn call(
    tx: &Tx<'_>,
    user: UserId,
    content: &ContentRow,
    rows: &[MessageRow],
) -> Result<(), StoreError> {
    let mark = MarkRow {
        content_id: content.id,
        kind: MENTION,
        peer: Peer::User(user),
        position: 0,
        value: UNREAD.to_vec(),
        date: content.date,
        big: false,
    };
    marks::insert(tx, &mark)?;
    let seen = |row: &&MessageRow| row.box_id.user().is_none_or(|owner| owner == user);
    match rows.iter().find(seen) {
        Some(row) => marks::call_attention(tx, user, (row.peer, MENTION, row.id), content.id),
        None => Ok(()),
    }
}

impl Messenger {
    /// Returns messages of a conversation, or of one thread of it, that wait for the actor's attention, the newest
    /// first.
    pub async fn waiting(
        &self,
        actor: Actor,
        peer: PeerRef,
        (kind, thread): (Waiting, Option<MsgId>),
        offset_id: i32,
        limit: i32,
    ) -> Result<MessagePage, Error> {
        let limit = i64::from(limit).clamp(0, PAGE);
        self.read(actor.user_id, move |tx| {
            let (reading, thread) = place(tx, actor.user_id, peer, thread)?;
            let below = if offset_id > 0 { MsgId(offset_id) } else { MsgId::MAX };
            let place = (reading.peer, kind.kind());
            let found = marks::waiting(tx, actor.user_id, place, thread, below, limit)?;
            let ids: Vec<MsgId> = found.into_iter().map(|(id, _)| id).collect();
            let mut rows = messages::find_many(tx, reading.box_id, reading.peer, &ids)?;
            rows.retain(|row| reading.shows(row.id));
            rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.id));
            let mut page = finish_page(tx, &reading, rows, Window::NEWEST)?;
            let all = marks::count_waiting(tx, actor.user_id, &[reading.peer])?;
            let count = all.iter().find(|(_, found, _)| *found == kind.kind());
            (page.total, page.skipped) = (count.map_or(0, |(.., count)| *count), None);
            Ok(page)
        })
        .await
    }

    /// Attends to what waits in a conversation, a batch at a time: `offset` of the answer says whether there is more.
    pub async fn attend(
        &self,
        actor: Actor,
        peer: PeerRef,
        (kind, thread): (Waiting, Option<MsgId>),
    ) -> Result<Affected, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let (reading, thread) = place(changes.tx, actor.user_id, peer, thread)?;
            let place = (reading.peer, kind.kind());
            let found = marks::waiting(changes.tx, actor.user_id, place, thread, MsgId::MAX, PAGE)?;
            let ids: Vec<MsgId> = found.iter().map(|(id, _)| *id).collect();
            let pts = attend_to(changes, &reading, kind, &found)?;
            let full = i64::try_from(ids.len()).unwrap_or(0) >= PAGE;
            let offset = ids.last().filter(|_| full).map_or(0, |id| id.0);
            Ok(Affected { offset, ..pts })
        };
        Ok(self.change(actor, work).await?.value)
    }

    /// Marks the contents of messages of a channel as seen (G-314): what waited there does not any more.
    pub async fn read_channel_contents(
        &self,
        actor: Actor,
        channel: PeerRef,
        ids: Vec<MsgId>,
    ) -> Result<(), Error> {
        if ids.len() > IDS_PER_CALL {
            return Err(Error::bad(errors::MESSAGE_IDS_TOO_MUCH));
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let reading = rights::reading(changes.tx, actor.user_id, channel)?;
            let rows = messages::find_many(changes.tx, reading.box_id, reading.peer, &ids)?;
            see(changes, &reading, &rows)
        };
        self.change(actor, work).await.map(drop)
    }
}

/// The conversation that is asked about, and what `messages.thread_id` says of the thread.
fn place(
    tx: &Tx<'_>,
    viewer: UserId,
    peer: PeerRef,
    thread: Option<MsgId>,
) -> Result<(Reading, Option<MsgId>), Error> {
    match thread {
        Some(id) => {
            let of = threads::find(tx, viewer, peer, id)?;
            let column = of.column();
            Ok((of.reading, Some(column)))
        }
        None => Ok((rights::reading(tx, viewer, peer)?, None)),
    }
}

/// What waits at these messages was seen, mentions and reactions both.
pub(crate) fn see(
    changes: &mut Changes<'_, '_>,
    reading: &Reading,
    rows: &[MessageRow],
) -> Result<(), Error> {
    let seen: Vec<_> = rows.iter().map(|row| (row.id, row.content_id)).collect();
    attend_to(changes, reading, Waiting::Mentions, &seen)?;
    attend_to(changes, reading, Waiting::Reactions, &seen)?;
    Ok(())
}

/// Takes what waited from the list, and tells the user's other devices of mentions that were seen.
fn attend_to(
    changes: &mut Changes<'_, '_>,
    reading: &Reading,
    kind: Waiting,
    found: &[(MsgId, zaun_model::ContentId)],
) -> Result<Affected, Error> {
    let user = reading.viewer;
    let mut seen = Vec::new();
    for (id, content) in found {
        if marks::attend(changes.tx, user, (reading.peer, kind.kind()), Some(*id))? == 0 {
            continue;
        }
        seen.push(id.0);
        match kind {
            Waiting::Mentions => marks::see_mention(changes.tx, *content, Peer::User(user))?,
            Waiting::Reactions => {
                let rows = contents::find_many(changes.tx, &[*content])?;
                rows.first().map_or(Ok(()), |row| reactions::mark_read(changes.tx, row))?;
            }
        }
    }
    let box_id = reading.box_id;
    let pts = changes.pts(box_id)?;
    if seen.is_empty() || kind == Waiting::Reactions {
        return Ok(Affected::nothing(pts));
    }
    if let Peer::Channel(id) = reading.peer {
        let update = types::UpdateChannelReadMessagesContents {
            channel_id: id.0,
            messages: seen,
            ..types::UpdateChannelReadMessagesContents::default()
        };
        changes.hint_user(user, update.into());
        return Ok(Affected::nothing(pts));
    }
    let pts_count = i32::try_from(seen.len()).unwrap_or(i32::MAX);
    let pts = changes.log_event(BoxId::User(user), pts_count, |pts| {
        types::UpdateReadMessagesContents { messages: seen, pts, pts_count, date: None }.into()
    })?;
    Ok(Affected { pts, pts_count, offset: 0 })
}
