//! Notification settings.

use zaun_messenger::settings::{Scope, ScopeRef};
use zaun_messenger::{Error, errors};
use zaun_model::MsgId;
use zaun_schema::api::{enums, functions};

use crate::Call;

pub(super) fn scope(call: &Call, peer: &enums::InputNotifyPeer) -> Result<ScopeRef, Error> {
    use enums::InputNotifyPeer as P;
    Ok(match peer {
        P::InputNotifyUsers => ScopeRef::All(Scope::Users),
        P::InputNotifyChats => ScopeRef::All(Scope::Chats),
        P::InputNotifyBroadcasts => ScopeRef::All(Scope::Broadcasts),
        P::InputNotifyPeer(peer) => ScopeRef::Peer(call.peer(&peer.peer)?),
        P::InputNotifyForumTopic(topic) => ScopeRef::Topic(call.peer(&topic.peer)?, MsgId(topic.top_msg_id)),
        P::InputNotifyCommunity(_) => {
            return Err(Error::bad(errors::PEER_ID_INVALID));
        }
    })
}

/// account.getNotifySettings
pub(crate) async fn get_notify_settings(
    call: Call,
    r: functions::account::GetNotifySettings,
) -> Result<enums::PeerNotifySettings, Error> {
    call.messenger().notify_settings(call.actor(), scope(&call, &r.peer)?).await
}

/// account.updateNotifySettings
pub(crate) async fn update_notify_settings(
    call: Call,
    r: functions::account::UpdateNotifySettings,
) -> Result<bool, Error> {
    call.messenger().set_notify_settings(call.actor(), scope(&call, &r.peer)?, r.settings).await?;
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
