//! Links by which people come into groups and channels, and who asks to.

use zaun_model::{Peer, UnixTime, UserId};

use super::table;
use crate::{StoreError, Tx, params};

table! {
    /// A link.
    InviteRow in "invites" {
        /// What stands at its end.
        hash: String,
        /// The group or channel.
        peer: Peer,
        /// Whose link it is.
        admin_id: UserId,
        /// Whether it is the one that its owner always has.
        permanent: bool,
        /// Whether it leads nowhere any more.
        revoked: bool,
        /// Whether an administrator decides who comes in.
        request_needed: bool,
        /// What its owner calls it.
        title: String,
        /// When it was made.
        created_at: UnixTime,
        /// When its terms changed last; 0 for never.
        changed_at: UnixTime,
        /// When it ends; 0 for never.
        expires_at: UnixTime,
        /// How many may come by it; 0 for no limit.
        usage_limit: i32,
        /// How many came by it.
        used: i32,
        /// How many ask to come by it.
        requested: i32,
    }
}

table! {
    /// Somebody who came by a link, or asks to.
    InvitedRow in "invited" {
        /// The group or channel.
        peer: Peer,
        /// Who.
        user_id: UserId,
        /// The link; empty for who asks by the public name.
        hash: String,
        /// When.
        date: UnixTime,
        /// Whether nobody decided yet.
        requested: bool,
        /// Who let the user in; 0 for nobody.
        approved_by: UserId,
    }
}

/// One link.
pub fn find(tx: &Tx<'_>, hash: &str) -> Result<Option<InviteRow>, StoreError> {
    let sql = format!("SELECT {} FROM invites WHERE hash = $1", InviteRow::COLUMNS);
    tx.query_one(&sql, params![hash], InviteRow::read)
}

/// Keeps a new link.
pub fn insert(tx: &Tx<'_>, row: &InviteRow) -> Result<(), StoreError> {
    row.insert(tx)
}

/// Writes what changes of a link back.
pub fn save(tx: &Tx<'_>, row: &InviteRow) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE invites SET revoked = $2, request_needed = $3, title = $4, changed_at = $5, expires_at = $6,
         usage_limit = $7, used = $8, requested = $9 WHERE hash = $1",
        params![
            &row.hash,
            row.revoked,
            row.request_needed,
            &row.title,
            row.changed_at,
            row.expires_at,
            row.usage_limit,
            row.used,
            row.requested
        ],
    )
    .map(drop)
}

/// Deletes a link; who came by it stays known.
pub fn delete(tx: &Tx<'_>, hash: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM invites WHERE hash = $1", params![hash]).map(drop)
}

/// Deletes the oldest revoked links of one administrator, so that only `kept` stay.
pub fn trim_revoked(tx: &Tx<'_>, peer: Peer, admin: UserId, kept: i64) -> Result<(), StoreError> {
    let sql = "DELETE FROM invites WHERE hash IN (SELECT hash FROM invites WHERE peer = $1 AND admin_id = $2
               AND revoked = 1 ORDER BY created_at DESC, hash DESC LIMIT 100 OFFSET $3)";
    tx.execute(sql, params![peer, admin, kept]).map(drop)
}

/// Deletes the revoked links of one administrator.
pub fn delete_revoked(tx: &Tx<'_>, peer: Peer, admin: UserId) -> Result<(), StoreError> {
    let sql = "DELETE FROM invites WHERE peer = $1 AND admin_id = $2 AND revoked = 1";
    tx.execute(sql, params![peer, admin]).map(drop)
}

/// The valid permanent link of an administrator.
pub fn permanent(tx: &Tx<'_>, peer: Peer, admin: UserId) -> Result<Option<InviteRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM invites WHERE peer = $1 AND admin_id = $2 AND revoked = 0 AND permanent = 1",
        InviteRow::COLUMNS
    );
    tx.query_one(&sql, params![peer, admin], InviteRow::read)
}

/// Links of one administrator before a place in the list, the newest first.
pub fn of_admin(
    tx: &Tx<'_>,
    (peer, admin, revoked): (Peer, UserId, bool),
    before: (UnixTime, &str),
    limit: i64,
) -> Result<Vec<InviteRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM invites WHERE peer = $1 AND admin_id = $2 AND revoked = $3
         AND (created_at < $4 OR (created_at = $4 AND hash < $5)) ORDER BY created_at DESC, hash DESC LIMIT $6",
        InviteRow::COLUMNS
    );
    tx.query(&sql, params![peer, admin, revoked, before.0, before.1, limit], InviteRow::read)
}

/// How many links an administrator has, up to a limit.
pub fn count(
    tx: &Tx<'_>,
    (peer, admin, revoked): (Peer, UserId, bool),
    limit: i64,
) -> Result<i32, StoreError> {
    tx.scalar(
        "SELECT count(*) FROM (SELECT hash FROM invites WHERE peer = $1 AND admin_id = $2 AND revoked = $3
         LIMIT $4) AS found",
        params![peer, admin, revoked, limit],
    )
}

/// Administrators with how many valid and how many revoked links each has.
pub fn admins(tx: &Tx<'_>, peer: Peer, limit: i64) -> Result<Vec<(UserId, i32, i32)>, StoreError> {
    let sql = "SELECT admin_id, sum(1 - revoked), sum(revoked) FROM invites WHERE peer = $1
               GROUP BY admin_id ORDER BY admin_id LIMIT $2";
    tx.query(sql, params![peer, limit], |row| Ok((row.column(0)?, row.column(1)?, row.column(2)?)))
}

/// The links of a group go on as those of the supergroup that it became.
pub fn move_to(tx: &Tx<'_>, from: Peer, to: Peer) -> Result<(), StoreError> {
    tx.execute("UPDATE invites SET peer = $2 WHERE peer = $1", params![from, to])?;
    tx.execute("UPDATE invited SET peer = $2 WHERE peer = $1", params![from, to]).map(drop)
}

/// How one user came into a group or channel, or that it asks to.
pub fn invited(tx: &Tx<'_>, peer: Peer, user: UserId) -> Result<Option<InvitedRow>, StoreError> {
    let sql = format!("SELECT {} FROM invited WHERE peer = $1 AND user_id = $2", InvitedRow::COLUMNS);
    tx.query_one(&sql, params![peer, user], InvitedRow::read)
}

/// Keeps how a user came in, or that it asks to.
pub fn put_invited(tx: &Tx<'_>, row: &InvitedRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO invited (peer, user_id, hash, date, requested, approved_by) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (peer, user_id) DO UPDATE SET hash = $3, date = $4, requested = $5, approved_by = $6",
        params![row.peer, row.user_id, &row.hash, row.date, row.requested, row.approved_by],
    )
    .map(drop)
}

/// Forgets how a user came in, or that it asked to.
pub fn forget(tx: &Tx<'_>, peer: Peer, user: UserId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM invited WHERE peer = $1 AND user_id = $2", params![peer, user]).map(drop)
}

/// Open requests before a place in the list, the newest first; those of one link only, if it is named.
pub fn requests(
    tx: &Tx<'_>,
    peer: Peer,
    hash: Option<&str>,
    before: (UnixTime, UserId),
    limit: i64,
) -> Result<Vec<InvitedRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM invited WHERE peer = $1 AND requested = 1 AND ($2 = '' OR hash = $2)
         AND (date < $3 OR (date = $3 AND user_id < $4)) ORDER BY date DESC, user_id DESC LIMIT $5",
        InvitedRow::COLUMNS
    );
    tx.query(&sql, params![peer, hash.unwrap_or(""), before.0, before.1, limit], InvitedRow::read)
}

/// How many requests are open, up to a limit.
pub fn count_requests(tx: &Tx<'_>, peer: Peer, limit: i64) -> Result<i32, StoreError> {
    tx.scalar(
        "SELECT count(*) FROM (SELECT user_id FROM invited WHERE peer = $1 AND requested = 1 LIMIT $2) AS found",
        params![peer, limit],
    )
}

/// Who came by a link, before a place in the list, the newest first.
pub fn came_by(
    tx: &Tx<'_>,
    hash: &str,
    before: (UnixTime, UserId),
    limit: i64,
) -> Result<Vec<InvitedRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM invited WHERE hash = $1 AND requested = 0
         AND (date < $2 OR (date = $2 AND user_id < $3)) ORDER BY date DESC, user_id DESC LIMIT $4",
        InvitedRow::COLUMNS
    );
    tx.query(&sql, params![hash, before.0, before.1, limit], InvitedRow::read)
}
