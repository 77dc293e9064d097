//! What a conversation offers above its messages.

use zaun_messenger::Error;
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::to_tl::Lists;
use crate::users::peer_settings;

/// messages.getPeerSettings
pub(crate) async fn get_peer_settings(
    call: Call,
    r: functions::messages::GetPeerSettings,
) -> Result<enums::messages::PeerSettings, Error> {
    let (peer, scene) = call.messenger().peer(call.user_id, call.peer(&r.peer)?).await?;
    let person = peer.user().and_then(|id| scene.person(call.user_id, id));
    let settings = person.as_ref().map(peer_settings).unwrap_or_default();
    Ok(call.answer(&scene, |Lists { users, chats }| types::messages::PeerSettings { settings, chats, users }))
}

/// messages.saveDefaultSendAs
pub(crate) async fn save_default_send_as(
    call: Call,
    r: functions::messages::SaveDefaultSendAs,
) -> Result<bool, Error> {
    let (channel, sender) = (call.peer(&r.peer)?, call.peer(&r.send_as)?);
    call.messenger().set_default_sender(call.actor(), channel, sender).await?;
    Ok(true)
}
