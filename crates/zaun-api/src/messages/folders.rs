//! Folders. Peers are kept without access hashes, which are filled in for the caller.

use zaun_messenger::peers::PeerRef;
use zaun_messenger::{Error, errors};
use zaun_model::Peer;
use zaun_schema::api::{enums, functions, types};

use crate::Call;

/// Checks the peers of a folder, and takes their access hashes away.
fn without_hashes(call: &Call, peers: &[enums::InputPeer]) -> Result<Vec<enums::InputPeer>, Error> {
    let bare = |peer: &enums::InputPeer| match call.peer(peer)? {
        PeerRef::Known(peer) => Ok(input_peer(peer, 0, 0)),
        PeerRef::Met(_) | PeerRef::Seen { .. } => Err(Error::bad(errors::PEER_ID_INVALID)),
    };
    peers.iter().map(bare).collect()
}

fn input_peer(peer: Peer, user_hash: i64, channel_hash: i64) -> enums::InputPeer {
    match peer {
        Peer::User(id) => types::InputPeerUser { user_id: id.0, access_hash: user_hash }.into(),
        Peer::Chat(id) => types::InputPeerChat { chat_id: id.0 }.into(),
        Peer::Channel(id) => types::InputPeerChannel { channel_id: id.0, access_hash: channel_hash }.into(),
    }
}

fn with_hashes(call: &Call, peers: &mut [enums::InputPeer]) {
    let (access, viewer) = (&call.messenger().access, call.user_id);
    for peer in peers {
        match peer {
            enums::InputPeer::InputPeerUser(user) => {
                user.access_hash = access.user(viewer, zaun_model::UserId(user.user_id));
            }
            enums::InputPeer::InputPeerChannel(channel) => {
                channel.access_hash = access.channel(viewer, zaun_model::ChannelId(channel.channel_id));
            }
            _ => {}
        }
    }
}

/// messages.getDialogFilters
pub(crate) async fn get_dialog_filters(
    call: Call,
    _: functions::messages::GetDialogFilters,
) -> Result<enums::messages::DialogFilters, Error> {
    let mut folders = call.messenger().folders(call.actor()).await?;
    for folder in &mut folders.filters {
        if let enums::DialogFilter::DialogFilter(folder) = folder {
            with_hashes(&call, &mut folder.pinned_peers);
            with_hashes(&call, &mut folder.include_peers);
            with_hashes(&call, &mut folder.exclude_peers);
        }
    }
    Ok(folders)
}

/// messages.updateDialogFilter
pub(crate) async fn update_dialog_filter(
    call: Call,
    r: functions::messages::UpdateDialogFilter,
) -> Result<bool, Error> {
    let folder = match r.filter {
        None => None,
        Some(enums::DialogFilter::DialogFilter(folder)) => Some(types::DialogFilter {
            pinned_peers: without_hashes(&call, &folder.pinned_peers)?,
            include_peers: without_hashes(&call, &folder.include_peers)?,
            exclude_peers: without_hashes(&call, &folder.exclude_peers)?,
            ..*folder
        }),
        Some(enums::DialogFilter::DialogFilterDefault) => return Err(Error::bad(errors::FILTER_ID_INVALID)),
        Some(enums::DialogFilter::DialogFilterChatlist(_)) => {
            return Err(Error::bad(errors::FILTER_NOT_SUPPORTED));
        }
    };
    call.messenger().set_folder(call.actor(), r.id, folder).await?;
    Ok(true)
}

/// messages.updateDialogFiltersOrder
pub(crate) async fn update_dialog_filters_order(
    call: Call,
    r: functions::messages::UpdateDialogFiltersOrder,
) -> Result<bool, Error> {
    call.messenger().order_folders(call.actor(), r.order).await?;
    Ok(true)
}

/// messages.toggleDialogFilterTags
pub(crate) async fn toggle_dialog_filter_tags(
    call: Call,
    r: functions::messages::ToggleDialogFilterTags,
) -> Result<bool, Error> {
    call.messenger().set_folder_tags(call.actor(), r.enabled).await?;
    Ok(true)
}
