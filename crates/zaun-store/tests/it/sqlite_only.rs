//! What only SQLite does: group commit, files, the write-ahead log.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use zaun_store::{Durability, MAX_WAL_BYTES, Options, Store, StoreError, params};

use crate::world::{Place, count, insert};

#[tokio::test]
async fn a_group_that_is_run_again_answers_the_second_run_once() {
    let place = Place::sqlite().unwrap();
    let store = place.open_with_pairs().await;
    let (hold, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let (runs, answers) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let first = store.write(move |tx| {
        let _ = held.lock().unwrap().recv();
        insert(tx, "first", 1)
    });
    let (counted, answered) = (runs.clone(), answers.clone());
    let second = store.write_then(
        move |tx| insert(tx, "second", 2).map(|_| counted.fetch_add(1, Ordering::SeqCst) + 1),
        move |_| {
            answered.fetch_add(1, Ordering::SeqCst);
        },
    );
    let third = store.write(|tx| {
        insert(tx, "third", 3)?;
        Err::<(), _>(StoreError::Closed)
    });
    let release = async { drop(hold) };
    let (first, second, third, ()) = tokio::join!(first, second, third, release);
    first.unwrap();
    // The third failed after it wrote, in the same group.
    assert_eq!(second.unwrap(), 2);
    assert!(matches!(third, Err(StoreError::Closed)));
    assert_eq!((runs.load(Ordering::SeqCst), answers.load(Ordering::SeqCst)), (2, 1));
    assert_eq!(store.read(count).await.unwrap(), 2);
}

#[tokio::test]
async fn a_refusal_before_the_first_write_runs_nothing_again() {
    let place = Place::sqlite().unwrap();
    let store = place.open_with_pairs().await;
    let runs = Arc::new(AtomicU32::new(0));
    let counted = runs.clone();
    let first = store.write(move |tx| {
        counted.fetch_add(1, Ordering::SeqCst);
        insert(tx, "first", 1)
    });
    let refused = store.write(|tx| {
        count(tx)?;
        Err::<(), _>(StoreError::Closed)
    });
    let (first, refused) = tokio::join!(first, refused);
    first.unwrap();
    assert!(matches!(refused, Err(StoreError::Closed)));
    assert_eq!(runs.load(Ordering::SeqCst), 1);
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
    let place = Place::sqlite().unwrap();
    let store = place.open_with_pairs().await;
    let (mut full, mut kept) = (0, 0);
    store.write(|tx| tx.execute("CREATE TABLE large (id BIGINT PRIMARY KEY, body BLOB)", &[])).await.unwrap();
    store.write(|tx| tx.query("PRAGMA max_page_count = 140", &[], |_| Ok(()))).await.unwrap();
    let tasks = (0..100i64).map(|n| {
        let store = store.clone();
        tokio::spawn(async move {
            store
                .write(move |tx| {
                    let big = vec![1u8; 8000];
                    tx.execute("INSERT INTO large (id, body) VALUES ($1, $2)", params![n, &big])?;
                    insert(tx, &n.to_string(), n)
                })
                .await
        })
    });
    for (n, task) in tasks.collect::<Vec<_>>().into_iter().enumerate() {
        match task.await.unwrap() {
            Ok(_) => kept += 1,
            Err(StoreError::DiskFull { .. } | StoreError::RolledBack { .. }) => full += 1,
            Err(other) => panic!("{n}: {other:?}"),
        }
    }
    assert!(full > 0, "{kept} were kept");
    let (large, names) = store
        .read(|tx| Ok::<_, StoreError>((tx.scalar::<i64>("SELECT count(*) FROM large", &[])?, count(tx)?)))
        .await
        .unwrap();
    assert_eq!((large, names), (kept, kept));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_log_is_folded_back_although_readers_overlap() {
    let dir = tempfile::tempdir().unwrap();
    let (path, log) = (dir.path().join("t.db"), dir.path().join("t.db-wal"));
    let options = Options { durability: Durability::Ephemeral, readers: 3 };
    let store = Store::open(&path, &options).unwrap();
    store.write(|tx| tx.execute("CREATE TABLE large (id BIGINT PRIMARY KEY, body BLOB)", &[])).await.unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..6)
        .map(|_| {
            let (store, done) = (store.clone(), done.clone());
            tokio::spawn(async move {
                while !done.load(Ordering::SeqCst) {
                    let sum = "SELECT coalesce(sum(length(body)), 0) FROM large";
                    store.read(|tx| tx.scalar::<i64>(sum, &[])).await.unwrap();
                }
            })
        })
        .collect();
    let size = || std::fs::metadata(&log).map_or(0, |file| file.len());
    let (piece, mut largest) = (1024 * 1024, 0);
    for n in 0..150i64 {
        let write = "INSERT INTO large (id, body) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET body = $2";
        store.write(move |tx| tx.execute(write, params![n % 4, &vec![n as u8; piece]])).await.unwrap();
        largest = largest.max(size());
    }
    done.store(true, Ordering::SeqCst);
    for reader in readers {
        reader.await.unwrap();
    }
    assert!(largest < MAX_WAL_BYTES + 4 * piece as u64, "{largest}");
    drop(store);
    assert_eq!(size(), 0);
}

/// Each of these would read a whole history or everybody's lists through another key.
#[tokio::test]
async fn questions_go_to_the_index_that_was_made_for_them() {
    let place = Place::sqlite().unwrap();
    for (question, index) in [
        ("SELECT * FROM messages WHERE box_id = 1 AND box_id > 0 AND id IN (1, 2)", "messages_by_id"),
        (
            "SELECT * FROM messages WHERE box_id = 1 AND box_id > 0 AND id > 5 ORDER BY id LIMIT 9",
            "messages_by_id",
        ),
        (
            "SELECT m.peer, m.pts FROM (VALUES (1, 2), (3, 4)) AS v JOIN messages m ON m.box_id = v.column1
             AND m.id = v.column2 AND m.box_id > 0",
            "messages_by_id",
        ),
        (
            "SELECT * FROM messages WHERE box_id = 1 AND peer = 2 AND pinned > 0 ORDER BY id DESC LIMIT 1",
            "messages_pinned",
        ),
        (
            "SELECT * FROM messages WHERE box_id = 1 AND peer = 2 AND media_kind > 0 AND media_kind = 3
             AND id >= 4 AND id <= 5 ORDER BY id DESC LIMIT 6",
            "messages_media",
        ),
        (
            "SELECT * FROM messages WHERE box_id = 1 AND peer = 2 AND id < 9 ORDER BY id DESC LIMIT 9",
            "PRIMARY KEY",
        ),
        ("SELECT * FROM dialogs WHERE user_id = 1 AND pinned_order IS NOT NULL", "dialogs_pinned"),
        ("SELECT * FROM channel_members WHERE channel_id = 1 AND admin > 0", "channel_members_admins"),
    ] {
        let store = place.open();
        let explained = format!("EXPLAIN QUERY PLAN {question}");
        let plan = store.read(move |tx| tx.query(&explained, &[], |row| row.column::<String>(3))).await;
        let plan = plan.unwrap().join("; ");
        assert!(plan.contains(index), "{question}: {plan}");
    }
}

#[tokio::test]
async fn an_image_brings_everything_back_while_others_read_and_write() {
    let place = Place::sqlite().unwrap();
    let store = place.open_with_pairs().await;
    let add = |name: &'static str, value: i64| store.write(move |tx| insert(tx, name, value));
    add("before", 1).await.unwrap();
    let image = store.image().unwrap();
    add("after", 2).await.unwrap();
    assert_eq!(store.read(count).await.unwrap(), 2);
    for _ in 0..20 {
        let restored = store.clone();
        let image = &image;
        let (read, written, ()) = tokio::join!(store.read(count), add("meanwhile", 3), async move {
            restored.restore(image).unwrap();
        });
        assert!(read.unwrap() <= 3);
        written.unwrap();
        store.restore(image).unwrap();
        assert_eq!(store.read(count).await.unwrap(), 1);
    }
    // Whoever prepared a statement before can still use it.
    add("after", 2).await.unwrap();
    assert_eq!(store.read(count).await.unwrap(), 2);
}
