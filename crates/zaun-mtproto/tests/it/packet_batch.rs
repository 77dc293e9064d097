//! Batches of packets: each result is that of the function for one packet, whatever stands beside it.

use bytes::BytesMut;
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use zaun_crypto::auth_key::AuthKey;
use zaun_crypto::kdf::Side;
use zaun_mtproto::packet::{
    Header, Incoming, OpenError, Opened, Outgoing, Sealing, open, open_many, seal, seal_each, seal_many,
};

/// More than one group of the implementation.
const MOST: usize = 150;

/// What messages are made of; everything else follows from the seed.
struct Messages {
    keys: Vec<AuthKey>,
    bodies: Vec<Vec<u8>>,
    headers: Vec<Header>,
    sides: Vec<Side>,
}

impl Messages {
    fn new(words: &[usize], seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut bytes = |len: usize| {
            let mut bytes = vec![0; len];
            rng.fill_bytes(&mut bytes);
            bytes
        };
        Self {
            keys: words.iter().map(|_| AuthKey::new(bytes(256).try_into().unwrap())).collect(),
            bodies: words.iter().map(|words| bytes(words * 4)).collect(),
            headers: (0i32..)
                .take(words.len())
                .map(|i| Header { salt: -1, session_id: i.into(), msg_id: 4, seqno: i })
                .collect(),
            sides: (0..words.len())
                .map(|i| if i.is_multiple_of(3) { Side::Server } else { Side::Client })
                .collect(),
        }
    }

    fn outgoing(&self) -> Vec<Outgoing<'_>> {
        let message = |i: usize| Outgoing {
            key: &self.keys[i],
            from: self.sides[i],
            header: self.headers[i],
            body: &self.bodies[i],
        };
        (0..self.keys.len()).map(message).collect()
    }

    fn incoming(&self, packets: &[BytesMut]) -> impl Iterator<Item = Incoming<'_>> {
        let packets = packets.to_vec();
        packets.into_iter().enumerate().map(|(i, packet)| Incoming {
            key: &self.keys[i],
            from: self.sides[i],
            packet,
        })
    }

    /// Sealed one by one. The generator fills the same paddings in the same order as for a batch.
    fn sealed(&self, seed: u64) -> Vec<BytesMut> {
        let mut rng = StdRng::seed_from_u64(seed);
        let seal_one = |message: Outgoing<'_>| {
            let mut packet = BytesMut::new();
            seal(message.key, message.from, &message.header, message.body, &mut rng, &mut packet);
            packet
        };
        self.outgoing().into_iter().map(seal_one).collect()
    }
}

fn comparable(result: &Result<Opened, OpenError>) -> Result<(Header, &[u8], u32), &OpenError> {
    result.as_ref().map(|opened| (opened.header, &opened.body[..], opened.quick_ack_token))
}

/// Seals in both ways, damages some packets, opens them.
fn check(words: &[usize], seed: u64) {
    let messages = Messages::new(words, seed);
    let mut packets = messages.sealed(seed);

    let mut one_buffer = BytesMut::from(&b"before"[..]);
    seal_many(&messages.outgoing(), &mut StdRng::seed_from_u64(seed), &mut one_buffer);
    assert_eq!(one_buffer.split_to(6), b"before"[..]);
    for (message, packet) in messages.outgoing().iter().zip(&packets) {
        assert_eq!(one_buffer.split_to(message.packet_len()), packet, "seal_many {words:?}, seed {seed}");
    }
    assert!(one_buffer.is_empty());

    let mut own_buffers = vec![BytesMut::from(&b"before"[..]); packets.len()];
    let batch = messages.outgoing().into_iter().zip(&mut own_buffers);
    seal_each(batch.map(|(message, out)| Sealing { message, out }), &mut StdRng::seed_from_u64(seed));
    for (own, packet) in own_buffers.iter().zip(&packets) {
        assert_eq!((&own[..6], &own[6..]), (&b"before"[..], &packet[..]), "seal_each {words:?}, seed {seed}");
    }

    for (i, packet) in packets.iter_mut().enumerate() {
        let len = packet.len();
        match i % 7 {
            2 => packet[len - 1] ^= 1,
            4 => packet[3] ^= 1,
            5 => packet.truncate(len - 1),
            _ => {}
        }
    }
    let expected: Vec<_> = messages
        .incoming(&packets)
        .map(|incoming| open(incoming.key, incoming.from, incoming.packet))
        .collect();
    let mut results = vec![Err(OpenError::KeyId)];
    open_many(messages.incoming(&packets), &mut results);
    let results = results.split_off(1);
    assert_eq!(results.len(), expected.len(), "{words:?}, seed {seed}");
    for (i, (result, expected)) in results.iter().zip(&expected).enumerate() {
        assert_eq!(comparable(result), comparable(expected), "packet {i} of {words:?}, seed {seed}");
        let verdict = match i % 7 {
            2 => Some(OpenError::MsgKey),
            4 => Some(OpenError::KeyId),
            5 => Some(OpenError::Size(packets[i].len() - 24)),
            _ => None,
        };
        assert_eq!(result.as_ref().err(), verdict.as_ref(), "packet {i}");
    }
}

proptest! {
    #[test]
    fn m171_m181_a_batch_gives_what_one_by_one_gives(
        words in prop::collection::vec(0..200_usize, 0..MOST), seed: u64,
    ) {
        check(&words, seed);
    }
}

#[test]
fn batches_of_every_size_around_a_group_work() {
    for count in (0..20).chain([31, 32, 33, 63, 64, 65, 127, 128, 129, 200]) {
        check(&vec![10; count], 1);
    }
}

#[test]
fn a_packet_that_outweighs_the_others_works() {
    for words in [[1, 100_000, 3], [200_000, 0, 0], [5, 5, 5_000], [0, 0, 0]] {
        check(&words, 2);
    }
}

#[test]
fn m176_one_bad_packet_costs_only_itself() {
    let messages = Messages::new(&[10; 40], 3);
    let packets = messages.sealed(3);
    for bad in 0..packets.len() {
        let mut packets = packets.clone();
        packets[bad][30] ^= 0x80;
        let mut results = Vec::new();
        open_many(messages.incoming(&packets), &mut results);
        for (i, result) in results.iter().enumerate() {
            assert_eq!(result.is_err(), i == bad, "packet {i} while {bad} is bad");
        }
        assert_eq!(results[bad].as_ref().unwrap_err(), &OpenError::MsgKey);
    }
}

#[test]
fn a_packet_under_the_key_of_its_neighbour_is_refused() {
    let messages = Messages::new(&[10; 4], 4);
    let mut packets = messages.sealed(4);
    packets.swap(1, 2);
    let mut results = Vec::new();
    open_many(messages.incoming(&packets), &mut results);
    let errors: Vec<_> = results.iter().map(|result| result.as_ref().err()).collect();
    assert_eq!(errors, [None, Some(&OpenError::KeyId), Some(&OpenError::KeyId), None], "M-171");
}

#[test]
fn every_packet_of_a_batch_has_padding_of_its_own() {
    let key = AuthKey::new([5; 256]);
    let header = Header { salt: 0, session_id: 1, msg_id: 4, seqno: 1 };
    let message = Outgoing { key: &key, from: Side::Server, header, body: b"same" };
    let mut out = BytesMut::new();
    seal_many(&[message; 3], &mut StdRng::seed_from_u64(5), &mut out);
    let packets: Vec<_> = (0..3).map(|_| out.split_to(message.packet_len())).collect();
    assert!(packets[0] != packets[1] && packets[1] != packets[2] && packets[0] != packets[2], "M-179");
}
