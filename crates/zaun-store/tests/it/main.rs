//! Store tests: transactions, group commit, faults.

use std::sync::Arc;

use zaun_store::{Options, Store, StoreError, params};

fn open() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("t.db"), &Options::default()).unwrap();
    (dir, store)
}

fn count(tx: &zaun_store::Tx<'_>) -> Result<i64, StoreError> {
    tx.scalar("SELECT count(*) FROM usernames", &[])
}

#[tokio::test]
async fn a_failed_closure_rolls_back_its_own_changes_only() {
    let (_dir, store) = open();
    let mut tasks = Vec::new();
    for n in 0..200i64 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            store
                .write(move |tx| {
                    let name = format!("n{n}");
                    tx.execute("INSERT INTO usernames VALUES ($1, $2)", params![&name, n])?;
                    if n % 2 == 0 { Err(StoreError::Closed) } else { Ok(()) }
                })
                .await
        }));
    }
    let mut kept = 0;
    for task in tasks {
        kept += i64::from(task.await.unwrap().is_ok());
    }
    assert_eq!(kept, 100);
    assert_eq!(store.read(count).await.unwrap(), 100);
}

#[tokio::test]
async fn a_read_sees_every_write_answered_before() {
    let (_dir, store) = open();
    for n in 1..=50i64 {
        store
            .write(move |tx| tx.execute("INSERT INTO usernames VALUES ($1, $2)", params![&n.to_string(), n]))
            .await
            .unwrap();
        assert_eq!(store.read(count).await.unwrap(), n);
    }
}

#[tokio::test]
async fn a_panicking_closure_costs_only_itself() {
    let (_dir, store) = open();
    let boom = store.write(|_| -> Result<(), StoreError> { panic!("boom") }).await;
    assert!(matches!(boom, Err(StoreError::Panicked)));
    store.write(|tx| tx.execute("INSERT INTO usernames VALUES ($1, $2)", params!["a", 1i64])).await.unwrap();
}

#[tokio::test]
async fn a_constraint_violation_is_named_and_leaves_the_group_alive() {
    let (_dir, store) = open();
    let insert =
        |tx: &zaun_store::Tx<'_>| tx.execute("INSERT INTO usernames VALUES ($1, $2)", params!["a", 1i64]);
    store.write(insert).await.unwrap();
    assert!(matches!(store.write(insert).await, Err(StoreError::Constraint(_))));
    assert_eq!(store.read(count).await.unwrap(), 1);
}

#[tokio::test]
async fn data_survives_reopening_and_readers_cannot_write() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.db");
    let store = Store::open(&path, &Options::default()).unwrap();
    store.write(|tx| tx.execute("INSERT INTO usernames VALUES ($1, $2)", params!["a", 1i64])).await.unwrap();
    drop(store);
    let store = Store::open(&path, &Options::default()).unwrap();
    assert_eq!(store.read(count).await.unwrap(), 1);
    let refused = store.read(|tx| tx.execute("DELETE FROM usernames", &[])).await;
    assert!(matches!(refused, Err(StoreError::ReadOnly { .. })), "{refused:?}");
}

#[test]
fn a_database_of_a_newer_program_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.db");
    drop(Store::open(&path, &Options::default()).unwrap());
    let bytes = std::fs::read(&path).unwrap();
    // Offset 60 of the file header holds user_version, big-endian.
    let mut newer = bytes;
    newer[60..64].copy_from_slice(&9999u32.to_be_bytes());
    std::fs::write(&path, newer).unwrap();
    let refused = Store::open(&path, &Options::default()).err().unwrap();
    assert!(matches!(refused, StoreError::TooNew { found: 9999, .. }), "{refused:?}");
}

#[test]
fn a_file_that_is_no_database_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.db");
    std::fs::write(&path, vec![7u8; 8192]).unwrap();
    let refused = Store::open(&path, &Options::default()).err().unwrap();
    assert!(matches!(refused, StoreError::Corrupt { .. }), "{refused:?}");
}

/// `PRAGMA max_page_count` makes SQLite report exactly what a full disk does.
#[tokio::test]
async fn a_full_disk_is_named_and_leaves_no_torn_state() {
    let (_dir, store) = open();
    store.write(|tx| tx.query("PRAGMA max_page_count = 100", &[], |_| Ok(()))).await.unwrap();
    let store = Arc::new(store);
    let mut full = 0;
    let mut kept = 0;
    for n in 0..100i64 {
        let result = store
            .write(move |tx| {
                let big = vec![1u8; 8000];
                tx.execute("INSERT INTO media VALUES ($1, 1, 0, $2)", params![n, &big])?;
                tx.execute("INSERT INTO usernames VALUES ($1, $2)", params![&n.to_string(), n])
            })
            .await;
        match result {
            Ok(_) => kept += 1,
            Err(StoreError::DiskFull { .. }) => full += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(full > 0 && kept > 0);
    let (media, names) = store
        .read(|tx| Ok::<_, StoreError>((tx.scalar::<i64>("SELECT count(*) FROM media", &[])?, count(tx)?)))
        .await
        .unwrap();
    assert_eq!((media, names), (kept, kept));
}
