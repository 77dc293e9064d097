//! Prepared statements of one connection.

use std::collections::HashMap;

/// Prepared statements kept per connection: about twice the number of distinct statements in [`crate::repo`], so
/// that the lengths of lists have room too.
const STATEMENT_CACHE: usize = 512;

/// Statements by their text; the one that was not used for longest goes first.
pub(super) struct Cache<S> {
    entries: HashMap<String, Entry<S>>,
    clock: u64,
}

struct Entry<S> {
    statement: S,
    used: u64,
}

impl<S: Clone> Cache<S> {
    pub(super) fn new() -> Self {
        Cache { entries: HashMap::new(), clock: 0 }
    }

    /// Returns a statement that was prepared before.
    pub(super) fn find(&mut self, sql: &str) -> Option<S> {
        self.clock += 1;
        let entry = self.entries.get_mut(sql)?;
        entry.used = self.clock;
        Some(entry.statement.clone())
    }

    /// Keeps a statement, in place of an older one with the same text.
    pub(super) fn keep(&mut self, sql: &str, statement: S) {
        if self.entries.len() >= STATEMENT_CACHE {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used).map(|(sql, _)| sql.clone());
            oldest.and_then(|sql| self.entries.remove(&sql));
        }
        self.entries.insert(sql.to_owned(), Entry { statement, used: self.clock });
    }
}
