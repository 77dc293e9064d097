//! A client, a server and the ways to connect them.

use bytes::BytesMut;
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;
use std::sync::Arc;
use zaun_transport::{
    ClientCodec, Frame, Framing, Incoming, Limits, ProxySecret, Secret, SecretKind, ServerCodec,
};

pub const FRAMINGS: [Framing; 4] =
    [Framing::Abridged, Framing::Intermediate, Framing::PaddedIntermediate, Framing::Full];

pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// How a client wraps its framing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cover {
    Plain,
    Obfuscated,
    Secret,
}

pub const SECRET: Secret = Secret([0x5e; 16]);

/// What an endpoint with one plain secret demands.
pub fn secrets(key: Secret) -> Arc<[ProxySecret]> {
    [ProxySecret { key, kind: SecretKind::Plain }].into()
}

/// Every combination that exists: full cannot be obfuscated.
pub fn combinations() -> impl Iterator<Item = (Framing, Cover)> {
    let covers = [Cover::Plain, Cover::Obfuscated, Cover::Secret];
    FRAMINGS
        .into_iter()
        .flat_map(move |framing| covers.map(|cover| (framing, cover)))
        .filter(|pair| pair.0 != Framing::Full || pair.1 == Cover::Plain)
}

pub fn pair(framing: Framing, cover: Cover, rng: &mut ChaCha20Rng) -> (ClientCodec, ServerCodec) {
    let limits = Limits::default();
    match cover {
        Cover::Plain => (ClientCodec::new(framing), ServerCodec::new(limits)),
        Cover::Obfuscated => {
            (ClientCodec::obfuscated(framing, -10002, None, rng).unwrap(), ServerCodec::new(limits))
        }
        Cover::Secret => (
            ClientCodec::obfuscated(framing, 2, Some(SECRET), rng).unwrap(),
            ServerCodec::with_secrets(limits, secrets(SECRET)),
        ),
    }
}

/// An encrypted-looking payload: a key id, then 24 bytes modulo 16.
pub fn encrypted(len: usize) -> Vec<u8> {
    assert!(len >= 24 && (len - 24).is_multiple_of(16));
    (0..len).map(|i| i as u8 | 1).collect()
}

pub fn drain_server(server: &mut ServerCodec) -> Vec<Frame> {
    std::iter::from_fn(|| server.next_frame().unwrap()).collect()
}

pub fn drain_client(client: &mut ClientCodec) -> Vec<Incoming> {
    std::iter::from_fn(|| client.next_incoming().unwrap()).collect()
}

/// What a client writes for these payloads.
pub fn sent(client: &mut ClientCodec, payloads: &[(Vec<u8>, bool)], rng: &mut ChaCha20Rng) -> BytesMut {
    let mut wire = BytesMut::new();
    for (payload, quick_ack) in payloads {
        client.write_frame(payload, *quick_ack, rng, &mut wire).unwrap();
    }
    wire
}
