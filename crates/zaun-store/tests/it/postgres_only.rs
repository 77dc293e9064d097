//! What only PostgreSQL does: nodes, connections that end.

use zaun_store::{Options, Store, StoreError};

use zaun_pgtest::run;

use crate::world::{Place, count, insert};

/// Ends the connections of all stores to the database.
const CUT: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()";

fn database() -> Option<(Place, String)> {
    let place = Place::postgres()?;
    let Place::Postgres(url) = &place else { unreachable!() };
    let url = url.clone();
    Some((place, url))
}

#[tokio::test]
async fn a_connection_that_ended_is_made_anew() {
    let Some((place, url)) = database() else { return };
    let store = place.open_with_pairs().await;
    for n in 0..3 {
        store.write(move |tx| insert(tx, &n.to_string(), n)).await.unwrap();
        assert_eq!(store.read(count).await.unwrap(), n + 1);
        run(&url, CUT);
    }
    assert_eq!(store.read(count).await.unwrap(), 3);
}

#[tokio::test]
async fn a_closure_whose_connection_ended_is_run_again() {
    let Some((place, url)) = database() else { return };
    let store = place.open_with_pairs().await;
    let cut = std::sync::Once::new();
    store
        .write(move |tx| {
            insert(tx, "a", 1)?;
            cut.call_once(|| run(&url, CUT));
            insert(tx, "b", 2)
        })
        .await
        .unwrap();
    assert_eq!(store.read(count).await.unwrap(), 2);
}

/// What was answered with `Ok` is there once; nothing fails but commits whose answer was lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_end_under_load_lose_nothing_that_was_answered() {
    let Some((place, url)) = database() else { return };
    let store = place.open_with_pairs().await;
    let tasks: Vec<_> = (0..400)
        .map(|n: i64| {
            let store = store.clone();
            tokio::spawn(async move {
                let name = n.to_string();
                store.write(move |tx| insert(tx, &name, n)).await.map(|_| n)
            })
        })
        .collect();
    for _ in 0..5 {
        let url = url.clone();
        tokio::task::spawn_blocking(move || run(&url, CUT)).await.unwrap();
    }
    let mut kept = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            Ok(n) => kept.push(n),
            Err(StoreError::Unreachable { .. }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    let there =
        store.read(|tx| tx.query("SELECT n FROM pairs", &[], |row| row.column::<i64>(0))).await.unwrap();
    assert!(kept.len() > 300, "{}", kept.len());
    assert!(kept.iter().all(|n| there.contains(n)));
}

#[test]
fn nodes_that_start_together_migrate_one_after_the_other() {
    let Some((_, url)) = database() else { return };
    let nodes: Vec<_> = (0..4)
        .map(|_| {
            let url = url.clone();
            std::thread::spawn(move || Store::open_postgres(&url, &Options::default()).map(drop))
        })
        .collect();
    for node in nodes {
        node.join().unwrap().unwrap();
    }
}

#[test]
fn a_database_of_a_newer_program_is_refused() {
    let Some((place, url)) = database() else { return };
    drop(place.open());
    run(&url, "UPDATE schema_version SET version = 9999");
    let refused = place.try_open(&Options::default()).err().unwrap();
    assert!(matches!(refused, StoreError::TooNew { found: 9999, .. }), "{refused:?}");
}

#[test]
fn a_server_that_is_not_there_is_named_without_the_password() {
    let refused = Store::open_postgres("postgresql://u:geheim@127.0.0.1:1/zaun", &Options::default());
    let error = refused.err().unwrap();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("zaun at 127.0.0.1") && !text.contains("geheim"), "{text}");
}

#[tokio::test]
async fn two_nodes_write_the_same_rows_and_lose_nothing() {
    let Some((place, _)) = database() else { return };
    let nodes = [place.open_with_pairs().await, place.open()];
    nodes[0].write(|tx| insert(tx, "sum", 0)).await.unwrap();
    let tasks: Vec<_> = (0..200)
        .map(|n| {
            let store = nodes[n % 2].clone();
            tokio::spawn(async move {
                store
                    .write(|tx| {
                        let n: i64 = tx.scalar("SELECT n FROM pairs", &[])?;
                        tx.execute("UPDATE pairs SET n = $1", zaun_store::params![n + 1])
                    })
                    .await
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(nodes[1].read(|tx| tx.scalar::<i64>("SELECT n FROM pairs", &[])).await.unwrap(), 200);
}
