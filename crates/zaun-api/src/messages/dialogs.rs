//! The list of conversations.

use zaun_messenger::dialogs::Offset;
use zaun_messenger::peers::{PeerRef, peer_to_tl};
use zaun_messenger::updates::State;
use zaun_messenger::views::{DialogLine, DialogLines};
use zaun_messenger::{Error, errors};
use zaun_model::{MsgId, UnixTime};
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::from_tl::place_in_list;
use crate::to_tl::{self, Lists};

/// Returns a line of the list.
pub(crate) fn dialog(line: DialogLine) -> enums::Dialog {
    let row = line.row;
    types::Dialog {
        pinned: row.pinned_order.is_some(),
        unread_mark: row.unread_mark,
        peer: peer_to_tl(row.peer),
        top_message: row.top_id.0,
        read_inbox_max_id: row.read_inbox.0,
        read_outbox_max_id: row.read_outbox.0,
        unread_count: row.unread,
        unread_mentions_count: line.unread_mentions,
        unread_reactions_count: line.unread_reactions,
        notify_settings: line.notify,
        pts: line.channel_pts,
        draft: line.draft.map(Into::into),
        folder_id: Some(row.folder_id).filter(|folder| *folder != 0),
        ..types::Dialog::default()
    }
    .into()
}

/// Lines of the list with the messages that they show.
fn lines(call: &Call, page: DialogLines) -> (Vec<enums::Dialog>, Vec<enums::Message>, Lists) {
    let view = call.view(&page.scene);
    let tops = page.lines.iter().filter_map(|line| line.top.as_ref());
    let messages = tops.map(|message| to_tl::message(view, message)).collect();
    let lists = view.lists();
    (page.lines.into_iter().map(dialog).collect(), messages, lists)
}

fn peer_dialogs(call: &Call, (page, state): (DialogLines, State)) -> enums::messages::PeerDialogs {
    let (dialogs, messages, Lists { users, chats }) = lines(call, page);
    types::messages::PeerDialogs { dialogs, messages, chats, users, state: to_tl::state(state) }
}

/// messages.getDialogs; folder 1 is the archive.
pub(crate) async fn get_dialogs(
    call: Call,
    r: functions::messages::GetDialogs,
) -> Result<enums::messages::Dialogs, Error> {
    let offset = Offset {
        date: UnixTime(i64::from(r.offset_date)),
        id: MsgId(r.offset_id),
        peer: place_in_list(&r.offset_peer, call.user_id),
    };
    let folder = r.folder_id.unwrap_or(0);
    let found = call.messenger().dialogs(call.actor(), folder, offset, r.exclude_pinned, r.limit).await?;
    let count = found.total;
    let (dialogs, messages, Lists { users, chats }) = lines(&call, found.page);
    Ok(if usize::try_from(count).is_ok_and(|count| count == dialogs.len()) {
        types::messages::Dialogs { dialogs, messages, chats, users }.into()
    } else {
        types::messages::DialogsSlice { count, dialogs, messages, chats, users }.into()
    })
}

fn dialog_peer(call: &Call, peer: &enums::InputDialogPeer) -> Result<PeerRef, Error> {
    match peer {
        enums::InputDialogPeer::InputDialogPeer(peer) => call.peer(&peer.peer),
        enums::InputDialogPeer::InputDialogPeerFolder(_) => Err(Error::bad(errors::FOLDER_ID_INVALID)),
        enums::InputDialogPeer::InputDialogPeerCommunity(_) => Err(Error::bad(errors::PEER_ID_INVALID)),
    }
}

/// messages.getPeerDialogs
pub(crate) async fn get_peer_dialogs(
    call: Call,
    r: functions::messages::GetPeerDialogs,
) -> Result<enums::messages::PeerDialogs, Error> {
    let peers: Result<Vec<_>, _> = r.peers.iter().map(|peer| dialog_peer(&call, peer)).collect();
    Ok(peer_dialogs(&call, call.messenger().peer_dialogs(call.actor(), peers?).await?))
}

/// messages.getPinnedDialogs
pub(crate) async fn get_pinned_dialogs(
    call: Call,
    r: functions::messages::GetPinnedDialogs,
) -> Result<enums::messages::PeerDialogs, Error> {
    Ok(peer_dialogs(&call, call.messenger().pinned_dialogs(call.actor(), r.folder_id).await?))
}

/// messages.toggleDialogPin
pub(crate) async fn toggle_dialog_pin(
    call: Call,
    r: functions::messages::ToggleDialogPin,
) -> Result<bool, Error> {
    call.messenger().pin_dialog(call.actor(), dialog_peer(&call, &r.peer)?, r.pinned).await?;
    Ok(true)
}

/// messages.reorderPinnedDialogs
pub(crate) async fn reorder_pinned_dialogs(
    call: Call,
    r: functions::messages::ReorderPinnedDialogs,
) -> Result<bool, Error> {
    let order: Result<Vec<_>, Error> = r.order.iter().map(|peer| dialog_peer(&call, peer)).collect();
    call.messenger().reorder_pinned_dialogs(call.actor(), r.folder_id, order?, r.force).await?;
    Ok(true)
}

/// messages.markDialogUnread
pub(crate) async fn mark_dialog_unread(
    call: Call,
    r: functions::messages::MarkDialogUnread,
) -> Result<bool, Error> {
    call.messenger().mark_dialog(call.actor(), dialog_peer(&call, &r.peer)?, r.unread).await?;
    Ok(true)
}
