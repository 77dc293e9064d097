//! Contact lists.

use crate::{Row, StoreError, Tx, params};

/// One entry of somebody's contact list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactRow {
    /// Who the contact is.
    pub user_id: i64,
    /// Names that the owner gave.
    pub first_name: String,
    /// See above.
    pub last_name: String,
    /// The phone by which the owner knows the contact; empty if unknown.
    pub phone: String,
    /// Whether the contact has the owner in its list too.
    pub mutual: bool,
}

const COLUMNS: &str = "SELECT c.user_id, c.first_name, c.last_name, c.phone,
    EXISTS (SELECT 1 FROM contacts r WHERE r.owner_id = c.user_id AND r.user_id = c.owner_id) FROM contacts c";

fn read(row: &Row<'_>) -> Result<ContactRow, StoreError> {
    Ok(ContactRow {
        user_id: row.column(0)?,
        first_name: row.column(1)?,
        last_name: row.column(2)?,
        phone: row.column(3)?,
        mutual: row.column(4)?,
    })
}

/// The whole list, in order of user id.
pub fn all(tx: &Tx<'_>, owner: i64) -> Result<Vec<ContactRow>, StoreError> {
    tx.query(&format!("{COLUMNS} WHERE c.owner_id = $1 ORDER BY c.user_id"), params![owner], read)
}

/// One entry.
pub fn find(tx: &Tx<'_>, owner: i64, user: i64) -> Result<Option<ContactRow>, StoreError> {
    tx.query_one(&format!("{COLUMNS} WHERE c.owner_id = $1 AND c.user_id = $2"), params![owner, user], read)
}

/// Adds or renames an entry.
pub fn put(
    tx: &Tx<'_>,
    owner: i64,
    user: i64,
    names: (&str, &str),
    phone: &str,
    now: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO contacts VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (owner_id, user_id) DO UPDATE SET first_name = $3, last_name = $4, phone = $5",
        params![owner, user, names.0, names.1, phone, now],
    )
    .map(drop)
}

/// Removes an entry; `false` if there was none.
pub fn delete(tx: &Tx<'_>, owner: i64, user: i64) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM contacts WHERE owner_id = $1 AND user_id = $2", params![owner, user])? == 1)
}

/// Who has this user in the list.
pub fn owners(tx: &Tx<'_>, user: i64) -> Result<Vec<i64>, StoreError> {
    tx.query("SELECT owner_id FROM contacts WHERE user_id = $1", params![user], |row| row.column(0))
}
