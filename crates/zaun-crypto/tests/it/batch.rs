//! Batches: every kernel against the reference, with any number of messages, lengths and keys.

use crate::support::rng;
use proptest::prelude::*;
use rand::Rng;
use zaun_crypto::hash::batch as hashes;
use zaun_crypto::ige::LengthError;
use zaun_crypto::ige::batch::{Job, Kernel};
use zaun_crypto::kdf::batch::{Plaintext, Text};
use zaun_crypto::kdf::{self, HashV2, IgeKey, Side};
use zaun_crypto::{AuthKey, sha256};

/// More than the lanes of the widest kernel twice over.
const MOST: usize = 40;

fn random_bytes(len: usize, rng: &mut impl Rng) -> Vec<u8> {
    let mut bytes = vec![0; len];
    rng.fill_bytes(&mut bytes);
    bytes
}

fn random_key(rng: &mut impl Rng) -> IgeKey {
    let mut key = IgeKey { key: [0; 32], iv: [0; 32] };
    rng.fill_bytes(&mut key.key);
    rng.fill_bytes(&mut key.iv);
    key
}

fn random_auth_key(rng: &mut impl Rng) -> AuthKey {
    AuthKey::new(random_bytes(256, rng).try_into().unwrap())
}

fn jobs<'a>(texts: &'a mut [Vec<u8>], keys: &'a [IgeKey]) -> impl Iterator<Item = Job<'a>> {
    texts.iter_mut().zip(keys).map(|(text, key)| Job::new(text, key.clone()).unwrap())
}

/// Every kernel does to the whole batch what the reference does to each message.
fn check_ciphers(blocks: &[usize], seed: u64) {
    let mut rng = rng(seed);
    let texts: Vec<Vec<u8>> = blocks.iter().map(|blocks| random_bytes(blocks * 16, &mut rng)).collect();
    let keys: Vec<IgeKey> = blocks.iter().map(|_| random_key(&mut rng)).collect();
    let [mut encrypted, mut decrypted] = [texts.clone(), texts.clone()];
    for ((encrypted, decrypted), key) in encrypted.iter_mut().zip(&mut decrypted).zip(&keys) {
        zaun_crypto::ige::reference::encrypt(encrypted, &key.key, &key.iv).unwrap();
        zaun_crypto::ige::reference::decrypt(decrypted, &key.key, &key.iv).unwrap();
    }
    for kernel in Kernel::available() {
        let mut ours = texts.clone();
        kernel.encrypt(jobs(&mut ours, &keys));
        assert!(ours == encrypted, "{} encrypts {blocks:?}, seed {seed}", kernel.name());
        let mut ours = texts.clone();
        kernel.decrypt(jobs(&mut ours, &keys));
        assert!(ours == decrypted, "{} decrypts {blocks:?}, seed {seed}", kernel.name());
    }
}

fn check_hashes(lengths: &[(usize, usize)], seed: u64) {
    let mut rng = rng(seed);
    let texts: Vec<[Vec<u8>; 2]> =
        lengths.iter().map(|(a, b)| [random_bytes(*a, &mut rng), random_bytes(*b, &mut rng)]).collect();
    let expected: Vec<[u8; 32]> = texts.iter().map(|[a, b]| sha256(&[a, b])).collect();
    for kernel in hashes::Kernel::available() {
        let mut digests = vec![[0; 32]; texts.len()];
        let messages = texts.iter().zip(&mut digests);
        kernel.sha256(messages.map(|([a, b], digest)| hashes::Message { parts: [a, b], digest }));
        assert!(digests == expected, "{} hashes {lengths:?}, seed {seed}", kernel.name());
    }
}

/// Derivation, hash and cipher of a batch, and the loop that decrypts and hashes, against the functions for one message.
fn check_messages(blocks: &[usize], seed: u64) {
    let mut rng = rng(seed);
    let texts: Vec<Vec<u8>> = blocks.iter().map(|blocks| random_bytes(blocks * 16, &mut rng)).collect();
    let keys: Vec<AuthKey> = blocks.iter().map(|_| random_auth_key(&mut rng)).collect();
    let side = |i: usize| if i.is_multiple_of(3) { Side::Client } else { Side::Server };
    let expected: Vec<HashV2> = texts
        .iter()
        .zip(&keys)
        .enumerate()
        .map(|(i, (text, key))| kdf::hash_v2(key, side(i), text))
        .collect();
    let mut hashes = vec![HashV2::default(); texts.len()];
    let plaintexts = texts.iter().zip(&keys).zip(&mut hashes).enumerate();
    kdf::batch::hash_v2(plaintexts.map(|(i, ((text, key), hash))| Plaintext {
        key,
        from: side(i),
        text,
        hash,
    }));
    assert!(hashes == expected, "hashes of {blocks:?}, seed {seed}");

    let mut sealed = texts.clone();
    let batch = |texts: &mut [Vec<u8>], decrypt: bool| {
        let texts = texts.iter_mut().zip(&keys).zip(&hashes).enumerate();
        let texts = texts.map(|(i, ((text, key), hash))| {
            let text = text.as_chunks_mut().0;
            Text { key, from: side(i), msg_key: hash.msg_key(), text }
        });
        if decrypt { kdf::batch::decrypt_v2(texts) } else { kdf::batch::encrypt_v2(texts) }
    };
    batch(&mut sealed, false);
    for (i, ((sealed, text), key)) in sealed.iter().zip(&texts).zip(&keys).enumerate() {
        let mut alone = text.clone();
        let msg_key = hashes[i].msg_key();
        kdf::v2(key, &msg_key, side(i)).encrypt(&mut alone).unwrap();
        assert!(*sealed == alone, "message {i} of {blocks:?}, seed {seed}");
        let hash = kdf::decrypt_v2(key, side(i), &msg_key, &mut alone).unwrap();
        assert!((&alone, hash) == (text, hashes[i]), "one loop over {} blocks, seed {seed}", blocks[i]);
    }
    batch(&mut sealed, true);
    assert!(sealed == texts, "decrypting {blocks:?}, seed {seed}");
}

proptest! {
    #[test]
    fn ige_kernels_equal_the_reference(blocks in prop::collection::vec(0..70_usize, 0..MOST), seed: u64) {
        check_ciphers(&blocks, seed);
    }

    #[test]
    fn sha256_kernels_equal_the_reference(
        lengths in prop::collection::vec((0..150_usize, 0..300_usize), 0..MOST), seed: u64,
    ) {
        check_hashes(&lengths, seed);
    }

    #[test]
    fn messages_of_a_batch_are_those_made_one_by_one(
        blocks in prop::collection::vec(0..40_usize, 0..MOST), seed: u64,
    ) {
        check_messages(&blocks, seed);
    }
}

/// Every number of lanes that a kernel can be left with, equal and rising lengths.
#[test]
fn every_count_of_lanes_works() {
    for count in 0..=MOST {
        check_ciphers(&vec![5; count], 1);
        check_ciphers(&(0..count).collect::<Vec<_>>(), 2);
        check_ciphers(&(0..count).rev().collect::<Vec<_>>(), 3);
    }
}

/// Around every boundary of a block, and of the padding, with the cut between the parts anywhere.
#[test]
fn every_length_near_a_block_of_the_hash_works() {
    for total in (0..140).chain([183, 184, 191, 192, 193]) {
        let lengths: Vec<(usize, usize)> = (0..=total).map(|first| (first, total - first)).collect();
        check_hashes(&lengths, 4);
    }
}

#[test]
fn long_messages_between_short_ones_work() {
    check_ciphers(&[1, 4096, 1, 1, 2, 0, 3, 1000, 1, 1], 5);
    check_hashes(&[(32, 65_536), (0, 0), (64, 0), (0, 64), (1, 100_000), (3, 3)], 6);
    check_messages(&[4096, 1, 0, 7, 33, 1000], 7);
}

#[test]
fn one_loop_works_for_every_small_number_of_blocks() {
    check_messages(&(0..60).collect::<Vec<_>>(), 8);
}

#[test]
fn partial_blocks_are_refused_and_nothing_changes() {
    let mut text = vec![7; 33];
    assert_eq!(Job::new(&mut text, random_key(&mut rng(9))).err(), Some(LengthError(33)));
    let key = random_auth_key(&mut rng(10));
    assert_eq!(kdf::decrypt_v2(&key, Side::Client, &[0; 16], &mut text), Err(LengthError(33)));
    assert_eq!(text, vec![7; 33]);
}

/// The kernels of this processor are really there: a test over none would prove nothing.
#[test]
fn the_best_kernel_is_the_last_available() {
    assert_eq!(Kernel::available().last(), Some(Kernel::best()));
    assert_eq!(hashes::Kernel::available().last(), Some(hashes::Kernel::best()));
    #[cfg(target_arch = "x86_64")]
    {
        let lanes = 1
            + usize::from(is_x86_feature_detected!("aes"))
            + usize::from(
                is_x86_feature_detected!("aes")
                    && is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("vaes"),
            );
        assert_eq!(Kernel::available().count(), lanes);
    }
}
