//! What a transaction promises, on both engines.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use zaun_store::{Options, Store, StoreError, Tx, params};

use crate::world::{Place, count, insert, on_both_engines};

on_both_engines!(
    a_failed_closure_rolls_back_its_own_changes_only,
    a_read_sees_every_write_answered_before,
    a_panicking_closure_costs_only_itself,
    a_constraint_violation_is_named_and_leaves_the_others_alive,
    an_error_names_no_values,
    a_statement_that_failed_cannot_be_overlooked,
    data_survives_reopening_and_readers_cannot_write,
    what_is_read_and_written_in_one_closure_is_not_lost,
    a_row_that_several_find_missing_is_made_once,
    rows_taken_in_opposite_orders_do_not_stop_each_other,
    what_is_answered_is_what_is_kept,
    a_closed_store_says_so,
    after_runs_once_after_the_commit,
);

async fn all<T: Send + 'static>(
    count: i64,
    store: &Store,
    work: impl Fn(i64, &Tx<'_>) -> Result<T, StoreError> + Clone + Send + 'static,
) -> Vec<Result<T, StoreError>> {
    let tasks: Vec<_> = (0..count)
        .map(|n| {
            let (store, work) = (store.clone(), work.clone());
            tokio::spawn(async move { store.write(move |tx| work(n, tx)).await })
        })
        .collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

async fn a_failed_closure_rolls_back_its_own_changes_only(place: Place) {
    let store = place.open_with_pairs().await;
    let results = all(200, &store, |n, tx| {
        insert(tx, &format!("n{n}"), n)?;
        if n % 2 == 0 { Err(StoreError::Closed) } else { Ok(n) }
    })
    .await;
    for (n, result) in (0..).zip(&results) {
        assert_eq!(result.as_ref().ok(), Some(&n).filter(|n| *n % 2 == 1), "{result:?}");
    }
    assert_eq!(store.read(count).await.unwrap(), 100);
    let even = "SELECT count(*) FROM pairs WHERE n % 2 = 0";
    assert_eq!(store.read(|tx| tx.scalar::<i64>(even, &[])).await.unwrap(), 0);
}

async fn a_read_sees_every_write_answered_before(place: Place) {
    let store = place.open_with_pairs().await;
    for n in 1..=50i64 {
        store.write(move |tx| insert(tx, &n.to_string(), n)).await.unwrap();
        assert_eq!(store.read(count).await.unwrap(), n);
    }
}

async fn a_panicking_closure_costs_only_itself(place: Place) {
    let store = place.open_with_pairs().await;
    let results = all(20, &store, |n, tx| {
        insert(tx, &n.to_string(), n)?;
        assert!(n != 7, "boom");
        Ok(())
    })
    .await;
    let failed: Vec<_> = results.iter().filter(|result| result.is_err()).collect();
    assert!(matches!(failed[..], [Err(StoreError::Panicked)]), "{failed:?}");
    assert_eq!(store.read(count).await.unwrap(), 19);
}

async fn a_constraint_violation_is_named_and_leaves_the_others_alive(place: Place) {
    let store = place.open_with_pairs().await;
    store.write(|tx| insert(tx, "5", 1)).await.unwrap();
    let results = all(10, &store, |n, tx| insert(tx, &n.to_string(), n)).await;
    for (n, result) in results.iter().enumerate() {
        match result {
            Ok(1) => assert_ne!(n, 5),
            Err(StoreError::Constraint(_)) => assert_eq!(n, 5),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(store.read(count).await.unwrap(), 10);
}

async fn an_error_names_no_values(place: Place) {
    let store = place.open_with_pairs().await;
    let twice =
        |tx: &Tx<'_>| insert(tx, "49151234567", 4_711_000).and_then(|_| insert(tx, "49151234567", 4_711_000));
    let wrong = |tx: &Tx<'_>| {
        tx.query(
            "SELECT n FROM pairs WHERE name = $1 AND n = $2",
            params!["49151234567", "4711000"],
            |_| Ok(()),
        )?;
        tx.query("SELECT n FROM nothing WHERE name = $1", params!["49151234567"], |_| Ok(()))
    };
    let errors = [store.write(twice).await.err().unwrap(), store.write(wrong).await.err().unwrap()];
    for error in errors {
        let text = format!("{error} {error:?}");
        assert!(!text.contains("4915") && !text.contains("4711"), "{text}");
    }
}

async fn a_statement_that_failed_cannot_be_overlooked(place: Place) {
    let store = place.open_with_pairs().await;
    let overlooked = store
        .write(|tx| {
            insert(tx, "a", 1)?;
            let _ = insert(tx, "a", 2);
            Ok::<_, StoreError>(())
        })
        .await;
    assert!(matches!(overlooked, Err(StoreError::Constraint(_))), "{overlooked:?}");
    assert_eq!(store.read(count).await.unwrap(), 0);
}

async fn data_survives_reopening_and_readers_cannot_write(place: Place) {
    let store = place.open_with_pairs().await;
    store.write(|tx| insert(tx, "a", 1)).await.unwrap();
    drop(store);
    let store = place.open();
    assert_eq!(store.read(count).await.unwrap(), 1);
    let refused = store.read(|tx| tx.execute("DELETE FROM pairs", &[])).await;
    assert!(matches!(refused, Err(StoreError::ReadOnly { .. })), "{refused:?}");
    assert_eq!(store.read(count).await.unwrap(), 1);
}

async fn what_is_read_and_written_in_one_closure_is_not_lost(place: Place) {
    let store = place.open_with_pairs().await;
    store.write(|tx| insert(tx, "sum", 0)).await.unwrap();
    let results = all(60, &store, |_, tx| {
        let n: i64 = tx.scalar("SELECT n FROM pairs WHERE name = $1", params!["sum"])?;
        tx.execute("UPDATE pairs SET n = $1 WHERE name = $2", params![n + 1, "sum"])
    })
    .await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert_eq!(store.read(|tx| tx.scalar::<i64>("SELECT n FROM pairs", &[])).await.unwrap(), 60);
}

async fn a_row_that_several_find_missing_is_made_once(place: Place) {
    let store = place.open_with_pairs().await;
    let results = all(40, &store, |n, tx| {
        let found = tx.query_one("SELECT n FROM pairs WHERE name = $1", params!["x"], |row| row.column(0))?;
        match found {
            Some(first) => Ok(first),
            None => insert(tx, "x", n).map(|_| n),
        }
    })
    .await;
    let first = results[0].clone().unwrap();
    assert!(results.iter().all(|result| matches!(result, Ok(n) if *n == first)), "{results:?}");
}

async fn rows_taken_in_opposite_orders_do_not_stop_each_other(place: Place) {
    let store = place.open_with_pairs().await;
    store.write(|tx| insert(tx, "0", 0).and_then(|_| insert(tx, "1", 0))).await.unwrap();
    let results = all(40, &store, |n, tx| {
        for row in [n % 2, (n + 1) % 2] {
            tx.execute("UPDATE pairs SET n = n + 1 WHERE name = $1", params![&row.to_string()])?;
        }
        Ok(())
    })
    .await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert_eq!(store.read(|tx| tx.scalar::<i64>("SELECT sum(n) FROM pairs", &[])).await.unwrap(), 80);
}

/// Closures that succeed, refuse before and after they wrote, panic and break a rule, all at the same time.
async fn what_is_answered_is_what_is_kept(place: Place) {
    let store = place.open_with_pairs().await;
    store.write(|tx| insert(tx, "taken", -1)).await.unwrap();
    let results = all(300, &store, |n, tx| {
        let before = count(tx)?;
        match n * 7 % 11 {
            0 => return Err(StoreError::Closed),
            1 => insert(tx, "taken", n).map(drop)?,
            _ => {}
        }
        insert(tx, &n.to_string(), n)?;
        assert_eq!(count(tx)?, before + 1);
        match n * 7 % 11 {
            2 => Err(StoreError::Closed),
            3 => panic!("on purpose"),
            4 => insert(tx, &n.to_string(), n).map(|_| n),
            _ => Ok(n),
        }
    })
    .await;
    let kept = store
        .read(|tx| tx.query("SELECT n FROM pairs WHERE n >= 0 ORDER BY n", &[], |row| row.column::<i64>(0)));
    let answered: Vec<i64> = results.iter().filter_map(|result| result.as_ref().ok().copied()).collect();
    assert_eq!(kept.await.unwrap(), answered);
    assert_eq!(answered, (0..300).filter(|n| n * 7 % 11 > 4).collect::<Vec<_>>());
    for (n, result) in (0..).zip(results) {
        match n * 7 % 11 {
            0 | 2 => assert!(matches!(result, Err(StoreError::Closed)), "{n}: {result:?}"),
            1 | 4 => assert!(matches!(result, Err(StoreError::Constraint(_))), "{n}: {result:?}"),
            3 => assert!(matches!(result, Err(StoreError::Panicked)), "{n}: {result:?}"),
            _ => {}
        }
    }
}

async fn a_closed_store_says_so(place: Place) {
    let store = place.open_with_pairs().await;
    let other = store.clone();
    tokio::task::spawn_blocking(move || other.close()).await.unwrap();
    assert!(matches!(store.write(count).await, Err(StoreError::Closed)));
    assert!(matches!(store.read(count).await, Err(StoreError::Closed)));
    drop(store);
    let options = Options { readers: 1, ..Options::default() };
    assert_eq!(place.try_open(&options).unwrap().read(count).await.unwrap(), 0);
}

async fn after_runs_once_after_the_commit(place: Place) {
    let store = place.open_with_pairs().await;
    let calls = Arc::new(AtomicU32::new(0));
    for n in 0..4i64 {
        let calls = calls.clone();
        let result = store
            .write_then(
                move |tx| if n < 2 { insert(tx, &n.to_string(), n) } else { Err(StoreError::Closed) },
                move |rows| {
                    *rows += 10;
                    calls.fetch_add(1, Ordering::SeqCst);
                },
            )
            .await;
        assert_eq!(result.ok(), (n < 2).then_some(11));
    }
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}
