//! What decoding a call and encoding an update cost, in the newest layer and in the oldest.
#![allow(missing_docs, reason = "criterion_group! makes an undocumented function")]

use std::hint::black_box;
use std::time::Duration;

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use zaun_schema::{LAYER, MIN_LAYER, api, api::enums, api::functions, api::types};
use zaun_tl::schema::History;
use zaun_tl::{Reader, Writer, from_bytes, to_bytes};

fn message(id: i32) -> enums::Message {
    types::Message {
        id,
        from_id: Some(types::PeerUser { user_id: 1_000_001 }.into()),
        peer_id: types::PeerUser { user_id: 1_000_002 }.into(),
        date: 1_790_000_000,
        message: "a message of the usual length, with a word in bold".into(),
        entities: Some(vec![types::MessageEntityBold { offset: 2, length: 7 }.into()]),
        ..Default::default()
    }
    .into()
}

fn user(id: i64) -> enums::User {
    types::User {
        id,
        access_hash: Some(id << 20),
        first_name: Some("First".into()),
        last_name: Some("Last".into()),
        username: Some(format!("user{id}")),
        status: Some(types::UserStatusOnline { expires: 1_790_000_300 }.into()),
        ..Default::default()
    }
    .into()
}

fn update() -> enums::Updates {
    types::Updates {
        updates: vec![types::UpdateNewMessage { message: message(7), pts: 8, pts_count: 1 }.into()],
        users: vec![user(1_000_001), user(1_000_002)],
        date: 1_790_000_000,
        seq: 4,
        ..Default::default()
    }
    .into()
}

fn codec(c: &mut Criterion) {
    let call = functions::messages::SendMessage {
        peer: types::InputPeerUser { user_id: 1_000_002, access_hash: 77 }.into(),
        message: "a message of the usual length, with a word in bold".into(),
        random_id: 5,
        ..Default::default()
    };
    for layer in [LAYER, MIN_LAYER] {
        let bytes = Bytes::from(to_bytes(&call, layer).expect("a call"));
        c.bench_function(&format!("decode sendMessage of {layer}"), |b| {
            b.iter(|| api::Request::decode(&mut Reader::new(black_box(bytes.clone()))));
        });
        let update = update();
        c.bench_function(&format!("encode one update for {layer}"), |b| {
            b.iter(|| {
                let mut w = Writer::with_buffer(layer, Vec::with_capacity(1024));
                zaun_tl::Encode::encode(black_box(&update), &mut w);
                w.into_result()
            });
        });
        let history = types::messages::Messages {
            messages: (0..100).map(message).collect(),
            users: (0..20).map(user).collect(),
            ..Default::default()
        };
        let bytes = Bytes::from(to_bytes(&history, layer).expect("a history"));
        c.bench_function(&format!("decode history of {layer}, {} bytes", bytes.len()), |b| {
            b.iter(|| from_bytes::<enums::messages::Messages>(black_box(bytes.clone())));
        });
        c.bench_function(&format!("encode history for {layer}"), |b| {
            b.iter(|| to_bytes(black_box(&history), layer));
        });
    }
}

/// The same update for the viewers of each layer that has a schema of its own.
fn every_layer(c: &mut Criterion) {
    let update = update();
    let mut group = c.benchmark_group("one update");
    let history = History::parse(zaun_schema::text::HISTORY).expect("the history");
    group
        .sample_size(20)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(300));
    for layer in history.layers {
        group.bench_function(format!("layer {layer}"), |b| {
            b.iter(|| {
                let mut w = Writer::with_buffer(layer, Vec::with_capacity(1024));
                zaun_tl::Encode::encode(black_box(&update), &mut w);
                w.into_result()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, codec, every_layer);
criterion_main!(benches);
