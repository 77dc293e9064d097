//! Editing and deleting.

use std::collections::{BTreeMap, BTreeSet};

use zaun_schema::api::{enums, types};
use zaun_store::repo::messages::{self, MessageRow};
use zaun_store::repo::{PeerKey, dialogs, updates};

use super::body::Content;
use super::send;
use crate::limits::{DELETE_BATCH, EDIT_TIME_S, IDS_PER_CALL};
use crate::peers::UserRef;
use crate::{Actor, Changes, Error, Event, Messenger};

/// What an edit changes; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    /// New text, with its entities.
    pub text: Option<(String, Option<Vec<enums::MessageEntity>>)>,
    /// New media.
    pub media: Option<enums::MessageMedia>,
    /// New buttons.
    pub reply_markup: Option<enums::ReplyMarkup>,
}

/// pts after a change, how many events it counted for, and how much is left to do (M-362).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Affected {
    /// pts of the actor's box.
    pub pts: i32,
    /// Events of the actor's box.
    pub pts_count: i32,
    /// More than 0 if the call has to be repeated.
    pub offset: i32,
}

impl Messenger {
    /// Edits a message of one's own, for both sides.
    pub async fn edit(
        &self,
        actor: Actor,
        peer: UserRef,
        id: i32,
        mut edit: Edit,
    ) -> Result<Vec<Event>, Error> {
        if let Some((text, entities)) = edit.text.take() {
            let message = types::Message { entities, ..types::Message::default() };
            let mut content = Content { text, message };
            self.settle_entities(actor.user_id, &mut content)?;
            edit.text = Some((content.text, content.message.entities));
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let peer = peer.chat(changes.tx, actor.user_id)?;
            let row = messages::find(changes.tx, actor.user_id, id)?.filter(|row| row.peer == peer);
            let row = row.ok_or_else(|| Error::bad("MESSAGE_ID_INVALID"))?;
            let content = edited(&row, actor.user_id, changes.now, &edit)?;
            rewrite(changes, &row, &content)?;
            if let Some(pair) = pair(changes, &row)? {
                // The other side's reply header refers to its own box.
                let theirs = Content::of(&pair)?;
                let message = types::Message { reply_to: theirs.message.reply_to, ..content.message.clone() };
                rewrite(changes, &pair, &Content { text: content.text.clone(), message })?;
            }
            Ok(())
        };
        Ok(self.change(actor, work).await?.1)
    }

    /// Deletes messages of the actor's box, and with `revoke` from the other side's too.
    pub async fn delete_messages(
        &self,
        actor: Actor,
        ids: Vec<i32>,
        revoke: bool,
    ) -> Result<Affected, Error> {
        if ids.len() > IDS_PER_CALL {
            return Err(Error::bad("MESSAGE_IDS_TOO_MUCH"));
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let mut rows = Vec::new();
            for id in ids.iter().collect::<BTreeSet<_>>() {
                rows.extend(messages::find(changes.tx, actor.user_id, *id)?);
            }
            remove(changes, actor.user_id, rows, revoke)
        };
        Ok(self.change(actor, work).await?.0)
    }

    /// Deletes a history, newest first, a batch at a time; without `just_clear` the conversation leaves the list.
    pub async fn delete_history(
        &self,
        actor: Actor,
        peer: UserRef,
        max_id: i32,
        just_clear: bool,
        revoke: bool,
    ) -> Result<Affected, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let peer = peer.chat(changes.tx, actor.user_id)?;
            let top = if max_id > 0 { max_id } else { i32::MAX };
            let rows = messages::newest(changes.tx, actor.user_id, peer, (1, top), 0, DELETE_BATCH)?;
            let lowest = rows.last().map_or(0, |row| row.id);
            let left = if lowest > 1 {
                messages::oldest(changes.tx, actor.user_id, peer, (1, lowest - 1), 1)?.len()
            } else {
                0
            };
            let affected = remove(changes, actor.user_id, rows, revoke)?;
            if left == 0 && !just_clear && max_id == 0 {
                dialogs::delete(changes.tx, actor.user_id, peer)?;
            }
            Ok(Affected { offset: if left > 0 { lowest } else { 0 }, ..affected })
        };
        Ok(self.change(actor, work).await?.0)
    }
}

/// The content after an edit, if the actor may make it.
fn edited(row: &MessageRow, actor: i64, now: i64, edit: &Edit) -> Result<Content, Error> {
    let mut content = Content::of(row)?;
    if row.from_id != actor || content.message.fwd_from.is_some() {
        return Err(Error::refused(403, "MESSAGE_AUTHOR_REQUIRED"));
    }
    let to_self = row.peer == PeerKey::user(actor);
    if !to_self && now - row.date > EDIT_TIME_S {
        return Err(Error::bad("MESSAGE_EDIT_TIME_EXPIRED"));
    }
    let before = content.clone();
    if let Some((text, entities)) = &edit.text {
        content.text.clone_from(text);
        content.message.entities.clone_from(entities);
    }
    if let Some(media) = &edit.media {
        content.message.media = Some(media.clone());
    }
    content.message.reply_markup.clone_from(&edit.reply_markup);
    send::check(&content)?;
    if content == before { Err(Error::bad("MESSAGE_NOT_MODIFIED")) } else { Ok(content) }
}

fn rewrite(changes: &mut Changes<'_, '_>, row: &MessageRow, content: &Content) -> Result<(), Error> {
    changes.edit_message(MessageRow {
        edit_date: Some(changes.now),
        media_kind: content.media_kind(),
        text: content.text.clone(),
        body: content.encode()?,
        ..row.clone()
    })
}

/// The same message in the other party's box, if it is still there.
pub(crate) fn pair(changes: &Changes<'_, '_>, row: &MessageRow) -> Result<Option<MessageRow>, Error> {
    let Some(id) = row.pair_id else { return Ok(None) };
    Ok(messages::find(changes.tx, row.peer.id, id)?)
}

/// Removes rows (all of one owner) and with `revoke` their pairs, tells everybody, mends the lists.
fn remove(
    changes: &mut Changes<'_, '_>,
    owner: i64,
    rows: Vec<MessageRow>,
    revoke: bool,
) -> Result<Affected, Error> {
    let mut by_owner: BTreeMap<i64, Vec<MessageRow>> = BTreeMap::new();
    for row in rows {
        if revoke && let Some(pair) = pair(changes, &row)? {
            by_owner.entry(pair.owner_id).or_default().push(pair);
        }
        by_owner.entry(row.owner_id).or_default().push(row);
    }
    let mut affected = Affected { pts: updates::pts(changes.tx, owner)?, pts_count: 0, offset: 0 };
    for (box_owner, rows) in by_owner {
        let (pts, pts_count) = remove_from_box(changes, box_owner, &rows)?;
        if box_owner == owner {
            affected = Affected { pts, pts_count, offset: 0 };
        }
    }
    Ok(affected)
}

fn remove_from_box(
    changes: &mut Changes<'_, '_>,
    owner: i64,
    rows: &[MessageRow],
) -> Result<(i32, i32), Error> {
    for row in rows {
        messages::delete(changes.tx, owner, row.id)?;
    }
    for peer in rows.iter().map(|row| row.peer).collect::<BTreeSet<_>>() {
        mend_dialog(changes, owner, peer)?;
    }
    let ids: Vec<i32> = rows.iter().map(|row| row.id).collect();
    let pts_count = i32::try_from(ids.len()).unwrap_or(i32::MAX);
    let pts = changes.log_event(owner, pts_count, |pts| {
        types::UpdateDeleteMessages { messages: ids, pts, pts_count }.into()
    })?;
    Ok((pts, pts_count))
}

/// The newest message and the number of unread ones, after something went away.
fn mend_dialog(changes: &Changes<'_, '_>, owner: i64, peer: PeerKey) -> Result<(), Error> {
    let Some(dialog) = dialogs::find(changes.tx, owner, peer)? else { return Ok(()) };
    let newest = messages::newest(changes.tx, owner, peer, (1, i32::MAX), 0, 1)?;
    let (top, date) = newest.first().map_or((0, dialog.top_date), |row| (row.id, row.date));
    dialogs::set_top(changes.tx, owner, peer, top, date)?;
    let unread = messages::count_unread(changes.tx, owner, peer, dialog.read_inbox_max)?;
    dialogs::set_unread(changes.tx, owner, peer, unread)?;
    Ok(())
}
