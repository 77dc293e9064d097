//! Lists of conversations: pages, pins, marks, drafts.

use zaun_schema::api::types::{DraftMessage, PeerNotifySettings};
use zaun_schema::api::{enums, types};
use zaun_store::Tx;
use zaun_store::repo::dialogs::{self, DialogRow};
use zaun_store::repo::messages::{self, MessageRow};
use zaun_store::repo::{PeerKey, updates};

use crate::limits::{PAGE, PINNED_DIALOGS};
use crate::messages::body;
use crate::peers::{UserRef, to_peer};
use crate::settings::{Scope, notify};
use crate::updates::State;
use crate::{Actor, Changes, Error, Messenger};

/// A conversation with what its line in the list shows.
#[derive(Debug, Clone)]
pub struct Dialog {
    /// The conversation.
    pub row: DialogRow,
    /// Its newest message.
    pub top: Option<MessageRow>,
    /// Its notification settings.
    pub notify: PeerNotifySettings,
    /// Its draft.
    pub draft: Option<DraftMessage>,
}

/// A page of the list.
#[derive(Debug, Clone)]
pub struct Page {
    /// The conversations.
    pub dialogs: Vec<Dialog>,
    /// How many there are altogether.
    pub total: usize,
}

/// Where a page begins: after this conversation.
#[derive(Debug, Clone, Copy, Default)]
pub struct Offset {
    /// Date of its newest message; 0 for the first page.
    pub date: i64,
    /// Id of its newest message.
    pub id: i32,
    /// The conversation.
    pub peer: Option<PeerKey>,
}

impl Messenger {
    /// A page of the list, newest first; pinned ones come first on the first page unless left out.
    pub async fn dialogs(
        &self,
        actor: Actor,
        offset: Offset,
        exclude_pinned: bool,
        limit: i32,
    ) -> Result<Page, Error> {
        let limit = usize::try_from(i64::from(limit).clamp(1, PAGE)).unwrap_or(1);
        self.read(move |tx| {
            let mut rows = visible(tx, actor.user_id)?;
            rows.sort_by_key(|d| d.pinned_order.map_or((1, 0), |order| (0, order)));
            rows.retain(|d| !(exclude_pinned && d.pinned_order.is_some()));
            let total = rows.len();
            if offset.date != 0 || offset.id != 0 {
                let peer = offset.peer.map_or(i64::MIN, |peer| peer.id);
                rows.retain(|d| {
                    d.pinned_order.is_none()
                        && (d.top_date, d.top_message, d.peer.id) < (offset.date, offset.id, peer)
                });
            }
            rows.truncate(limit);
            Ok(Page { dialogs: fill(tx, actor.user_id, rows)?, total })
        })
        .await
    }

    /// The pinned conversations, in their order.
    pub async fn pinned_dialogs(&self, actor: Actor) -> Result<(Vec<Dialog>, State), Error> {
        let now = self.now();
        self.read(move |tx| {
            let mut rows = visible(tx, actor.user_id)?;
            rows.retain(|d| d.pinned_order.is_some());
            rows.sort_by_key(|d| d.pinned_order);
            Ok((fill(tx, actor.user_id, rows)?, current(tx, actor.user_id, now)?))
        })
        .await
    }

    /// Conversations by name, whether they hold messages or not.
    pub async fn peer_dialogs(
        &self,
        actor: Actor,
        peers: Vec<UserRef>,
    ) -> Result<(Vec<Dialog>, State), Error> {
        let now = self.now();
        self.read(move |tx| {
            let mut rows = Vec::new();
            for peer in &peers {
                let peer = peer.chat(tx, actor.user_id)?;
                rows.push(dialogs::find(tx, actor.user_id, peer)?.unwrap_or_else(|| empty(peer)));
            }
            Ok((fill(tx, actor.user_id, rows)?, current(tx, actor.user_id, now)?))
        })
        .await
    }

    /// Pins or unpins a conversation.
    pub async fn pin_dialog(&self, actor: Actor, peer: UserRef, pinned: bool) -> Result<(), Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let peer = peer.chat(changes.tx, actor.user_id)?;
            let rows = dialogs::all(changes.tx, actor.user_id)?;
            let orders: Vec<i64> = rows.iter().filter_map(|d| d.pinned_order).collect();
            if pinned && orders.len() >= PINNED_DIALOGS {
                return Err(Error::bad("PINNED_DIALOGS_TOO_MUCH"));
            }
            // The newest pin goes to the top, so its place is below the lowest.
            let order = orders.iter().min().map_or(0, |lowest| lowest - 1);
            dialogs::ensure(changes.tx, actor.user_id, peer)?;
            dialogs::set_pinned(changes.tx, actor.user_id, peer, pinned.then_some(order))?;
            let peer = types::DialogPeer { peer: to_peer(peer) }.into();
            changes.hint(actor.user_id, types::UpdateDialogPinned { pinned, folder_id: None, peer }.into());
            Ok(())
        };
        self.change(actor, work).await.map(drop)
    }

    /// Marks a conversation as unread, or takes the mark away.
    pub async fn mark_dialog(&self, actor: Actor, peer: UserRef, unread: bool) -> Result<(), Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let peer = peer.chat(changes.tx, actor.user_id)?;
            dialogs::set_mark(changes.tx, actor.user_id, peer, unread)?;
            let peer = types::DialogPeer { peer: to_peer(peer) }.into();
            let update = types::UpdateDialogUnreadMark { unread, peer, saved_peer_id: None };
            changes.hint(actor.user_id, update.into());
            Ok(())
        };
        self.change(actor, work).await.map(drop)
    }

    /// Keeps a draft, or removes it.
    pub async fn save_draft(
        &self,
        actor: Actor,
        peer: UserRef,
        draft: Option<DraftMessage>,
    ) -> Result<(), Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let peer = peer.chat(changes.tx, actor.user_id)?;
            let date = i32::try_from(changes.now).unwrap_or(i32::MAX);
            let draft = draft.clone().map(|draft| DraftMessage { date, ..draft });
            set_draft(changes, actor.user_id, peer, draft)
        };
        self.change(actor, work).await.map(drop)
    }

    /// All drafts.
    pub async fn drafts(&self, actor: Actor) -> Result<Vec<(PeerKey, DraftMessage)>, Error> {
        self.read(move |tx| {
            let mut drafts = Vec::new();
            for row in dialogs::all(tx, actor.user_id)? {
                if let Some(bytes) = row.draft {
                    drafts.push((row.peer, body::decode(bytes)?));
                }
            }
            Ok(drafts)
        })
        .await
    }

    /// Removes all drafts.
    pub async fn clear_drafts(&self, actor: Actor) -> Result<(), Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            for row in dialogs::all(changes.tx, actor.user_id)? {
                if row.draft.is_some() {
                    set_draft(changes, actor.user_id, row.peer, None)?;
                }
            }
            Ok(())
        };
        self.change(actor, work).await.map(drop)
    }
}

/// Keeps or removes a draft inside a change, and tells the other devices.
pub(crate) fn set_draft(
    changes: &mut Changes<'_, '_>,
    owner: i64,
    peer: PeerKey,
    draft: Option<DraftMessage>,
) -> Result<(), Error> {
    let stored = draft.as_ref().map(body::encode).transpose()?;
    dialogs::ensure(changes.tx, owner, peer)?;
    dialogs::set_draft(changes.tx, owner, peer, stored.as_deref())?;
    let date = i32::try_from(changes.now).unwrap_or(i32::MAX);
    let draft = match draft {
        Some(draft) => enums::DraftMessage::from(draft),
        None => types::DraftMessageEmpty { date: Some(date) }.into(),
    };
    let update =
        types::UpdateDraftMessage { peer: to_peer(peer), top_msg_id: None, saved_peer_id: None, draft };
    changes.hint(owner, update.into());
    Ok(())
}

/// What the list shows: a conversation without messages exists only for its draft, and has no line.
fn visible(tx: &Tx<'_>, owner: i64) -> Result<Vec<DialogRow>, Error> {
    let mut rows = dialogs::all(tx, owner)?;
    rows.retain(|d| d.top_message > 0);
    Ok(rows)
}

fn fill(tx: &Tx<'_>, owner: i64, rows: Vec<DialogRow>) -> Result<Vec<Dialog>, Error> {
    let mut out = Vec::with_capacity(rows.len());
    for row in rows {
        let top = if row.top_message > 0 { messages::find(tx, owner, row.top_message)? } else { None };
        let notify = notify(tx, owner, Scope::Peer(row.peer))?;
        let draft = row.draft.clone().map(body::decode).transpose()?;
        out.push(Dialog { row, top, notify, draft });
    }
    Ok(out)
}

fn empty(peer: PeerKey) -> DialogRow {
    DialogRow {
        peer,
        top_message: 0,
        top_date: 0,
        read_inbox_max: 0,
        read_outbox_max: 0,
        unread_count: 0,
        unread_mark: false,
        pinned_order: None,
        draft: None,
    }
}

fn current(tx: &Tx<'_>, owner: i64, now: i64) -> Result<State, Error> {
    let unread_count = dialogs::total_unread(tx, owner)?;
    Ok(State { pts: updates::pts(tx, owner)?, date: now, unread_count })
}
