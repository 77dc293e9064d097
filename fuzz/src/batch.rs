//! Batches of packets: any number, lengths, keys, damage; every kernel against the reference, and the functions for many
//! against those for one.

use bytes::BytesMut;
use rand::SeedableRng;
use rand::rngs::StdRng;
use zaun_crypto::auth_key::AuthKey;
use zaun_crypto::hash::batch as hashes;
use zaun_crypto::ige::batch::{Job, Kernel};
use zaun_crypto::ige::reference;
use zaun_crypto::kdf::{IgeKey, Side};
use zaun_crypto::sha256;
use zaun_mtproto::packet::{Header, Incoming, Outgoing, open, open_many, seal, seal_many};

use crate::{Cursor, chunk};

/// Most messages: more than one group of the implementation.
const MOST: usize = 80;

/// Chunks are messages.
pub fn run(data: &[u8]) {
    let mut input = Cursor(data);
    let (seed, damage) = (input.byte(), input.byte());
    let mut texts = Vec::new();
    while !input.is_empty() && texts.len() < MOST {
        texts.push(input.chunk());
    }
    ciphers(&texts, seed);
    digests(&texts, seed);
    packets(&texts, seed, damage);
}

/// Keys that differ from message to message.
fn key(seed: u8, at: usize) -> IgeKey {
    let byte = |i: usize| u8::try_from((i * 7 + at * 13) % 256).unwrap_or(0) ^ seed;
    IgeKey { key: std::array::from_fn(byte), iv: std::array::from_fn(|i| byte(i + 32)) }
}

fn ciphers(texts: &[&[u8]], seed: u8) {
    let texts: Vec<Vec<u8>> = texts.iter().map(|text| text[..text.len() / 16 * 16].to_vec()).collect();
    let (mut encrypted, mut decrypted) = (texts.clone(), texts.clone());
    for (at, (encrypted, decrypted)) in encrypted.iter_mut().zip(&mut decrypted).enumerate() {
        let IgeKey { key, iv } = &key(seed, at);
        reference::encrypt(encrypted, key, iv).expect("whole blocks");
        reference::decrypt(decrypted, key, iv).expect("whole blocks");
    }
    for kernel in Kernel::available() {
        let (mut ours, mut theirs) = (texts.clone(), texts.clone());
        kernel.encrypt(jobs(&mut ours, seed));
        kernel.decrypt(jobs(&mut theirs, seed));
        assert!(ours == encrypted && theirs == decrypted, "{}", kernel.name());
    }
}

fn jobs(texts: &mut [Vec<u8>], seed: u8) -> impl Iterator<Item = Job<'_>> {
    texts.iter_mut().enumerate().map(move |(at, text)| Job::new(text, key(seed, at)).expect("whole blocks"))
}

fn digests(texts: &[&[u8]], seed: u8) {
    for kernel in hashes::Kernel::available() {
        let mut digests = vec![[0; 32]; texts.len()];
        kernel.sha256(texts.iter().zip(&mut digests).map(|(text, digest)| {
            let (first, second) = text.split_at(usize::from(seed).min(text.len()));
            hashes::Message { parts: [first, second], digest }
        }));
        for (text, digest) in texts.iter().zip(&digests) {
            assert_eq!(sha256(&[text]), *digest, "{}", kernel.name());
        }
    }
}

/// Sealed in a batch as one by one; opened in a batch as one by one, some of them damaged.
fn packets(texts: &[&[u8]], seed: u8, damage: u8) {
    let keys: Vec<AuthKey> = (0..3).map(|i| AuthKey::new([seed.wrapping_add(i); 256])).collect();
    let header = Header { salt: 1, session_id: 2, msg_id: 4, seqno: 1 };
    let messages: Vec<Outgoing<'_>> = texts
        .iter()
        .enumerate()
        .map(|(at, text)| Outgoing {
            key: &keys[at % 3],
            from: Side::Server,
            header,
            body: &text[..text.len() / 4 * 4],
        })
        .collect();
    let (mut all, mut one_by_one) = (BytesMut::new(), BytesMut::new());
    seal_many(&messages, &mut StdRng::seed_from_u64(1), &mut all);
    let mut rng = StdRng::seed_from_u64(1);
    for message in &messages {
        seal(message.key, message.from, &message.header, message.body, &mut rng, &mut one_by_one);
    }
    assert!(all == one_by_one, "packets sealed together differ");
    let mut packets: Vec<BytesMut> =
        messages.iter().map(|message| all.split_to(message.packet_len())).collect();
    for packet in packets.iter_mut().skip(usize::from(damage) % 8).step_by(5) {
        let at = usize::from(damage) * 3 % packet.len();
        packet[at] ^= damage;
    }
    let incoming = messages.iter().zip(&packets).map(|(message, packet)| Incoming {
        key: message.key,
        from: message.from,
        packet: packet.clone(),
    });
    let mut results = Vec::new();
    open_many(incoming, &mut results);
    assert_eq!(results.len(), packets.len());
    for ((result, message), packet) in results.iter().zip(&messages).zip(packets) {
        let alone = open(message.key, message.from, packet);
        match (result, &alone) {
            (Ok(ours), Ok(alone)) => assert!(
                (ours.header, &ours.body, ours.quick_ack_token)
                    == (alone.header, &alone.body, alone.quick_ack_token)
                    && ours.body == message.body
            ),
            _ => assert_eq!(result.as_ref().err(), alone.as_ref().err()),
        }
    }
}

/// One message, a few, and more than there are lanes.
pub fn seeds() -> Vec<Vec<u8>> {
    let batch = |lengths: &[usize]| {
        let mut seed = vec![33, 7];
        for len in lengths {
            seed.extend(chunk(&vec![0x5a; *len]));
        }
        seed
    };
    let mixed: Vec<usize> = (0..MOST).map(|i| i * 5 % 47).collect();
    vec![batch(&[]), batch(&[48]), batch(&[16, 0, 160, 64, 31]), batch(&[64; 20]), batch(&mixed)]
}
