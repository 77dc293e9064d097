//! Blobs on a real file system.

use std::collections::BTreeSet;
use std::path::Path;

use bytes::Bytes;
use zaun_blob::{BlobError, BlobHash, Blobs, Durability, LeftOver, MAX_READ, Upload};

const UPLOAD: Upload = Upload { key_id: -5, file_id: i64::MIN };

fn open() -> (tempfile::TempDir, Blobs) {
    let dir = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(dir.path(), Durability::Full).unwrap();
    (dir, blobs)
}

/// Every file below a directory, relative to it.
fn tree(root: &Path) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let mut open = vec![root.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                out.insert(path.strip_prefix(root).unwrap().display().to_string());
            }
        }
    }
    out
}

#[tokio::test]
async fn equal_bytes_are_kept_once_under_their_hash() {
    let (dir, blobs) = open();
    let first = blobs.put(Bytes::from_static(b"abc")).await.unwrap();
    let again = blobs.put(Bytes::from_static(b"abc")).await.unwrap();
    assert_eq!(first, again);
    let name = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(first.hash.to_string(), name, "FIPS 180-4");
    assert_eq!(first.md5[..4], [0x90, 0x01, 0x50, 0x98], "RFC 1321");
    assert_eq!(tree(&dir.path().join("blobs")), BTreeSet::from([format!("ba/{name}")]));
}

#[tokio::test]
async fn reads_are_ranges_and_end_where_the_blob_ends() {
    let (_dir, blobs) = open();
    let content: Vec<u8> = (0..3_000_000u32).map(|n| n.to_le_bytes()[0]).collect();
    let hash = blobs.put(content.clone().into()).await.unwrap().hash;
    assert_eq!(blobs.read(hash, 4096, 10).await.unwrap(), content[4096..4106]);
    assert_eq!(blobs.read(hash, 2_999_990, 4096).await.unwrap(), content[2_999_990..], "M-515");
    assert!(blobs.read(hash, 3_000_000, 4096).await.unwrap().is_empty(), "M-515");
    assert!(blobs.read(hash, u64::MAX, 4096).await.unwrap().is_empty(), "M-515");
    assert_eq!(blobs.read(hash, 0, usize::MAX).await.unwrap().len(), MAX_READ);
    assert_eq!(blobs.read_whole(hash, 2_999_999).await.unwrap(), None);
    assert_eq!(blobs.read_whole(hash, 3_000_000).await.unwrap().unwrap(), content);
    let hashes = blobs.range_hashes(hash, 2_900_000, 65_536, 8).await.unwrap();
    let shape: Vec<_> = hashes.iter().map(|h| (h.offset, h.length)).collect();
    assert_eq!(shape, [(2_900_000, 65_536), (2_965_536, 34_464)], "M-521");
}

#[tokio::test]
async fn a_lost_blob_is_named() {
    let (_dir, blobs) = open();
    let hash = BlobHash([7; 32]);
    assert_eq!(blobs.read(hash, 0, 1).await, Err(BlobError::Lost { hash }));
}

#[tokio::test]
async fn parts_come_in_any_order_and_repeats_replace() {
    let (dir, blobs) = open();
    for (part, text) in [(2, "c"), (0, "x"), (1, "b"), (0, "a")] {
        blobs.put_part(UPLOAD, part, text.into()).await.unwrap();
    }
    assert_eq!(blobs.assemble(UPLOAD, 4).await, Err(BlobError::PartMissing { part: 3 }), "M-507");
    let unfinished = tree(&dir.path().join("blobs"));
    assert!(unfinished.is_empty(), "{unfinished:?}");
    let stored = blobs.assemble(UPLOAD, 3).await.unwrap();
    assert_eq!(blobs.read(stored.hash, 0, 10).await.unwrap(), "abc", "M-504");
    blobs.remove_upload(UPLOAD).await.unwrap();
    assert_eq!(tree(&dir.path().join("uploads")), BTreeSet::from(["boot".to_owned()]));
    blobs.remove_upload(UPLOAD).await.unwrap();
}

#[tokio::test]
async fn an_upload_without_parts_is_an_empty_blob() {
    let (_dir, blobs) = open();
    let stored = blobs.assemble(UPLOAD, 0).await.unwrap();
    assert_eq!(stored.size, 0);
    assert!(blobs.read(stored.hash, 0, 4096).await.unwrap().is_empty());
}

#[tokio::test]
async fn parts_outlive_the_process_but_not_the_machine() {
    let (dir, blobs) = open();
    blobs.put_part(UPLOAD, 1, "bb".into()).await.unwrap();
    let stored = blobs.put("kept".into()).await.unwrap();
    drop(blobs);
    let torn = dir.path().join("uploads/fffffffffffffffb/8000000000000000/new-0");
    std::fs::write(&torn, "half").unwrap();
    std::fs::write(dir.path().join("blobs/new/0"), "half").unwrap();

    let blobs = Blobs::open(dir.path(), Durability::Full).unwrap();
    let left = blobs.left_over().await.unwrap();
    assert_eq!(left, [LeftOver { upload: UPLOAD, parts: vec![(1, 2)] }]);
    assert!(!torn.exists() && !dir.path().join("blobs/new/0").exists());
    drop(blobs);

    std::fs::write(dir.path().join("uploads/boot"), "another boot").unwrap();
    let blobs = Blobs::open(dir.path(), Durability::Full).unwrap();
    assert_eq!(blobs.left_over().await.unwrap(), []);
    assert_eq!(blobs.read(stored.hash, 0, 9).await.unwrap(), "kept");
}

#[tokio::test]
async fn many_writers_of_the_same_bytes_agree() {
    let (dir, blobs) = open();
    let mut tasks = Vec::new();
    for _ in 0..100 {
        let blobs = blobs.clone();
        tasks.push(tokio::spawn(async move { blobs.put(Bytes::from(vec![9; 100_000])).await.unwrap() }));
    }
    let mut hashes = BTreeSet::new();
    for task in tasks {
        hashes.insert(task.await.unwrap().hash);
    }
    assert_eq!(hashes.len(), 1);
    assert_eq!(tree(&dir.path().join("blobs")).len(), 1);
}
