//! Text of statements: parameters by number, and lists of parameters where a marker stands.

use std::fmt::Write as _;
use std::ops::Range;

/// Ids that one statement takes; a longer list becomes several statements. A power of two, because lists are padded
/// to one; large enough that a full page of anything fits, small enough that a plan stays a list of look-ups.
pub const MAX_IDS: usize = 512;
/// Pairs that one statement takes: as many parameters as [`MAX_IDS`].
pub const MAX_PAIRS: usize = MAX_IDS / 2;
/// Fills a list of pairs. No row has it, so a join finds nothing more for it.
pub(crate) const NO_PAIR: (i64, i64) = (i64::MIN, i64::MIN);

/// Writes `$3` as `?3`: to SQLite `$3` is a name, and `?3` a number that can be bound without a look-up.
pub(crate) fn with_numbers(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut quote = None;
    let mut rest = sql.chars().peekable();
    while let Some(c) = rest.next() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '\'' || c == '"' => quote = Some(c),
            _ => {}
        }
        let number = quote.is_none() && c == '$' && rest.peek().is_some_and(char::is_ascii_digit);
        out.push(if number { '?' } else { c });
    }
    out
}

/// Writes `$k, $k+1, …` for `count` ids in place of the marker `$IDS`, after `before` other parameters.
pub(crate) fn with_ids(sql: &str, before: usize, count: usize) -> String {
    replace(sql, "$IDS", before + 1..before + 1 + count, |out, k| write!(out, "${k}"))
}

/// Writes `(CAST($k AS BIGINT), CAST($k+1 AS BIGINT)), …` for `count` pairs in place of the marker `$PAIRS`. The
/// casts tell PostgreSQL the types and give SQLite's columns the affinity that lets it use an index.
pub(crate) fn with_pairs(sql: &str, before: usize, count: usize) -> String {
    replace(sql, "$PAIRS", 0..count, |out, n| {
        let k = before + 1 + 2 * n;
        write!(out, "(CAST(${k} AS BIGINT), CAST(${} AS BIGINT))", k + 1)
    })
}

fn replace(
    sql: &str,
    marker: &str,
    numbers: Range<usize>,
    item: impl Fn(&mut String, usize) -> std::fmt::Result,
) -> String {
    let mut list = String::new();
    for number in numbers {
        list.push_str(if list.is_empty() { "" } else { ", " });
        // Writing to a string cannot fail.
        let _ = item(&mut list, number);
    }
    sql.replace(marker, &list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_replace_names_outside_of_quotes() {
        assert_eq!(with_numbers("SELECT '$1''$2', \"a$3\", $12+$1"), "SELECT '$1''$2', \"a$3\", ?12+?1");
    }

    #[test]
    fn lists_stand_where_the_marker_stood() {
        assert_eq!(with_ids("x = $1 AND id IN ($IDS)", 1, 3), "x = $1 AND id IN ($2, $3, $4)");
        assert_eq!(
            with_pairs("VALUES $PAIRS", 0, 2),
            "VALUES (CAST($1 AS BIGINT), CAST($2 AS BIGINT)), (CAST($3 AS BIGINT), CAST($4 AS BIGINT))"
        );
    }
}
