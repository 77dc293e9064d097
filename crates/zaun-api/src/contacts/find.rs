//! Finding people.

use zaun_messenger::Error;
use zaun_schema::api::{enums, functions, types};

use crate::Call;

/// Results in one search.
const MAX_FOUND: usize = 50;

fn peer(user_id: i64) -> enums::Peer {
    types::PeerUser { user_id }.into()
}

/// contacts.search
pub(crate) async fn search(
    call: Call,
    r: functions::contacts::Search,
) -> Result<enums::contacts::Found, Error> {
    let limit = usize::try_from(r.limit).unwrap_or(0).clamp(1, MAX_FOUND);
    let (mine, others) = call.messenger().search_people(call.actor(), &r.q, limit).await?;
    let users = call.view().users(mine.iter().chain(&others).copied().collect()).await?;
    Ok(types::contacts::Found {
        my_results: mine.into_iter().map(peer).collect(),
        results: others.into_iter().map(peer).collect(),
        chats: Vec::new(),
        users,
    })
}

async fn resolved(call: &Call, id: i64) -> Result<enums::contacts::ResolvedPeer, Error> {
    let users = vec![call.view().one_user(id).await?];
    Ok(types::contacts::ResolvedPeer { peer: peer(id), chats: Vec::new(), users })
}

/// contacts.resolveUsername
pub(crate) async fn resolve_username(
    call: Call,
    r: functions::contacts::ResolveUsername,
) -> Result<enums::contacts::ResolvedPeer, Error> {
    let id = call.messenger().resolve_username(&r.username).await?;
    resolved(&call, id).await
}

/// contacts.resolvePhone
pub(crate) async fn resolve_phone(
    call: Call,
    r: functions::contacts::ResolvePhone,
) -> Result<enums::contacts::ResolvedPeer, Error> {
    let id = call.messenger().resolve_phone(&r.phone).await?;
    resolved(&call, id).await
}
