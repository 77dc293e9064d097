//! The list of conversations.

use std::collections::BTreeSet;

use zaun_messenger::dialogs::{Dialog, Offset};
use zaun_messenger::peers::{UserRef, to_peer};
use zaun_messenger::updates::State;
use zaun_messenger::{Error, PeerKey};
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::to_tl;

/// Lines of the list with the messages and users that they show.
struct Lines {
    dialogs: Vec<enums::Dialog>,
    messages: Vec<enums::Message>,
    users: Vec<enums::User>,
}

async fn lines(call: &Call, dialogs: Vec<Dialog>) -> Result<Lines, Error> {
    let view = call.view();
    let (mut ids, mut messages, mut out) = (BTreeSet::new(), Vec::new(), Vec::new());
    for dialog in dialogs {
        if dialog.row.peer.kind == 1 {
            ids.insert(dialog.row.peer.id);
        }
        if let Some(row) = &dialog.top {
            let message = to_tl::message(view, row)?;
            to_tl::message_users(&message, &mut ids);
            messages.push(message);
        }
        let line = types::Dialog {
            pinned: dialog.row.pinned_order.is_some(),
            unread_mark: dialog.row.unread_mark,
            peer: to_peer(dialog.row.peer),
            top_message: dialog.row.top_message,
            read_inbox_max_id: dialog.row.read_inbox_max,
            read_outbox_max_id: dialog.row.read_outbox_max,
            unread_count: dialog.row.unread_count,
            notify_settings: dialog.notify,
            draft: dialog.draft.map(Into::into),
            ..types::Dialog::default()
        };
        out.push(line.into());
    }
    Ok(Lines { dialogs: out, messages, users: view.users(ids).await? })
}

/// The conversation that a page begins after. It only names a place in the actor's own list, and TDLib sends it
/// without an access hash, so none is asked for.
fn place(peer: &enums::InputPeer, viewer: i64) -> Option<PeerKey> {
    match peer {
        enums::InputPeer::InputPeerSelf => Some(PeerKey::user(viewer)),
        enums::InputPeer::InputPeerUser(user) => Some(PeerKey::user(user.user_id)),
        enums::InputPeer::InputPeerUserFromMessage(user) => Some(PeerKey::user(user.user_id)),
        _ => None,
    }
}

async fn peer_dialogs(
    call: &Call,
    dialogs: Vec<Dialog>,
    state: State,
) -> Result<enums::messages::PeerDialogs, Error> {
    let lines = lines(call, dialogs).await?;
    Ok(types::messages::PeerDialogs {
        dialogs: lines.dialogs,
        messages: lines.messages,
        chats: Vec::new(),
        users: lines.users,
        state: to_tl::state(state),
    })
}

/// messages.getDialogs; folder 1 (the archive) is empty.
pub(crate) async fn get_dialogs(
    call: Call,
    r: functions::messages::GetDialogs,
) -> Result<enums::messages::Dialogs, Error> {
    if r.folder_id.is_some_and(|folder| folder != 0) {
        return Ok(types::messages::Dialogs::default().into());
    }
    let offset =
        Offset { date: i64::from(r.offset_date), id: r.offset_id, peer: place(&r.offset_peer, call.user_id) };
    let page = call.messenger().dialogs(call.actor(), offset, r.exclude_pinned, r.limit).await?;
    let lines = lines(&call, page.dialogs).await?;
    let (dialogs, messages, users) = (lines.dialogs, lines.messages, lines.users);
    let chats = Vec::new();
    Ok(if dialogs.len() == page.total {
        types::messages::Dialogs { dialogs, messages, chats, users }.into()
    } else {
        let count = i32::try_from(page.total).unwrap_or(i32::MAX);
        types::messages::DialogsSlice { count, dialogs, messages, chats, users }.into()
    })
}

fn input(call: &Call, peer: &enums::InputDialogPeer) -> Result<UserRef, Error> {
    match peer {
        enums::InputDialogPeer::InputDialogPeer(peer) => {
            call.messenger().input_peer(call.user_id, &peer.peer)
        }
        enums::InputDialogPeer::InputDialogPeerFolder(_) => Err(Error::bad("FOLDER_ID_INVALID")),
        enums::InputDialogPeer::InputDialogPeerCommunity(_) => Err(Error::bad("PEER_ID_INVALID")),
    }
}

/// messages.getPeerDialogs
pub(crate) async fn get_peer_dialogs(
    call: Call,
    r: functions::messages::GetPeerDialogs,
) -> Result<enums::messages::PeerDialogs, Error> {
    let peers: Result<Vec<_>, _> = r.peers.iter().map(|peer| input(&call, peer)).collect();
    let (dialogs, state) = call.messenger().peer_dialogs(call.actor(), peers?).await?;
    peer_dialogs(&call, dialogs, state).await
}

/// messages.getPinnedDialogs; nothing is pinned in the archive.
pub(crate) async fn get_pinned_dialogs(
    call: Call,
    r: functions::messages::GetPinnedDialogs,
) -> Result<enums::messages::PeerDialogs, Error> {
    let (mut dialogs, state) = call.messenger().pinned_dialogs(call.actor()).await?;
    if r.folder_id != 0 {
        dialogs.clear();
    }
    peer_dialogs(&call, dialogs, state).await
}

/// messages.toggleDialogPin
pub(crate) async fn toggle_dialog_pin(
    call: Call,
    r: functions::messages::ToggleDialogPin,
) -> Result<bool, Error> {
    call.messenger().pin_dialog(call.actor(), input(&call, &r.peer)?, r.pinned).await?;
    Ok(true)
}

/// messages.markDialogUnread
pub(crate) async fn mark_dialog_unread(
    call: Call,
    r: functions::messages::MarkDialogUnread,
) -> Result<bool, Error> {
    call.messenger().mark_dialog(call.actor(), input(&call, &r.peer)?, r.unread).await?;
    Ok(true)
}

/// messages.getDialogFilters: nobody has made a folder yet, so there is the one that holds everything.
pub(crate) async fn get_dialog_filters(
    _: Call,
    _: functions::messages::GetDialogFilters,
) -> Result<enums::messages::DialogFilters, Error> {
    let filters = vec![enums::DialogFilter::DialogFilterDefault];
    Ok(types::messages::DialogFilters { tags_enabled: false, filters })
}
