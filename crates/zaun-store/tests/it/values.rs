//! Parameters and columns mean the same on both engines.

use zaun_store::{Param, StoreError, ddl, params};

use crate::world::{Place, insert, on_both_engines};

on_both_engines!(
    every_kind_of_value_comes_back,
    aggregates_and_conditions_are_integers,
    a_parameter_may_be_used_twice_and_in_any_order,
    a_wrong_number_of_parameters_is_an_error,
    a_wrong_type_is_an_error,
    texts_are_ordered_by_their_bytes,
    statements_are_counted,
    the_same_statement_may_run_inside_itself,
    ids_are_counted_by_the_database,
    a_text_with_a_nul_character_is_refused,
);

async fn every_kind_of_value_comes_back(place: Place) {
    let store = place.open();
    let rows = store
        .write(|tx| {
            let table = "CREATE TABLE kinds (i BIGINT, t TEXT, b BLOB, f REAL)";
            tx.execute(ddl(table, tx.dialect()).trim(), &[])?;
            let insert = "INSERT INTO kinds (i, t, b) VALUES ($1, $2, $3)";
            tx.execute(insert, params![i64::MIN, "zäun\u{10ffff}", b"\x00\xff".as_slice()])?;
            tx.execute(insert, &[Param::Null, Param::Null, Param::Null])?;
            tx.execute(insert, params![true, "", &Vec::new()])?;
            tx.execute("UPDATE kinds SET f = 1.5 WHERE i = $1", params![1i64])?;
            tx.query(
                "SELECT i, t, b, f FROM kinds WHERE i IS NULL OR i <> $1 ORDER BY t",
                params![7i64],
                |row| {
                    let (i, t): (Option<i64>, Option<String>) = (row.column(0)?, row.column(1)?);
                    Ok((i, t, row.column::<Option<Vec<u8>>>(2)?, row.column::<Option<f64>>(3)?))
                },
            )
        })
        .await
        .unwrap();
    let mut expected = vec![
        (Some(1), Some(String::new()), Some(vec![]), Some(1.5)),
        (Some(i64::MIN), Some("zäun\u{10ffff}".to_owned()), Some(vec![0, 255]), None),
    ];
    let null = (None, None, None, None);
    // NULL is first in SQLite and last in PostgreSQL.
    let place = if matches!(place, Place::Sqlite(_)) { 0 } else { 2 };
    expected.insert(place, null);
    assert_eq!(rows, expected);
}

async fn aggregates_and_conditions_are_integers(place: Place) {
    let store = place.open_with_pairs().await;
    let sums =
        "SELECT sum(n), coalesce(sum(n), 0), count(*), max(n), EXISTS (SELECT 1 FROM pairs WHERE n = 2)
        FROM pairs WHERE n < $1";
    let sum = async |below: i64| {
        let result: Result<_, StoreError> = store
            .write(move |tx| {
                tx.execute(
                "INSERT INTO pairs (name, n) VALUES ('a', 1), ('b', 2), ('c', 40000) ON CONFLICT DO NOTHING",
                &[],
            )?;
                tx.query_one(sums, params![below], |row| {
                    let numbers: (Option<i64>, i64, i32) = (row.column(0)?, row.column(1)?, row.column(2)?);
                    Ok((numbers, row.column::<Option<i64>>(3)?, row.column::<bool>(4)?))
                })
            })
            .await;
        result
    };
    assert_eq!(sum(100_000).await.unwrap(), Some(((Some(40_003), 40_003, 3), Some(40_000), true)));
    assert_eq!(sum(0).await.unwrap(), Some(((None, 0, 0), None, true)));
}

async fn a_parameter_may_be_used_twice_and_in_any_order(place: Place) {
    let store = place.open_with_pairs().await;
    let names = store
        .write(|tx| {
            tx.execute(
                "INSERT INTO pairs (n, name) VALUES ($2, $1), ($2 + $2, $1 || '$2')",
                params!["a", 4i64],
            )?;
            let sql =
                "SELECT name FROM pairs WHERE n >= $2 AND n <= $3 AND (name = $1 OR n = $2 + 4) ORDER BY n";
            tx.query(sql, params!["a", 4i64, 8i64], |row| row.column::<String>(0))
        })
        .await
        .unwrap();
    assert_eq!(names, ["a", "a$2"]);
}

async fn a_wrong_number_of_parameters_is_an_error(place: Place) {
    let store = place.open_with_pairs().await;
    let sql = "SELECT n FROM pairs WHERE n = $1";
    let too_few = store.read(move |tx| tx.query(sql, &[], |_| Ok(()))).await;
    assert!(matches!(too_few, Err(StoreError::Statement(_))), "{too_few:?}");
    if let Place::Sqlite(_) = place {
        // PostgreSQL takes a parameter that has a type and no use.
        let too_many = store.read(move |tx| tx.query(sql, params![1i64, 2i64], |_| Ok(()))).await;
        assert!(matches!(too_many, Err(StoreError::Statement(_))), "{too_many:?}");
    }
}

async fn a_wrong_type_is_an_error(place: Place) {
    let store = place.open_with_pairs().await;
    store.write(|tx| insert(tx, "a", 1)).await.unwrap();
    let text = store.read(|tx| tx.scalar::<String>("SELECT n FROM pairs", &[])).await;
    assert!(matches!(&text, Err(StoreError::Statement(why)) if why.contains("column 0")), "{text:?}");
    let number = store.read(|tx| tx.scalar::<i64>("SELECT name FROM pairs", &[])).await;
    assert!(matches!(number, Err(StoreError::Statement(_))), "{number:?}");
    let narrow = store.read(|tx| tx.scalar::<i32>("SELECT n + 5000000000 FROM pairs", &[])).await;
    assert!(matches!(narrow, Err(StoreError::Statement(_))), "{narrow:?}");
    // A reader's mistake is no failure of the statement: the transaction goes on.
    let found = store
        .read(|tx| {
            let _ = tx.scalar::<String>("SELECT n FROM pairs", &[]);
            tx.scalar::<i64>("SELECT n FROM pairs", &[])
        })
        .await;
    assert_eq!(found.unwrap(), 1);
}

async fn texts_are_ordered_by_their_bytes(place: Place) {
    let store = place.open();
    let names = store
        .write(|tx| {
            tx.execute(ddl("CREATE TABLE names (name TEXT PRIMARY KEY)", tx.dialect()).trim(), &[])?;
            tx.execute("INSERT INTO names (name) VALUES ('b'), ('a_'), ('ab'), ('B'), ('ä')", &[])?;
            let sql = "SELECT name FROM names WHERE name >= $1 ORDER BY name";
            tx.query(sql, params!["B"], |row| row.column::<String>(0))
        })
        .await
        .unwrap();
    assert_eq!(names, ["B", "a_", "ab", "b", "ä"]);
}

async fn statements_are_counted(place: Place) {
    let store = place.open_with_pairs().await;
    let counted = store
        .write(|tx| {
            insert(tx, "a", 1)?;
            tx.query("SELECT n FROM pairs", &[], |_| Ok(()))?;
            tx.query_in("SELECT n FROM pairs WHERE n IN ($IDS)", &[], &[], |_| Ok(()))?;
            Ok::<_, StoreError>(tx.statements())
        })
        .await;
    assert_eq!(counted.unwrap(), 2);
}

async fn the_same_statement_may_run_inside_itself(place: Place) {
    let store = place.open_with_pairs().await;
    let sums = store
        .write(|tx| {
            for n in 0..3 {
                insert(tx, &n.to_string(), n)?;
            }
            let sql = "SELECT n FROM pairs ORDER BY n";
            tx.query(sql, &[], |outer| {
                let inner = tx.query(sql, &[], |inner| inner.column::<i64>(0))?;
                Ok(outer.column::<i64>(0)? + inner.iter().sum::<i64>())
            })
        })
        .await;
    assert_eq!(sums.unwrap(), [3, 4, 5]);
}

async fn ids_are_counted_by_the_database(place: Place) {
    let store = place.open();
    let ids = store
        .write(|tx| {
            let table = "CREATE TABLE things (id INTEGER PRIMARY KEY AUTOINCREMENT, n BIGINT)";
            tx.execute(ddl(table, tx.dialect()).trim(), &[])?;
            let next = || tx.scalar::<i64>("INSERT INTO things (n) VALUES ($1) RETURNING id", params![5i64]);
            tx.count_ids_from("things", 100)?;
            let first = [next()?, next()?];
            tx.count_ids_from("things", 50)?;
            let second = next()?;
            tx.count_ids_from("things", 1000)?;
            Ok::<_, StoreError>([first[0], first[1], second, next()?])
        })
        .await;
    assert_eq!(ids.unwrap(), [100, 101, 102, 1000]);
}

async fn a_text_with_a_nul_character_is_refused(place: Place) {
    let store = place.open_with_pairs().await;
    let refused = store.write(|tx| insert(tx, "a\0b", 1)).await;
    assert!(matches!(refused, Err(StoreError::NulInText)), "{refused:?}");
    let blob = store.read(|tx| tx.scalar::<Vec<u8>>("SELECT $1", params![&b"a\0b"[..]])).await.unwrap();
    assert_eq!(blob, b"a\0b");
}
