//! What a conversation offers above its messages.

use std::collections::BTreeSet;

use zaun_messenger::Error;
use zaun_messenger::users::UserView;
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::to_tl;

/// Adding a stranger as a contact is offered; blocking and reporting do not exist yet.
pub(crate) fn peer_settings(seen: &UserView) -> types::PeerSettings {
    let stranger = !seen.is_self && seen.contact.is_none() && seen.user.id != zaun_messenger::SERVICE_USER;
    types::PeerSettings { add_contact: stranger, ..types::PeerSettings::default() }
}

/// messages.getPeerSettings
pub(crate) async fn get_peer_settings(
    call: Call,
    r: functions::messages::GetPeerSettings,
) -> Result<enums::messages::PeerSettings, Error> {
    let viewer = call.user_id;
    let peer = call.messenger().input_peer(viewer, &r.peer)?;
    let id = call.messenger().read(move |tx| peer.resolve(tx, viewer)).await?;
    let seen = call.messenger().users(viewer, BTreeSet::from([id])).await?;
    let settings = seen.first().map(peer_settings).unwrap_or_default();
    let users = seen.iter().map(|seen| to_tl::user(call.view(), seen)).collect();
    Ok(types::messages::PeerSettings { settings, chats: Vec::new(), users })
}
