//! As whom members write in a group.

use zaun_messenger::Error;
use zaun_messenger::peers::peer_to_tl;
use zaun_schema::api::{functions, types};

use crate::Call;
use crate::to_tl::Lists;

/// channels.getSendAs; there are no paid reactions and live stories, for which the list is the same.
pub(crate) async fn get_send_as(
    call: Call,
    r: functions::channels::GetSendAs,
) -> Result<types::channels::SendAsPeers, Error> {
    let (senders, scene) = call.messenger().senders(call.actor(), call.peer(&r.peer)?).await?;
    let sender = |peer| types::SendAsPeer { premium_required: false, peer: peer_to_tl(peer) };
    let peers = senders.into_iter().map(sender).collect();
    Ok(call.answer(&scene, |Lists { users, chats }| types::channels::SendAsPeers { peers, chats, users }))
}
