//! AES-IGE of one message against the `aes` crate's loop, AES-CTR, and SHA-256 as the other half of a message.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use zaun_crypto::ctr::AesCtr256;
use zaun_crypto::{ige, sha256};

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

criterion_group!(benches, symmetric);
criterion_main!(benches);
