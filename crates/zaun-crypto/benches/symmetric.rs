//! AES-IGE of one message against the `aes` crate's loop, AES-CTR, and SHA-256 as the other half of a message; then the
//! same of several messages at once, by every kernel.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use zaun_crypto::ctr::AesCtr256;
use zaun_crypto::hash::batch as hashes;
use zaun_crypto::ige::batch::{Job, Kernel};
use zaun_crypto::kdf::{self, IgeKey};
use zaun_crypto::{AuthKey, Side, ige, sha256};

const SIZES: [usize; 4] = [256, 1024, 16 << 10, 512 << 10];

fn symmetric(c: &mut Criterion) {
    let mut group = c.benchmark_group("symmetric");
    for size in SIZES {
        let mut data = vec![0x5a; size];
        let (key, iv) = ([1; 32], [2; 32]);
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(BenchmarkId::new("ige encrypt", size), |b| {
            b.iter(|| ige::encrypt(&mut data, black_box(&key), &iv))
        });
        group.bench_function(BenchmarkId::new("ige decrypt", size), |b| {
            b.iter(|| ige::decrypt(&mut data, black_box(&key), &iv))
        });
        group.bench_function(BenchmarkId::new("ige encrypt, aes crate", size), |b| {
            b.iter(|| ige::reference::encrypt(&mut data, black_box(&key), &iv));
        });
        group.bench_function(BenchmarkId::new("ige decrypt, aes crate", size), |b| {
            b.iter(|| ige::reference::decrypt(&mut data, black_box(&key), &iv));
        });
        let mut stream = AesCtr256::new(&key, &[3; 16]);
        group.bench_function(BenchmarkId::new("ctr", size), |b| b.iter(|| stream.apply(&mut data)));
        let mut stream = AesCtr256::portable(&key, &[3; 16]);
        group
            .bench_function(BenchmarkId::new("ctr, aes crate", size), |b| b.iter(|| stream.apply(&mut data)));
        group.bench_function(BenchmarkId::new("sha256", size), |b| b.iter(|| sha256(&[black_box(&data)])));
    }
    group.finish();
}

/// Messages in a batch.
const BATCH: usize = 32;

fn batches(c: &mut Criterion) {
    let mut group = c.benchmark_group("batch");
    for size in SIZES {
        let mut texts = vec![vec![0x5a; size]; BATCH];
        let mut digests = vec![[0; 32]; BATCH];
        group.throughput(Throughput::Bytes((BATCH * size) as u64));
        for kernel in Kernel::available() {
            group.bench_function(BenchmarkId::new(format!("ige encrypt, {}", kernel.name()), size), |b| {
                b.iter(|| kernel.encrypt(jobs(&mut texts)));
            });
            group.bench_function(BenchmarkId::new(format!("ige decrypt, {}", kernel.name()), size), |b| {
                b.iter(|| kernel.decrypt(jobs(&mut texts)));
            });
        }
        for kernel in hashes::Kernel::available() {
            group.bench_function(BenchmarkId::new(format!("sha256, {}", kernel.name()), size), |b| {
                b.iter(|| {
                    let messages = texts.iter().zip(&mut digests);
                    kernel.sha256(
                        messages.map(|(text, digest)| hashes::Message { parts: [&[], text], digest }),
                    );
                });
            });
        }
    }
    group.finish();
}

fn jobs(texts: &mut [Vec<u8>]) -> impl Iterator<Item = Job<'_>> {
    texts.iter_mut().filter_map(|text| Job::new(text, IgeKey { key: [1; 32], iv: [2; 32] }).ok())
}

/// One message of the wire: key derivation, decryption and hash.
fn one_message(c: &mut Criterion) {
    let mut group = c.benchmark_group("one message");
    let (key, msg_key) = (AuthKey::new([3; 256]), [4; 16]);
    for size in SIZES {
        let mut text = vec![0x5a; size];
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(BenchmarkId::new("decrypt, then hash", size), |b| {
            b.iter(|| {
                kdf::v2(&key, &msg_key, Side::Client)
                    .decrypt(&mut text)
                    .map(|()| kdf::hash_v2(&key, Side::Client, &text))
            });
        });
        group.bench_function(BenchmarkId::new("both in one loop", size), |b| {
            b.iter(|| kdf::decrypt_v2(&key, Side::Client, &msg_key, &mut text));
        });
    }
    group.finish();
}

criterion_group!(benches, symmetric, batches, one_message);
criterion_main!(benches);
