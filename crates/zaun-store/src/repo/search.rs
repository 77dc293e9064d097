//! The index behind search: which contents hold which words, in which conversations. It is filled in batches behind
//! the writer, so that sending pays nothing for it.
//!
//! Words come folded and split (the rules say how); a term is a word without spaces. Terms of the scope say where a
//! content is shown, of which kind it is and who wrote it.

use zaun_model::ContentId;

use super::contents::ContentRow;
use crate::{Dialect, Param, StoreError, Tx, params};

/// What is sought. Everything given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sought {
    /// One of these terms must be in the scope, for each list.
    pub scopes: Vec<Vec<String>>,
    /// Each of these runs of words must occur; the last word of a run may be the beginning of a longer one.
    pub phrases: Vec<Vec<String>>,
}

/// The id up to which contents are in the index.
pub fn indexed_until(tx: &Tx<'_>) -> Result<ContentId, StoreError> {
    tx.scalar("SELECT coalesce(max(content_id), 0) FROM search_state", &[])
}

/// Notes up to which id contents are in the index.
pub fn set_indexed_until(tx: &Tx<'_>, id: ContentId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM search_state", &[])?;
    tx.execute("INSERT INTO search_state (content_id) VALUES ($1)", params![id]).map(drop)
}

/// Contents above an id that are not in the index, lowest first. With one writer, ids are committed in their order, and
/// what lies above the mark was never looked at; with a pool of them, a lower id may come later than a higher one.
pub fn unindexed(tx: &Tx<'_>, above: ContentId, limit: i64) -> Result<Vec<ContentRow>, StoreError> {
    let columns = ContentRow::COLUMNS;
    let sql = match tx.dialect() {
        Dialect::Sqlite => format!("SELECT {columns} FROM contents WHERE id > $1 ORDER BY id LIMIT $2"),
        Dialect::Postgres => format!(
            "SELECT {columns} FROM contents c WHERE c.id > $1
             AND NOT EXISTS (SELECT 1 FROM search s WHERE s.id = c.id) ORDER BY c.id LIMIT $2"
        ),
    };
    tx.query(&sql, params![above, limit], ContentRow::read)
}

/// Says whether a content is in the index.
pub fn holds(tx: &Tx<'_>, id: ContentId) -> Result<bool, StoreError> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => "SELECT rowid FROM search WHERE rowid = $1",
        Dialect::Postgres => "SELECT id FROM search WHERE id = $1",
    };
    Ok(tx.query_one(sql, params![id], |_| Ok(()))?.is_some())
}

/// Puts a content into the index, in place of what it held of it.
pub fn put(tx: &Tx<'_>, id: ContentId, scope: &[String], words: &[String]) -> Result<(), StoreError> {
    remove(tx, id)?;
    let (scope, words) = (scope.join(" "), words.join(" "));
    let sql = match tx.dialect() {
        Dialect::Sqlite => "INSERT INTO search (rowid, scope, words) VALUES ($1, $2, $3)",
        Dialect::Postgres => {
            "INSERT INTO search (id, terms) VALUES ($1,
             setweight(to_tsvector('simple', $2), 'A') || to_tsvector('simple', $3))"
        }
    };
    tx.execute(sql, params![id, &scope, &words]).map(drop)
}

/// Takes a content out of the index, if it is there.
pub fn remove(tx: &Tx<'_>, id: ContentId) -> Result<(), StoreError> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => "DELETE FROM search WHERE rowid = $1",
        Dialect::Postgres => "DELETE FROM search WHERE id = $1",
    };
    tx.execute(sql, params![id]).map(drop)
}

/// Contents between two ids (both left out) that hold what is sought, newest first.
pub fn find(
    tx: &Tx<'_>,
    sought: &Sought,
    (above, below): (ContentId, ContentId),
    limit: i64,
) -> Result<Vec<ContentId>, StoreError> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => {
            "SELECT rowid FROM search WHERE search MATCH $1 AND rowid > $2 AND rowid < $3
             ORDER BY rowid DESC LIMIT $4"
        }
        Dialect::Postgres => {
            "SELECT id FROM search WHERE terms @@ to_tsquery('simple', $1) AND id > $2 AND id < $3
             ORDER BY id DESC LIMIT $4"
        }
    };
    let expression = expression(sought, tx.dialect());
    tx.query(sql, params![&expression, above, below, limit], |row| row.column(0))
}

/// How many contents hold what is sought, up to a limit. Each costs a step in the index.
pub fn count(tx: &Tx<'_>, sought: &Sought, limit: i64) -> Result<i32, StoreError> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => {
            "SELECT count(*) FROM (SELECT rowid FROM search WHERE search MATCH $1 LIMIT $2) AS found"
        }
        Dialect::Postgres => {
            "SELECT count(*) FROM (SELECT id FROM search WHERE terms @@ to_tsquery('simple', $1) LIMIT $2) AS found"
        }
    };
    let expression = expression(sought, tx.dialect());
    let params: [Param<'_>; 2] = [Param::Text(&expression), Param::Int(limit)];
    tx.scalar(sql, &params)
}

/// What is sought in the query language of an engine. Terms hold letters and digits only, so nothing is escaped.
fn expression(sought: &Sought, dialect: Dialect) -> String {
    let scopes = sought.scopes.iter().map(|terms| match dialect {
        Dialect::Sqlite => {
            let terms: Vec<String> = terms.iter().map(|term| format!("\"{term}\"")).collect();
            format!("(scope : ({}))", terms.join(" OR "))
        }
        Dialect::Postgres => {
            let terms: Vec<String> = terms.iter().map(|term| format!("{term}:A")).collect();
            format!("({})", terms.join(" | "))
        }
    });
    let phrases = sought.phrases.iter().map(|words| match dialect {
        Dialect::Sqlite => format!("(words : \"{}\" *)", words.join(" ")),
        Dialect::Postgres => format!("({}:*D)", words.join(":D <-> ")),
    });
    let parts: Vec<String> = scopes.chain(phrases).collect();
    parts.join(match dialect {
        Dialect::Sqlite => " AND ",
        Dialect::Postgres => " & ",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_engine_gets_its_own_language() {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let sought = Sought {
            scopes: vec![list(&["b1p2"]), list(&["k1", "k3"])],
            phrases: vec![list(&["example", "or"])],
        };
        assert_eq!(
            expression(&sought, Dialect::Sqlite),
            r#"(scope : ("b1p2")) AND (scope : ("k1" OR "k3")) AND (words : "example or" *)"#
        );
        assert_eq!(
            expression(&sought, Dialect::Postgres),
            "(b1p2:A) & (k1:A | k3:A) & (example:D <-> or:*D)"
        );
    }
}
