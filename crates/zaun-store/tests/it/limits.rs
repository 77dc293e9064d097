//! No closure takes too long, and no user holds the others up.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use zaun_store::{Budget, MAX_QUEUED_PER_USER, Options, StoreError, Tx};

use crate::world::{Place, count, insert, on_both_engines};

on_both_engines!(
    a_read_that_never_ends_is_ended,
    a_write_that_never_ends_costs_only_itself,
    many_short_statements_count_together,
    users_are_served_in_turn,
    one_user_never_has_all_readers,
    a_user_with_too_many_closures_is_refused,
    a_user_who_spent_its_budget_waits,
);

fn never_ends(tx: &Tx<'_>) -> Result<i64, StoreError> {
    tx.scalar(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i % 10 + 1 FROM n) SELECT count(*) FROM n WHERE i < 0",
        &[],
    )
}

async fn a_read_that_never_ends_is_ended(place: Place) {
    let store = place.open_with_pairs().await;
    let ended = store.read(never_ends).await;
    assert!(matches!(ended, Err(StoreError::TooSlow)), "{ended:?}");
    assert_eq!(store.read(count).await.unwrap(), 0);
}

async fn a_write_that_never_ends_costs_only_itself(place: Place) {
    let store = place.open_with_pairs().await;
    let others = (0..40).map(|n| {
        let store = store.clone();
        tokio::spawn(async move {
            store
                .write(move |tx| {
                    insert(tx, &n.to_string(), n)?;
                    if n == 20 {
                        tx.execute(
                            "INSERT INTO pairs (name, n) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i % 10 + 1
                             FROM n) SELECT 'x', i FROM n WHERE i < 0",
                            &[],
                        )?;
                    }
                    Ok::<_, StoreError>(())
                })
                .await
        })
    });
    for (n, task) in others.collect::<Vec<_>>().into_iter().enumerate() {
        match task.await.unwrap() {
            Ok(()) => assert_ne!(n, 20),
            Err(StoreError::TooSlow) => assert_eq!(n, 20),
            other => panic!("{n}: {other:?}"),
        }
    }
    assert_eq!(store.read(count).await.unwrap(), 39);
}

async fn many_short_statements_count_together(place: Place) {
    let store = place.open_with_pairs().await;
    let ended: Result<(), StoreError> = store
        .read(|tx| {
            loop {
                count(tx)?;
            }
        })
        .await;
    assert!(matches!(ended, Err(StoreError::TooSlow)), "{ended:?}");
}

/// Opens a store whose first closures of user 1 wait until the returned sender is dropped: as many as there are
/// readers. Returns when so many run as may at once.
async fn with_busy_readers(place: &Place, readers: usize) -> (zaun_store::Store, mpsc::Sender<()>) {
    place.open_with_pairs().await;
    let store = place.try_open(&Options { readers, ..Options::default() }).unwrap();
    let (hold, held) = mpsc::channel::<()>();
    let held = Arc::new(Mutex::new(held));
    let (began, mut begun) = tokio::sync::mpsc::unbounded_channel();
    for _ in 0..readers {
        let (reader, held, began) = (store.clone(), held.clone(), began.clone());
        tokio::spawn(async move {
            reader
                .read_as(1, move |_| {
                    began.send(()).unwrap();
                    let _ = held.lock().unwrap().recv();
                    Ok::<_, StoreError>(())
                })
                .await
        });
    }
    for _ in 0..(readers - 1).max(1) {
        begun.recv().await.unwrap();
    }
    (store, hold)
}

/// The readers wait in their closures, not in statements, so only the queue can help the second user.
async fn one_user_never_has_all_readers(place: Place) {
    let (store, hold) = with_busy_readers(&place, 3).await;
    for _ in 0..3 {
        assert_eq!(store.read_as(2, count).await.unwrap(), 0);
    }
    drop(hold);
    assert_eq!(store.read_as(1, count).await.unwrap(), 0);
}

async fn users_are_served_in_turn(place: Place) {
    let (store, hold) = with_busy_readers(&place, 1).await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = Vec::new();
    for user in [1, 1, 1, 1, 2, 2, 3] {
        let (store, order) = (store.clone(), order.clone());
        let mut read = Box::pin(async move {
            store
                .read_as(user, move |_| {
                    order.lock().unwrap().push(user);
                    Ok::<_, StoreError>(())
                })
                .await
        });
        // Polled once, the closure stands in the queue.
        assert!(poll_once(&mut read).await.is_none());
        tasks.push(read);
    }
    drop(hold);
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), [1, 2, 3, 1, 2, 1, 1]);
}

async fn a_user_with_too_many_closures_is_refused(place: Place) {
    let (store, hold) = with_busy_readers(&place, 1).await;
    let mut waiting = Vec::new();
    for _ in 0..MAX_QUEUED_PER_USER {
        let store = store.clone();
        // Without the runtime's share for one task, so many polls in a row would only be told to come back later.
        let read = async move { store.read_as(7, count).await };
        let mut read = Box::pin(tokio::task::unconstrained(read));
        assert!(poll_once(&mut read).await.is_none());
        waiting.push(read);
    }
    let refused = tokio::task::unconstrained(store.read_as(7, count)).await;
    assert!(matches!(refused, Err(StoreError::Busy)), "{refused:?}");
    let mut other = Box::pin(tokio::task::unconstrained(store.read_as(8, count)));
    assert!(poll_once(&mut other).await.is_none());
    drop(hold);
    assert_eq!(other.await.unwrap(), 0);
    for read in waiting {
        assert_eq!(read.await.unwrap(), 0);
    }
}

async fn a_user_who_spent_its_budget_waits(place: Place) {
    let store = place.open_with_pairs().await;
    // Any closure takes longer than what can be saved here, and nothing to speak of is added again.
    let budget = Budget { per_second: Duration::from_nanos(1), saved: Duration::from_nanos(1) };
    store.set_user_budget(Some(budget));
    assert_eq!(store.read_as(7, count).await.unwrap(), 0);
    for refused in [store.read_as(7, count).await, store.write_as(7, count).await] {
        assert!(matches!(refused, Err(StoreError::Spent { seconds: 1.. })), "{refused:?}");
    }
    assert_eq!(store.read_as(8, count).await.unwrap(), 0, "everybody has a budget of its own");
    assert_eq!((store.read(count).await.unwrap(), store.read(count).await.unwrap()), (0, 0));
    store.set_user_budget(None);
    assert_eq!(store.read_as(7, count).await.unwrap(), 0);
}

/// Polls a future once.
async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}
