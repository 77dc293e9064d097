//! Notification settings.

use zaun_messenger::Error;
use zaun_messenger::settings::Scope;
use zaun_schema::api::{enums, functions};

use crate::Call;

async fn scope(call: &Call, peer: &enums::InputNotifyPeer) -> Result<Scope, Error> {
    use enums::InputNotifyPeer as P;
    Ok(match peer {
        P::InputNotifyUsers => Scope::Users,
        P::InputNotifyChats => Scope::Chats,
        P::InputNotifyBroadcasts => Scope::Broadcasts,
        P::InputNotifyPeer(peer) => {
            let peer = call.messenger().input_peer(call.user_id, &peer.peer)?;
            let viewer = call.user_id;
            Scope::Peer(call.messenger().read(move |tx| peer.chat(tx, viewer)).await?)
        }
        P::InputNotifyForumTopic(_) | P::InputNotifyCommunity(_) => {
            return Err(Error::bad("PEER_ID_INVALID"));
        }
    })
}

/// account.getNotifySettings
pub(crate) async fn get_notify_settings(
    call: Call,
    r: functions::account::GetNotifySettings,
) -> Result<enums::PeerNotifySettings, Error> {
    let scope = scope(&call, &r.peer).await?;
    call.messenger().notify_settings(call.actor(), scope).await
}

/// account.updateNotifySettings
pub(crate) async fn update_notify_settings(
    call: Call,
    r: functions::account::UpdateNotifySettings,
) -> Result<bool, Error> {
    let scope = scope(&call, &r.peer).await?;
    call.messenger().set_notify_settings(call.actor(), scope, r.settings).await?;
    Ok(true)
}

/// account.resetNotifySettings
pub(crate) async fn reset_notify_settings(
    call: Call,
    _: functions::account::ResetNotifySettings,
) -> Result<bool, Error> {
    call.messenger().reset_notify_settings(call.actor()).await?;
    Ok(true)
}
