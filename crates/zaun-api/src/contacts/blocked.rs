//! Blocked peers.

use zaun_messenger::Error;
use zaun_messenger::peers::peer_to_tl;
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::to_tl::Lists;

/// contacts.block; stories cannot be hidden from somebody, because there are none.
pub(crate) async fn block(call: Call, r: functions::contacts::Block) -> Result<bool, Error> {
    let peer = call.peer(&r.id)?;
    call.messenger().set_blocked(call.actor(), peer, true).await?;
    Ok(true)
}

/// contacts.unblock
pub(crate) async fn unblock(call: Call, r: functions::contacts::Unblock) -> Result<bool, Error> {
    let peer = call.peer(&r.id)?;
    call.messenger().set_blocked(call.actor(), peer, false).await?;
    Ok(true)
}

/// contacts.setBlocked
pub(crate) async fn set_blocked(call: Call, r: functions::contacts::SetBlocked) -> Result<bool, Error> {
    let peers: Result<Vec<_>, Error> = r.id.iter().map(|peer| call.peer(peer)).collect();
    call.messenger().replace_blocked(call.actor(), peers?).await?;
    Ok(true)
}

/// contacts.getBlocked
pub(crate) async fn get_blocked(
    call: Call,
    r: functions::contacts::GetBlocked,
) -> Result<enums::contacts::Blocked, Error> {
    let page = call.messenger().blocked(call.actor(), r.offset, r.limit).await?;
    let one = |(peer, at): &(zaun_model::Peer, zaun_model::UnixTime)| types::PeerBlocked {
        peer_id: peer_to_tl(*peer),
        date: at.to_tl(),
    };
    let blocked: Vec<_> = page.blocked.iter().map(one).collect();
    let Lists { users, chats } = call.view(&page.scene).lists();
    if page.total == blocked.len() {
        return Ok(types::contacts::Blocked { blocked, chats, users }.into());
    }
    let count = i32::try_from(page.total).unwrap_or(i32::MAX);
    Ok(types::contacts::BlockedSlice { count, blocked, chats, users }.into())
}
