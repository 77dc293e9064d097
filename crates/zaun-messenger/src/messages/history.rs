//! Pages of a history, by all the offset rules.

use zaun_schema::api::enums::MessageReplyHeader;
use zaun_store::Tx;
use zaun_store::repo::PeerKey;
use zaun_store::repo::messages::{self, MessageRow};

use super::body::Content;
use crate::limits::{IDS_PER_CALL, PAGE};
use crate::peers::UserRef;
use crate::{Actor, Error, Messenger};

/// Which page: messages are numbered from the newest; the page begins at the first one older than `offset_id` (or
/// `offset_date`, or at the newest), moved by `add_offset`, where a negative one moves towards newer messages.
/// `max_id` and `min_id` cut off what is not below and above them; 0 means no limit.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Page begins below this id.
    pub offset_id: i32,
    /// Or before this date, if no id is given.
    pub offset_date: i32,
    /// Moves the page.
    pub add_offset: i32,
    /// Length of the page.
    pub limit: i32,
    /// Only ids below.
    pub max_id: i32,
    /// Only ids above.
    pub min_id: i32,
    /// Only ids in here, both ends included, and only these are counted.
    pub range: (i32, i32),
}

/// A page of messages, newest first.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The messages.
    pub messages: Vec<MessageRow>,
    /// How many the whole list holds.
    pub total: i32,
    /// How many are newer than the first of the page.
    pub skipped: i32,
}

impl Messenger {
    /// A page of a conversation.
    pub async fn history(&self, actor: Actor, peer: UserRef, window: Window) -> Result<Page, Error> {
        self.read(move |tx| {
            let peer = peer.chat(tx, actor.user_id)?;
            let messages = page(tx, actor.user_id, peer, window)?;
            let newest = messages.first().map_or(i32::MAX, |row| row.id);
            let count = |from: i32| messages::count(tx, actor.user_id, peer, (from, window.range.1));
            Ok(Page { total: count(window.range.0)?, skipped: count(newest.saturating_add(1))?, messages })
        })
        .await
    }

    /// Messages of the actor's box; `None` for those that are not there.
    pub async fn messages_by_id(
        &self,
        actor: Actor,
        named: Vec<Named>,
    ) -> Result<Vec<(i32, Option<MessageRow>)>, Error> {
        if named.len() > IDS_PER_CALL * 2 {
            return Err(Error::bad("MESSAGE_IDS_TOO_MUCH"));
        }
        self.read(move |tx| named.iter().map(|named| find(tx, actor.user_id, *named)).collect()).await
    }
}

/// How a client names a message of its box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// By its id.
    Id(i32),
    /// As the one that this message answers.
    AnsweredBy(i32),
}

fn find(tx: &Tx<'_>, owner: i64, named: Named) -> Result<(i32, Option<MessageRow>), Error> {
    let id = match named {
        Named::Id(id) => id,
        Named::AnsweredBy(id) => {
            let answer = messages::find(tx, owner, id)?.map(|row| Content::of(&row)).transpose()?;
            match answer.and_then(|content| content.message.reply_to) {
                Some(MessageReplyHeader::MessageReplyHeader(header)) => header.reply_to_msg_id.unwrap_or(0),
                _ => 0,
            }
        }
    };
    Ok((id, messages::find(tx, owner, id)?))
}

/// Half of the window towards newer messages, then the half towards older ones.
fn page(tx: &Tx<'_>, owner: i64, peer: PeerKey, w: Window) -> Result<Vec<MessageRow>, Error> {
    let limit = i64::from(w.limit).clamp(0, PAGE);
    let low = w.min_id.max(0).saturating_add(1).max(w.range.0);
    let high = if w.max_id > 0 { w.max_id - 1 } else { i32::MAX }.min(w.range.1);
    let start = match (w.offset_id, w.offset_date) {
        (id, _) if id > 0 => id,
        (_, date) if date > 0 => messages::last_before(tx, owner, peer, i64::from(date))? + 1,
        _ => i32::MAX,
    };
    let (ahead, skip) = (-i64::from(w.add_offset.min(0)), i64::from(w.add_offset.max(0)));
    let mut rows = Vec::new();
    if ahead > 0 {
        rows = messages::oldest(tx, owner, peer, (start.max(low), high), ahead.min(10 * PAGE))?;
        rows.reverse();
        rows.truncate(usize::try_from(limit).unwrap_or(0));
    }
    let left = limit - i64::try_from(rows.len()).unwrap_or(limit);
    if left > 0 {
        let below = high.min(start.saturating_sub(1).max(i32::from(start == i32::MAX) * i32::MAX));
        rows.extend(messages::newest(tx, owner, peer, (low, below), skip, left)?);
    }
    Ok(rows)
}
