//! Every statement of the repositories prepares on both engines.
//!
//! Statements are string literals of `src/repo/*.rs` that begin with SELECT, INSERT, UPDATE, DELETE or WITH, and what
//! `table!` makes of its lists of columns. One behind `Dialect::Sqlite =>` or `Dialect::Postgres =>` is for that engine
//! alone. Names in braces are filled in where the file says with what; a statement
//! with others is left out and named in the test's output.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use zaun_store::Dialect;

use crate::world::Place;

/// A statement with the file it stands in, and the engine if it is for one alone.
#[derive(Debug)]
struct Found {
    file: String,
    sql: String,
    only: Option<Dialect>,
}

#[test]
fn every_statement_prepares_on_sqlite() {
    let place = Place::sqlite().unwrap();
    drop(place.open());
    let Place::Sqlite(folder) = &place else { unreachable!() };
    let connection = rusqlite::Connection::open(folder.path().join("t.db")).unwrap();
    check(Dialect::Sqlite, |sql| connection.prepare(sql).map(drop).map_err(|e| e.to_string()));
}

#[test]
fn every_statement_prepares_on_postgres() {
    let Some(place) = Place::postgres() else { return };
    drop(place.open());
    let Place::Postgres(url) = &place else { unreachable!() };
    let mut client = postgres::Client::connect(url, postgres::NoTls).unwrap();
    check(Dialect::Postgres, |sql| match client.prepare(sql) {
        // The store tells the types of parameters that say nothing of themselves.
        Err(error) if error.code() == Some(&postgres::error::SqlState::INDETERMINATE_DATATYPE) => Ok(()),
        Err(error) => Err(error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string)),
        Ok(_) => Ok(()),
    });
}

fn check(dialect: Dialect, mut prepare: impl FnMut(&str) -> Result<(), String>) {
    let statements = statements();
    assert!(statements.len() > 50, "only {} statements were found", statements.len());
    let mut refused = String::new();
    for Found { file, sql, only } in statements {
        if only.is_some_and(|only| only != dialect) {
            continue;
        }
        if let Err(why) = prepare(&sql) {
            let _ = writeln!(refused, "{file}: {why}\n    {sql}");
        }
    }
    assert!(refused.is_empty(), "{refused}");
}

fn statements() -> Vec<Found> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/repo");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut found = Vec::new();
    for path in files {
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        let mut add = |sql, only| found.push(Found { file: file.clone(), sql, only });
        declared_tables(&text).into_iter().for_each(|sql| add(sql, None));
        let literals = literals(&text);
        for literal in &literals {
            for sql in filled(&literal.text, &literals) {
                if !begins_like_a_statement(&sql) {
                    continue;
                }
                if sql.contains(['{', '}']) {
                    println!("left out of {file}: {sql}");
                } else {
                    add(with_lists(&sql), literal.only);
                }
            }
        }
    }
    found
}

fn begins_like_a_statement(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].contains(&first) && text.split_whitespace().count() > 1
}

/// A string literal with the source that stands before it, back to the last semicolon or brace.
struct Literal {
    before: String,
    text: String,
    only: Option<Dialect>,
}

/// The string literals of a source, outside of comments and of the blocks for tests.
fn literals(source: &str) -> Vec<Literal> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = Vec::new();
    let mut rest = source;
    let mut before = String::new();
    while let Some(c) = rest.chars().next() {
        if rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if rest.starts_with("'\"'") {
            rest = &rest[3..];
        } else if c == '"' {
            let (text, after) = literal(&rest[1..]);
            let arm = before.trim_end().trim_end_matches("format!(").trim_end_matches('{').trim_end();
            let only = [("Dialect::Sqlite =>", Dialect::Sqlite), ("Dialect::Postgres =>", Dialect::Postgres)]
                .into_iter()
                .find_map(|(start, dialect)| arm.ends_with(start).then_some(dialect));
            let before = before.rsplit([';', '{', '}']).next().unwrap_or_default().trim().to_owned();
            found.push(Literal { before, text, only });
            rest = after;
        } else {
            before.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    found
}

/// Reads a literal up to its closing quote; returns it and what follows.
fn literal(source: &str) -> (String, &str) {
    let mut text = String::new();
    let mut rest = source.char_indices();
    while let Some((at, c)) = rest.next() {
        match c {
            '"' => return (text, &source[at + 1..]),
            '\\' => match rest.next() {
                // A line that goes on without its indentation.
                Some((_, '\n')) => {
                    let after = rest.as_str().trim_start();
                    rest = source[source.len() - after.len()..].char_indices();
                    let (more, after) = literal(rest.as_str());
                    return (text + &more, after);
                }
                Some((_, 'n')) => text.push('\n'),
                Some((_, other)) => text.push(other),
                None => {}
            },
            _ => text.push(c),
        }
    }
    (text, "")
}

/// The forms of a literal with its names in braces filled in: `{COLUMNS}` by the constant, `{}` after SELECT by `*`,
/// a direction by DESC, and the last part by every literal that is handed to the function which puts it there.
fn filled(text: &str, all: &[Literal]) -> Vec<String> {
    let mut text = text.to_owned();
    for constant in all {
        let name = constant.before.split("const ").nth(1).and_then(|after| after.split(':').next());
        if let Some(name) = name {
            text = text.replace(&format!("{{{name}}}"), &constant.text);
        }
    }
    text = text.replace("SELECT {}", "SELECT *").replace("{order}", "DESC");
    for (name, maker) in [("{rest}", "select("), ("{condition}", "sql(")] {
        if text.contains(name) {
            let parts = all.iter().filter(|part| part.before.ends_with(maker));
            return parts.map(|part| text.replace(name, &part.text)).collect();
        }
    }
    vec![text]
}

/// The statements that `table!` makes: `Name in "table" { column: Type, … }`.
fn declared_tables(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for block in source.split("table! {").skip(1) {
        let Some((head, body)) = block.split_once("\" {") else { continue };
        let Some((_, table)) = head.split_once(" in \"") else { continue };
        let lines =
            body.lines().map(str::trim).take_while(|line| *line != "}").filter(|line| !line.starts_with('/'));
        let columns: Vec<&str> =
            lines.filter_map(|line| line.split_once(':')).map(|(name, _)| name).collect();
        let numbers: Vec<String> = (1..=columns.len()).map(|number| format!("${number}")).collect();
        let (columns, numbers) = (columns.join(", "), numbers.join(", "));
        found.push(format!("SELECT {columns} FROM {table}"));
        found.push(format!("INSERT INTO {table} ({columns}) VALUES ({numbers})"));
    }
    found
}

/// Writes lists of two where the markers stand, after the other parameters.
fn with_lists(sql: &str) -> String {
    let number = |part: &str| {
        let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<usize>().unwrap_or(0)
    };
    let next = sql.split('$').skip(1).map(number).max().unwrap_or(0) + 1;
    let pair = |k: usize| format!("(CAST(${k} AS BIGINT), CAST(${} AS BIGINT))", k + 1);
    sql.replace("$IDS", &format!("${next}, ${}", next + 1))
        .replace("$PAIRS", &format!("{}, {}", pair(next), pair(next + 2)))
}
