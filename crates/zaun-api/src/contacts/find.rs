//! Finding people and channels.

use zaun_messenger::Error;
use zaun_messenger::peers::peer_to_tl;
use zaun_messenger::views::Scene;
use zaun_model::Peer;
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::to_tl::Lists;

/// Results in one search.
const MAX_FOUND: usize = 50;

/// contacts.search
pub(crate) async fn search(
    call: Call,
    r: functions::contacts::Search,
) -> Result<enums::contacts::Found, Error> {
    let limit = usize::try_from(r.limit).unwrap_or(0).clamp(1, MAX_FOUND);
    let found = call.messenger().search_people(call.actor(), &r.q, limit).await?;
    Ok(call.answer(&found.scene, |Lists { users, chats }| types::contacts::Found {
        my_results: found.mine.iter().copied().map(peer_to_tl).collect(),
        results: found.others.iter().copied().map(peer_to_tl).collect(),
        chats,
        users,
    }))
}

fn resolved(call: &Call, (peer, scene): &(Peer, Scene)) -> enums::contacts::ResolvedPeer {
    call.answer(scene, |Lists { users, chats }| types::contacts::ResolvedPeer {
        peer: peer_to_tl(*peer),
        chats,
        users,
    })
}

/// contacts.resolveUsername
pub(crate) async fn resolve_username(
    call: Call,
    r: functions::contacts::ResolveUsername,
) -> Result<enums::contacts::ResolvedPeer, Error> {
    Ok(resolved(&call, &call.messenger().resolve_username(call.user_id, &r.username).await?))
}

/// contacts.resolvePhone
pub(crate) async fn resolve_phone(
    call: Call,
    r: functions::contacts::ResolvePhone,
) -> Result<enums::contacts::ResolvedPeer, Error> {
    Ok(resolved(&call, &call.messenger().resolve_phone(call.user_id, &r.phone).await?))
}
