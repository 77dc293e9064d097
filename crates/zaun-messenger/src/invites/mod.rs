//! Links by which people come into groups and channels, and requests to join (G-173 … G-200).

mod join;
mod links;
mod requests;

pub use join::{InvitePreview, Preview, PreviewKind};
pub use links::{EditedInvite, InviteTerms, ListedInvites, OwnersOfInvites};
use rand::RngExt as _;
pub use requests::{Importers, Named};
pub(crate) use requests::{ask, pending_for, withdraw};
use zaun_model::rights::AdminRights;
use zaun_model::{Peer, UnixTime, UserId};
use zaun_schema::api::types;
use zaun_store::Tx;
use zaun_store::repo::invites::{self, InviteRow};

use crate::peers::PeerRef;
use crate::rights::{Group, Membership};
use crate::{Changes, Error, errors};

/// What the links of this server begin with (help.getConfig me_url_prefix).
pub const ME_URL_PREFIX: &str = "https://t.me/";
/// Letters at the end of a link: 96 bits, in the alphabet of base64 for URLs.
const HASH_LENGTH: usize = 16;
const HASH_ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Returns a link as clients see it (G-174 … G-179).
#[must_use]
pub fn exported(row: &InviteRow) -> types::ChatInviteExported {
    let some = |number: i32| Some(number).filter(|number| *number > 0);
    let date = |at: UnixTime| (at.0 > 0).then(|| at.to_tl());
    types::ChatInviteExported {
        revoked: row.revoked,
        permanent: row.permanent,
        request_needed: row.request_needed,
        link: format!("{ME_URL_PREFIX}+{}", row.hash),
        admin_id: row.admin_id.0,
        date: row.created_at.to_tl(),
        start_date: date(row.changed_at),
        expire_date: date(row.expires_at),
        usage_limit: some(row.usage_limit),
        usage: some(row.used),
        requested: some(row.requested).filter(|_| !row.permanent),
        title: Some(row.title.clone()).filter(|title| !title.is_empty()),
        ..types::ChatInviteExported::default()
    }
}

/// Says whether a link still lets somebody in (G-182).
fn is_alive(row: &InviteRow, now: UnixTime) -> bool {
    let is_full = row.usage_limit > 0 && row.used >= row.usage_limit;
    let is_over = row.expires_at.0 > 0 && row.expires_at <= now;
    !row.revoked && !is_full && !is_over
}

/// Returns the end of a link: the whole of it, or its end alone.
fn hash_of(link: &str) -> Result<&str, Error> {
    let hash = link.rsplit('/').next().unwrap_or("").trim_start_matches('+');
    if hash.is_empty() {
        return Err(Error::bad(errors::INVITE_HASH_EMPTY));
    }
    let fits = hash.len() == HASH_LENGTH && hash.bytes().all(|byte| HASH_ALPHABET.contains(&byte));
    if fits { Ok(hash) } else { Err(Error::bad(errors::INVITE_HASH_INVALID)) }
}

fn fresh_hash() -> String {
    let mut random = rand::rng();
    let letters =
        (0..HASH_LENGTH).filter_map(|_| HASH_ALPHABET.get(random.random_range(0..HASH_ALPHABET.len())));
    letters.map(|letter| char::from(*letter)).collect()
}

/// Returns the group or channel whose links the viewer manages (G-113).
fn managed(tx: &Tx<'_>, viewer: UserId, peer: PeerRef) -> Result<Peer, Error> {
    let peer = peer.resolve(tx, viewer)?;
    match peer {
        Peer::User(_) => return Err(Error::bad(errors::PEER_ID_INVALID)),
        Peer::Chat(id) => {
            let group = Group::load(tx, viewer, id)?;
            group.require_member()?;
            if !group.admin_rights().has(AdminRights::INVITE_USERS) {
                return Err(Error::bad(errors::CHAT_ADMIN_REQUIRED));
            }
        }
        Peer::Channel(id) => Membership::load(tx, viewer, id)?.require_admin(AdminRights::INVITE_USERS)?,
    }
    Ok(peer)
}

/// Returns a link of a group or channel.
fn link_of(tx: &Tx<'_>, peer: Peer, link: &str) -> Result<InviteRow, Error> {
    let found = match hash_of(link) {
        Ok(hash) => invites::find(tx, hash)?.filter(|row| row.peer == peer),
        Err(_) => None,
    };
    found.ok_or_else(|| Error::bad(errors::INVITE_HASH_EXPIRED))
}

/// Returns the permanent link of whoever may invite, for its page (G-074).
pub(crate) fn permanent_of(
    tx: &Tx<'_>,
    viewer: UserId,
    peer: Peer,
    rights: AdminRights,
) -> Result<Option<types::ChatInviteExported>, Error> {
    if !rights.has(AdminRights::INVITE_USERS) {
        return Ok(None);
    }
    Ok(invites::permanent(tx, peer, viewer)?.as_ref().map(exported))
}

/// Sees to it that an administrator has its permanent link (G-042, G-174).
pub(crate) fn ensure_permanent(changes: &Changes<'_, '_>, peer: Peer, admin: UserId) -> Result<(), Error> {
    if invites::permanent(changes.tx, peer, admin)?.is_none() {
        invites::insert(changes.tx, &fresh(changes, peer, admin, true))?;
    }
    Ok(())
}

fn fresh(changes: &Changes<'_, '_>, peer: Peer, admin_id: UserId, permanent: bool) -> InviteRow {
    InviteRow {
        hash: fresh_hash(),
        peer,
        admin_id,
        permanent,
        revoked: false,
        request_needed: false,
        title: String::new(),
        created_at: changes.now,
        changed_at: UnixTime(0),
        expires_at: UnixTime(0),
        usage_limit: 0,
        used: 0,
        requested: 0,
    }
}
