//! What bots sell, what was paid, and stars.

use zaun_model::{ContentId, MsgId, UnixTime, UserId};

use super::table;
use crate::{StoreError, Tx, params};

table! {
    /// Something that was paid.
    PaymentRow in "payments" {
        /// Its number.
        charge_id: String,
        /// Who paid.
        user_id: UserId,
        /// Who was paid.
        bot_id: UserId,
        /// When.
        date: UnixTime,
        /// Three letters.
        currency: String,
        /// What was paid in all, in the smallest unit.
        amount: i64,
        /// How much of it was a tip.
        tip: i64,
        /// Canonical TL InputMediaInvoice.
        invoice: Vec<u8>,
        /// Canonical TL PaymentRequestedInfo.
        info: Option<Vec<u8>>,
        /// Canonical TL ShippingOption.
        shipping: Option<Vec<u8>>,
        /// The message that says so, in the payer's box.
        msg_id: MsgId,
        /// Whether it was given back.
        refunded: bool,
    }
}

table! {
    /// Stars that came or went.
    StarMoveRow in "star_moves" {
        /// Whose they are.
        owner: UserId,
        /// Its place in the list of the owner.
        number: i64,
        /// The charge that it belongs to.
        id: String,
        /// When.
        date: UnixTime,
        /// How many; negative for what was spent.
        amount: i64,
        /// The other side; 0 for the server.
        peer: UserId,
        /// What for.
        title: String,
        /// What the bot noted at its invoice.
        payload: Option<Vec<u8>>,
        /// Whether it gives something back.
        refund: bool,
    }
}

/// Keeps what stands behind an invoice.
pub fn put_invoice(tx: &Tx<'_>, content: ContentId, bot: UserId, body: &[u8]) -> Result<(), StoreError> {
    let sql = "INSERT INTO invoices (content_id, bot_id, body) VALUES ($1, $2, $3)";
    tx.execute(sql, params![content, bot, body]).map(drop)
}

/// What stands behind an invoice: the bot, and the invoice.
pub fn invoice(tx: &Tx<'_>, content: ContentId) -> Result<Option<(UserId, Vec<u8>)>, StoreError> {
    let sql = "SELECT bot_id, body FROM invoices WHERE content_id = $1";
    tx.query_one(sql, params![content], |row| Ok((row.column(0)?, row.column(1)?)))
}

/// Forgets what stands behind an invoice whose message is gone.
pub fn delete_invoice(tx: &Tx<'_>, content: ContentId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM invoices WHERE content_id = $1", params![content]).map(drop)
}

/// Keeps an invoice that is a link.
pub fn put_link(tx: &Tx<'_>, slug: &str, bot: UserId, now: UnixTime, body: &[u8]) -> Result<(), StoreError> {
    let sql = "INSERT INTO invoice_links (slug, bot_id, created_at, body) VALUES ($1, $2, $3, $4)";
    tx.execute(sql, params![slug, bot, now, body]).map(drop)
}

/// What stands behind the link of an invoice.
pub fn link(tx: &Tx<'_>, slug: &str) -> Result<Option<(UserId, Vec<u8>)>, StoreError> {
    let sql = "SELECT bot_id, body FROM invoice_links WHERE slug = $1";
    tx.query_one(sql, params![slug], |row| Ok((row.column(0)?, row.column(1)?)))
}

/// Keeps a payment; `false` if its form was paid before.
pub fn insert(tx: &Tx<'_>, row: &PaymentRow) -> Result<bool, StoreError> {
    if find(tx, &row.charge_id)?.is_some() {
        return Ok(false);
    }
    row.insert(tx)?;
    Ok(true)
}

/// One payment.
pub fn find(tx: &Tx<'_>, charge_id: &str) -> Result<Option<PaymentRow>, StoreError> {
    let sql = format!("SELECT {} FROM payments WHERE charge_id = $1", PaymentRow::COLUMNS);
    tx.query_one(&sql, params![charge_id], PaymentRow::read)
}

/// The payment that a message of its payer speaks of.
pub fn by_message(tx: &Tx<'_>, user: UserId, id: MsgId) -> Result<Option<PaymentRow>, StoreError> {
    let sql = format!("SELECT {} FROM payments WHERE user_id = $1 AND msg_id = $2", PaymentRow::COLUMNS);
    tx.query_one(&sql, params![user, id], PaymentRow::read)
}

/// Notes the message that says that something was paid.
pub fn set_message(tx: &Tx<'_>, charge_id: &str, id: MsgId) -> Result<(), StoreError> {
    tx.execute("UPDATE payments SET msg_id = $2 WHERE charge_id = $1", params![charge_id, id]).map(drop)
}

/// Notes that a payment was given back.
pub fn refund(tx: &Tx<'_>, charge_id: &str) -> Result<(), StoreError> {
    tx.execute("UPDATE payments SET refunded = 1 WHERE charge_id = $1", params![charge_id]).map(drop)
}

/// How many stars somebody has.
pub fn balance(tx: &Tx<'_>, owner: UserId) -> Result<i64, StoreError> {
    let sql = "SELECT balance FROM stars WHERE owner = $1";
    Ok(tx.query_one(sql, params![owner], |row| row.column(0))?.unwrap_or(0))
}

/// Moves stars, and notes what became of them; the number of the row is found here.
pub fn move_stars(tx: &Tx<'_>, row: &StarMoveRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO stars (owner, balance) VALUES ($1, $2)
         ON CONFLICT (owner) DO UPDATE SET balance = stars.balance + $2",
        params![row.owner, row.amount],
    )?;
    let last: i64 =
        tx.scalar("SELECT coalesce(max(number), 0) FROM star_moves WHERE owner = $1", params![row.owner])?;
    StarMoveRow { number: last + 1, ..row.clone() }.insert(tx)
}

/// What became of somebody's stars, from a place in the list on; `incoming` picks one direction.
pub fn moves(
    tx: &Tx<'_>,
    owner: UserId,
    (ascending, incoming): (bool, Option<bool>),
    from: i64,
    limit: i64,
) -> Result<Vec<StarMoveRow>, StoreError> {
    let direction = match incoming {
        Some(true) => "AND amount > 0",
        Some(false) => "AND amount < 0",
        None => "",
    };
    let (compare, order) = if ascending { (">", "ASC") } else { ("<", "DESC") };
    let sql = format!(
        "SELECT {} FROM star_moves WHERE owner = $1 AND number {compare} $2 {direction} ORDER BY number {order} LIMIT $3",
        StarMoveRow::COLUMNS
    );
    tx.query(&sql, params![owner, from, limit], StarMoveRow::read)
}
