//! What a key exchange costs: exponentiations, the RSA operation, pq, and their sum as the server pays it.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use criterion::{Criterion, criterion_group, criterion_main};
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;
use std::hint::black_box;
use zaun_crypto::dh::Group;
use zaun_crypto::rsa::PrivateKey;
use zaun_crypto::{pq, rsa_pad};

fn public_key(c: &mut Criterion) {
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    let mut group = c.benchmark_group("public key");
    let dh = Group::telegram().expect("the group");
    let (a, _) = dh.generate(&mut rng).expect("a pair");
    let (_, g_b) = dh.generate(&mut rng).expect("a pair");
    group.bench_function("dh generate", |b| b.iter(|| dh.generate(&mut rng)));
    group.bench_function("dh auth_key", |b| b.iter(|| dh.auth_key(&a, black_box(&g_b))));

    let key = PrivateKey::generate(&mut rng).expect("a key");
    let encrypted = rsa_pad::encrypt(key.public(), &[9; 144], &mut rng).expect("a message");
    group.bench_function("rsa private", |b| b.iter(|| key.raw(black_box(&encrypted))));
    group.bench_function("rsa public", |b| b.iter(|| key.public().raw(black_box(&encrypted))));
    group.bench_function("rsa_pad decrypt", |b| b.iter(|| rsa_pad::decrypt(&key, black_box(&encrypted))));
    group.bench_function("server arithmetic of one handshake", |b| {
        b.iter(|| {
            let data = rsa_pad::decrypt(&key, black_box(&encrypted)).expect("the data");
            let (a, _) = dh.generate(&mut rng).expect("a pair");
            (data, dh.auth_key(&a, &g_b).expect("a key"))
        });
    });
    group.finish();

    let mut group = c.benchmark_group("pq");
    group.bench_function("generate", |b| b.iter(|| pq::generate(&mut rng)));
    let numbers: Vec<u64> = (0..256).map(|_| pq::generate(&mut rng).pq).collect();
    let mut next = numbers.iter().cycle();
    group.bench_function("factor", |b| b.iter(|| next.next().and_then(|pq| pq::factor(*pq))));
    group.finish();
}

criterion_group!(benches, public_key);
criterion_main!(benches);
