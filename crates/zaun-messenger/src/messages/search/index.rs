//! Filling the index: in batches behind the writer, and before somebody searches.

use zaun_model::{BoxId, ContentId, Peer, UserId};
use zaun_store::repo::contents::ContentRow;
use zaun_store::repo::{messages, search};
use zaun_store::{Dialect, Tx};

use super::fold;
use crate::content_ids::ContentIds;
use crate::messages::content::Body;
use crate::messages::saved;
use crate::{Error, Messenger, NOBODY};

/// Seconds within which a transaction ends that has taken a content's id: twice as long as a closure may run, and more.
const LATE_S: i64 = 10;
/// Contents that one step puts into the index: a few milliseconds of the writer.
const BATCH: i64 = 500;

/// The term under which everything in a box is found.
pub(super) fn box_term(box_id: BoxId) -> String {
    format!("b{}", digits(box_id.marked()))
}

/// The term under which everything in one conversation of a box is found.
pub(super) fn conversation_term(box_id: BoxId, peer: Peer) -> String {
    format!("b{}p{}", digits(box_id.marked()), digits(peer.marked()))
}

/// The term under which everything by one author is found.
pub(super) fn author_term(author: Peer) -> String {
    format!("a{}", digits(author.marked()))
}

/// The term under which everything of one kind of media is found.
pub(super) fn kind_term(kind: i64) -> String {
    format!("k{kind}")
}

/// A marked id in letters and digits.
/// What contents that a user saved from a conversation are found by.
pub(super) fn saved_term(user: UserId, peer: Peer) -> String {
    format!("s{}p{}", user.0, digits(peer.marked()))
}

fn digits(mark: i64) -> String {
    if mark < 0 { format!("n{}", mark.unsigned_abs()) } else { mark.to_string() }
}

impl Messenger {
    /// Puts what is not in the index yet into it. What is there already costs one short read.
    pub async fn index_messages(&self) -> Result<(), Error> {
        let settled = ContentIds::lowest_at(self.now() - LATE_S);
        let pending = |tx: &Tx<'_>| Ok(!search::unindexed(tx, search::indexed_until(tx)?, 1)?.is_empty());
        while self.read(NOBODY, pending).await? {
            self.write(NOBODY, move |tx| index_batch(tx, settled)).await?;
        }
        Ok(())
    }
}

/// Indexes a batch, and moves the mark up to where nothing can come late any more: everywhere with one writer, up to
/// `settled` with a pool of them.
fn index_batch(tx: &Tx<'_>, settled: ContentId) -> Result<(), Error> {
    let until = search::indexed_until(tx)?;
    let batch = search::unindexed(tx, until, BATCH)?;
    let Some(last) = batch.last().map(|content| content.id) else { return Ok(()) };
    let copies: Vec<_> = batch.iter().flat_map(ContentRow::copies).collect();
    let mut rows = messages::find_copies(tx, &copies)?;
    rows.sort_by_key(|row| row.content_id);
    for content in &batch {
        let from = rows.partition_point(|row| row.content_id < content.id);
        let shown = rows.iter().skip(from).take_while(|row| row.content_id == content.id);
        put_content(tx, content, shown.map(|row| (row.box_id, row.peer, row.author)))?;
    }
    let mark = match tx.dialect() {
        Dialect::Sqlite => last,
        Dialect::Postgres => last.min(settled).max(until),
    };
    if mark > until {
        search::set_indexed_until(tx, mark)?;
    }
    Ok(())
}

fn put_content(
    tx: &Tx<'_>,
    content: &ContentRow,
    shown: impl Iterator<Item = (BoxId, Peer, Peer)>,
) -> Result<(), Error> {
    let mut scope = vec![kind_term(content.media_kind), author_term(content.author)];
    for (box_id, peer, author) in shown {
        scope.push(box_term(box_id));
        scope.push(conversation_term(box_id, peer));
        if let Some(user) = box_id.user().filter(|user| Peer::User(*user) == peer) {
            let body = Body::decode(content)?;
            scope.push(saved_term(user, saved::place_in(user, &body)));
        }
        if author != content.author {
            scope.push(author_term(author));
        }
    }
    Ok(search::put(tx, content.id, &scope, &fold::words(&content.text))?)
}

/// Brings an edited content in the index up to date; one that is not in it yet comes with its batch.
pub(crate) fn reindex(
    tx: &Tx<'_>,
    content: &ContentRow,
    shown: impl Iterator<Item = (BoxId, Peer, Peer)>,
) -> Result<(), Error> {
    if search::holds(tx, content.id)? { put_content(tx, content, shown) } else { Ok(()) }
}
