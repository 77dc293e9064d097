//! Contact lists.

use zaun_model::{UnixTime, UserId};

use super::table;
use crate::{StoreError, Tx, params};

table! {
    /// One entry of somebody's contact list.
    ContactRow in "contacts" {
        /// Whose list it is.
        owner_id: UserId,
        /// Who the contact is.
        user_id: UserId,
        /// First name, as the owner gave it.
        first_name: String,
        /// Last name, as the owner gave it.
        last_name: String,
        /// The phone by which the owner knows the contact; empty if unknown.
        phone: String,
        /// When the owner added the contact.
        added_at: UnixTime,
    }
}

fn select(rest: &str) -> String {
    format!("SELECT {} FROM contacts WHERE {rest}", ContactRow::COLUMNS)
}

/// The whole list, in order of user id.
pub fn all(tx: &Tx<'_>, owner: UserId) -> Result<Vec<ContactRow>, StoreError> {
    tx.query(&select("owner_id = $1 ORDER BY user_id"), params![owner], ContactRow::read)
}

/// How many contacts a user has.
pub fn count(tx: &Tx<'_>, owner: UserId) -> Result<i64, StoreError> {
    tx.scalar("SELECT count(*) FROM contacts WHERE owner_id = $1", params![owner])
}

/// One entry.
pub fn find(tx: &Tx<'_>, owner: UserId, user: UserId) -> Result<Option<ContactRow>, StoreError> {
    tx.query_one(&select("owner_id = $1 AND user_id = $2"), params![owner, user], ContactRow::read)
}

/// Entries with this phone; several people may have had it.
pub fn by_phone(tx: &Tx<'_>, owner: UserId, phone: &str) -> Result<Vec<ContactRow>, StoreError> {
    tx.query(&select("owner_id = $1 AND phone = $2"), params![owner, phone], ContactRow::read)
}

/// Entries named by pairs of owner and contact; those that do not exist are left out.
pub fn find_pairs(tx: &Tx<'_>, pairs: &[(UserId, UserId)]) -> Result<Vec<ContactRow>, StoreError> {
    let pairs: Vec<(i64, i64)> = pairs.iter().map(|(owner, user)| (owner.0, user.0)).collect();
    let columns: Vec<String> = ContactRow::COLUMNS.split(", ").map(|name| format!("c.{name}")).collect();
    let sql = format!(
        "SELECT {} FROM (VALUES $PAIRS) AS v JOIN contacts c ON c.owner_id = v.column1 AND c.user_id = v.column2",
        columns.join(", ")
    );
    tx.query_pairs(&sql, &[], &pairs, ContactRow::read)
}

/// Forgets the whole list of a user.
pub fn clear(tx: &Tx<'_>, owner: UserId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM contacts WHERE owner_id = $1", params![owner]).map(drop)
}

/// Adds or renames an entry.
pub fn put(tx: &Tx<'_>, row: &ContactRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO contacts (owner_id, user_id, first_name, last_name, phone, added_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (owner_id, user_id) DO UPDATE SET first_name = $3, last_name = $4, phone = $5",
        params![row.owner_id, row.user_id, &row.first_name, &row.last_name, &row.phone, row.added_at],
    )
    .map(drop)
}

/// Removes an entry; `false` if there was none.
pub fn delete(tx: &Tx<'_>, owner: UserId, user: UserId) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM contacts WHERE owner_id = $1 AND user_id = $2", params![owner, user])? == 1)
}

/// Who has this user in the list, up to a limit.
pub fn owners(tx: &Tx<'_>, user: UserId, limit: i64) -> Result<Vec<UserId>, StoreError> {
    let sql = "SELECT owner_id FROM contacts WHERE user_id = $1 LIMIT $2";
    tx.query(sql, params![user, limit], |row| row.column(0))
}
