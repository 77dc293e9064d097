//! Saved Messages as a list of conversations.

use zaun_messenger::messages::history::Window;
use zaun_messenger::messages::saved::{Emptied, SavedPage};
use zaun_messenger::peers::peer_to_tl;
use zaun_messenger::{Error, errors};
use zaun_model::{MsgId, Peer, UnixTime};
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::from_tl::place_in_list;
use crate::messages::{affected_history, page};
use crate::to_tl::{self, Lists};

/// Reads a conversation of Saved Messages. It only names a part of the actor's own, so no access hash is asked for.
fn place(call: &Call, peer: &enums::InputPeer) -> Result<Peer, Error> {
    place_in_list(peer, call.user_id).ok_or_else(|| Error::bad(errors::PEER_ID_INVALID))
}

fn dialog_place(call: &Call, peer: &enums::InputDialogPeer) -> Result<Peer, Error> {
    match peer {
        enums::InputDialogPeer::InputDialogPeer(peer) => place(call, &peer.peer),
        _ => Err(Error::bad(errors::PEER_ID_INVALID)),
    }
}

/// There are no channels with direct messages, whose conversations are listed by the same methods.
fn refuse_parent(parent: Option<&enums::InputPeer>) -> Result<(), Error> {
    parent.map_or(Ok(()), |_| Err(Error::bad(errors::PARENT_PEER_INVALID)))
}

fn saved_dialogs(call: &Call, found: SavedPage) -> enums::messages::SavedDialogs {
    let view = call.view(&found.scene);
    let messages = found.lines.iter().map(|(_, top)| to_tl::message(view, top)).collect();
    let Lists { users, chats } = view.lists();
    let dialogs: Vec<enums::SavedDialog> = found
        .lines
        .iter()
        .map(|(row, _)| {
            let (peer, top_message) = (peer_to_tl(row.peer), row.top_id.0);
            types::SavedDialog { pinned: row.pinned_order.is_some(), peer, top_message }.into()
        })
        .collect();
    let count = found.total;
    if usize::try_from(count).is_ok_and(|count| count <= dialogs.len()) {
        types::messages::SavedDialogs { dialogs, messages, chats, users }.into()
    } else {
        types::messages::SavedDialogsSlice { count, dialogs, messages, chats, users }.into()
    }
}

/// messages.getSavedDialogs
pub(crate) async fn get_saved_dialogs(
    call: Call,
    r: functions::messages::GetSavedDialogs,
) -> Result<enums::messages::SavedDialogs, Error> {
    refuse_parent(r.parent_peer.as_ref())?;
    let offset = (UnixTime(i64::from(r.offset_date)), MsgId(r.offset_id));
    let found = call.messenger().saved_dialogs(call.actor(), offset, r.exclude_pinned, r.limit).await?;
    Ok(saved_dialogs(&call, found))
}

/// messages.getPinnedSavedDialogs
pub(crate) async fn get_pinned_saved_dialogs(
    call: Call,
    _: functions::messages::GetPinnedSavedDialogs,
) -> Result<enums::messages::SavedDialogs, Error> {
    let found = call.messenger().pinned_saved_dialogs(call.actor()).await?;
    Ok(saved_dialogs(&call, found))
}

/// messages.getSavedDialogsByID
pub(crate) async fn get_saved_dialogs_by_id(
    call: Call,
    r: functions::messages::GetSavedDialogsByID,
) -> Result<enums::messages::SavedDialogs, Error> {
    refuse_parent(r.parent_peer.as_ref())?;
    let peers: Result<Vec<Peer>, Error> = r.ids.iter().map(|peer| place(&call, peer)).collect();
    let found = call.messenger().saved_dialogs_by_id(call.actor(), peers?).await?;
    Ok(saved_dialogs(&call, found))
}

/// messages.getSavedHistory
pub(crate) async fn get_saved_history(
    call: Call,
    r: functions::messages::GetSavedHistory,
) -> Result<enums::messages::Messages, Error> {
    refuse_parent(r.parent_peer.as_ref())?;
    let from = place(&call, &r.peer)?;
    let window = Window {
        offset_id: r.offset_id,
        offset_date: r.offset_date,
        add_offset: r.add_offset,
        limit: r.limit,
        max_id: r.max_id,
        min_id: r.min_id,
        range: call.range,
        thread: None,
        saved: Some(from),
    };
    Ok(page(&call, &call.messenger().saved_history(call.actor(), from, window).await?))
}

/// messages.deleteSavedHistory
pub(crate) async fn delete_saved_history(
    call: Call,
    r: functions::messages::DeleteSavedHistory,
) -> Result<enums::messages::AffectedHistory, Error> {
    refuse_parent(r.parent_peer.as_ref())?;
    let date = |date: i32| UnixTime(i64::from(date));
    let what =
        Emptied { max_id: MsgId(r.max_id), min_date: r.min_date.map(date), max_date: r.max_date.map(date) };
    let from = place(&call, &r.peer)?;
    call.messenger().delete_saved_history(call.actor(), from, what).await.map(affected_history)
}

/// messages.toggleSavedDialogPin
pub(crate) async fn toggle_saved_dialog_pin(
    call: Call,
    r: functions::messages::ToggleSavedDialogPin,
) -> Result<bool, Error> {
    let peer = dialog_place(&call, &r.peer)?;
    call.messenger().pin_saved_dialog(call.actor(), peer, r.pinned).await?;
    Ok(true)
}

/// messages.reorderPinnedSavedDialogs
pub(crate) async fn reorder_pinned_saved_dialogs(
    call: Call,
    r: functions::messages::ReorderPinnedSavedDialogs,
) -> Result<bool, Error> {
    let order: Result<Vec<Peer>, Error> = r.order.iter().map(|peer| dialog_place(&call, peer)).collect();
    call.messenger().reorder_saved_dialogs(call.actor(), order?, r.force).await?;
    Ok(true)
}
