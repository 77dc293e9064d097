//! Lists of ids and of pairs.

use zaun_store::{MAX_IDS, MAX_PAIRS, Store, StoreError, params};

use crate::world::{Place, on_both_engines};

on_both_engines!(
    every_id_is_found_however_long_the_list,
    a_list_changes_rows,
    pairs_are_found_and_the_filling_is_not,
    pairs_are_found_through_an_index,
);

/// A table `cells` of 3 boxes with 1,000 ids each; `value` is the product of both.
async fn cells(place: &Place) -> Store {
    let store = place.open();
    store
        .write(|tx| {
            tx.execute(
                "CREATE TABLE cells (box_id BIGINT, id BIGINT, value BIGINT, PRIMARY KEY (box_id, id))",
                &[],
            )?;
            tx.execute(
                "WITH RECURSIVE ids(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM ids WHERE id < 1000),
                 boxes(box_id) AS (SELECT 1 UNION ALL SELECT box_id + 1 FROM boxes WHERE box_id < 3)
                 INSERT INTO cells (box_id, id, value) SELECT box_id, id, box_id * id FROM boxes, ids",
                &[],
            )
        })
        .await
        .unwrap();
    store
}

async fn every_id_is_found_however_long_the_list(place: Place) {
    let store = cells(&place).await;
    for length in [0, 1, 2, 3, 5, 511, MAX_IDS, MAX_IDS + 1, 1000] {
        let ids: Vec<i64> = (1..).take(length).collect();
        let wanted = ids.clone();
        let (found, statements) = store
            .read(move |tx| {
                let sql = "SELECT value FROM cells WHERE box_id = $1 AND id IN ($IDS) ORDER BY id";
                let found = tx.query_in(sql, params![2i64], &wanted, |row| row.column::<i64>(0))?;
                Ok::<_, StoreError>((found, tx.statements()))
            })
            .await
            .unwrap();
        assert_eq!(found, ids.iter().map(|id| 2 * id).collect::<Vec<_>>());
        assert_eq!(statements, length.div_ceil(MAX_IDS) as u64);
    }
}

async fn a_list_changes_rows(place: Place) {
    let store = cells(&place).await;
    let changed = store
        .write(|tx| {
            let ids: Vec<i64> = (0..700).collect();
            tx.execute_in(
                "UPDATE cells SET value = $1 WHERE id IN ($IDS) AND box_id = $2",
                params![7i64, 1i64],
                &ids,
            )
        })
        .await;
    assert_eq!(changed.unwrap(), 699);
}

async fn pairs_are_found_and_the_filling_is_not(place: Place) {
    let store = cells(&place).await;
    for length in [0, 1, 3, MAX_PAIRS, MAX_PAIRS + 3, 900] {
        let pairs: Vec<(i64, i64)> = (1..).take(length).map(|id| (id % 3 + 1, id)).chain([(9, 9)]).collect();
        let wanted = pairs.clone();
        let mut found = store
            .read(move |tx| {
                tx.query_pairs(
                    "SELECT c.box_id, c.id, c.value FROM (VALUES $PAIRS) AS v
                     JOIN cells c ON c.box_id = v.column1 AND c.id = v.column2 WHERE c.value > $1",
                    params![0i64],
                    &wanted,
                    |row| Ok(((row.column(0)?, row.column(1)?), row.column::<i64>(2)?)),
                )
            })
            .await
            .unwrap();
        found.sort_by_key(|((_, id), _)| *id);
        let expected = pairs[..length].iter().map(|pair| (*pair, pair.0 * pair.1));
        assert_eq!(found, expected.collect::<Vec<_>>());
    }
}

async fn pairs_are_found_through_an_index(place: Place) {
    let Place::Sqlite(_) = place else { return };
    let store = cells(&place).await;
    let plan = store
        .read(|tx| {
            tx.query_pairs(
                "EXPLAIN QUERY PLAN SELECT c.value FROM (VALUES $PAIRS) AS v
                 JOIN cells c ON c.box_id = v.column1 AND c.id = v.column2",
                &[],
                &[(1, 1), (2, 2), (3, 3)],
                |row| row.column::<String>(3),
            )
        })
        .await
        .unwrap();
    let looked_up =
        |step: &String| step.contains("SEARCH c USING INDEX") && step.contains("box_id=? AND id=?");
    assert!(plan.iter().any(looked_up), "{plan:?}");
}
