//! Frames, quick acks and errors in both directions, for every framing and cover, however the stream is cut.

use crate::support::{Cover, combinations, drain_client, drain_server, encrypted, pair, rng, sent};
use bytes::BytesMut;
use proptest::prelude::*;
use zaun_transport::{Framing, Incoming, ServerCodec, WriteError};

/// Sizes around the change of the abridged length form (126 and 127 words).
fn payloads() -> Vec<(Vec<u8>, bool)> {
    [40, 504, 520, 24]
        .into_iter()
        .zip([false, true, true, false])
        .map(|(len, flag)| (encrypted(len), flag))
        .collect()
}

/// What the server must see: full framing has no quick acks (M-047).
fn expected(framing: Framing, payloads: &[(Vec<u8>, bool)]) -> Vec<(Vec<u8>, bool)> {
    payloads.iter().map(|(payload, flag)| (payload.clone(), *flag && framing != Framing::Full)).collect()
}

fn received(server: &mut ServerCodec) -> Vec<(Vec<u8>, bool)> {
    drain_server(server).into_iter().map(|frame| (frame.payload.to_vec(), frame.quick_ack)).collect()
}

/// M-014, M-015, M-017, M-019, M-022, M-024, M-025.
#[test]
fn m032_every_split_gives_the_same_frames_to_the_server() {
    for (framing, cover) in combinations() {
        let mut rng = rng(1);
        let (mut client, _) = pair(framing, cover, &mut rng);
        let wire = sent(&mut client, &payloads(), &mut rng);
        for cut in 0..=wire.len() {
            let (_, mut server) = pair(framing, cover, &mut rng);
            server.feed(&wire[..cut]);
            let mut frames = received(&mut server);
            server.feed(&wire[cut..]);
            frames.extend(received(&mut server));
            assert_eq!(frames, expected(framing, &payloads()), "{framing:?} {cover:?} cut at {cut}");
            assert_eq!(server.buffered(), 0);
        }
    }
}

#[test]
fn m032_every_split_gives_the_same_to_the_client() {
    for (framing, cover) in combinations() {
        let mut rng = rng(2);
        let (mut client, mut server) = pair(framing, cover, &mut rng);
        server.feed(&sent(&mut client, &payloads()[..1], &mut rng));
        drain_server(&mut server);
        let mut wire = BytesMut::new();
        server.write_frame(&encrypted(520), &mut rng, &mut wire).unwrap();
        server.write_quick_ack(0x8123_4567, &mut rng, &mut wire).unwrap();
        server.write_frame(&encrypted(40), &mut rng, &mut wire).unwrap();
        server.write_error(-429, &mut rng, &mut wire).unwrap();
        let mut all = vec![
            Incoming::Frame(encrypted(520)[..].into()),
            Incoming::QuickAck(0x8123_4567),
            Incoming::Frame(encrypted(40)[..].into()),
            Incoming::Error(-429),
        ];
        if framing == Framing::Full {
            all.remove(1);
        }
        for cut in 0..=wire.len() {
            let mut rng = self::rng(2);
            let (mut client, _) = pair(framing, cover, &mut rng);
            client.feed(&wire[..cut]);
            let mut incoming = drain_client(&mut client);
            client.feed(&wire[cut..]);
            incoming.extend(drain_client(&mut client));
            assert_eq!(incoming, all, "{framing:?} {cover:?} cut at {cut}");
        }
    }
}

proptest! {
    #[test]
    fn m032_random_cuts_give_the_same_frames(
        choice in 0..10_usize,
        blocks in prop::collection::vec((0..200_usize, any::<bool>()), 1..8),
        cuts in prop::collection::vec(1..97_usize, 1..40),
        seed: u64,
    ) {
        let (framing, cover) = combinations().nth(choice).unwrap();
        let mut rng = rng(seed);
        let (mut client, mut server) = pair(framing, cover, &mut rng);
        let payloads: Vec<_> = blocks.into_iter().map(|(blocks, flag)| (encrypted(24 + 16 * blocks), flag)).collect();
        let wire = sent(&mut client, &payloads, &mut rng);
        let (mut frames, mut rest, mut cuts) = (Vec::new(), &wire[..], cuts.into_iter().cycle());
        while !rest.is_empty() {
            let (head, tail) = rest.split_at(cuts.next().unwrap().min(rest.len()));
            server.feed(head);
            frames.extend(received(&mut server));
            rest = tail;
        }
        prop_assert_eq!(frames, expected(framing, &payloads));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), choice in 0..10_usize, seed: u64) {
        let (framing, cover) = combinations().nth(choice).unwrap();
        let mut rng = rng(seed);
        let (mut client, mut server) = pair(framing, cover, &mut rng);
        server.feed(&bytes);
        while let Ok(Some(_)) = server.next_frame() {}
        let (_, mut server) = pair(framing, cover, &mut rng);
        server.feed(&sent(&mut client, &[(encrypted(24), false)], &mut rng));
        server.feed(&bytes);
        while let Ok(Some(_)) = server.next_frame() {}
        client.feed(&bytes);
        while let Ok(Some(_)) = client.next_incoming() {}
    }
}

#[test]
fn m026_plaintext_payloads_keep_their_padding_and_encrypted_ones_lose_it() {
    let mut rng = rng(3);
    let mut lengths = Vec::new();
    for _ in 0..64 {
        let (mut client, mut server) = pair(Framing::PaddedIntermediate, Cover::Plain, &mut rng);
        let plaintext = [&[0; 8][..], &[1; 32]].concat();
        server.feed(&sent(&mut client, &[(plaintext.clone(), false), (encrypted(56), false)], &mut rng));
        let frames = drain_server(&mut server);
        assert!(frames[0].payload.starts_with(&plaintext));
        lengths.push(frames[0].payload.len());
        assert_eq!(frames[1].payload, encrypted(56)[..]);
    }
    lengths.sort_unstable();
    assert!(lengths[0] < 44 && lengths[63] > 51 && lengths[63] < 56, "{lengths:?}");
}

/// A packet is 24 bytes and whole blocks, so whatever follows is the tail (M-026); each of its lengths must work.
#[test]
fn m025_every_tail_of_0_to_15_bytes_is_taken_off_by_both_roles() {
    for tail in 0..16_usize {
        for payload in [encrypted(24 + 16), encrypted(24 + 16 * 33)] {
            let mut frame = vec![];
            frame.extend(u32::try_from(payload.len() + tail).unwrap().to_le_bytes());
            frame.extend(&payload);
            frame.extend((0..tail).map(|n| n as u8 ^ 0xa5));
            let mut server = ServerCodec::new(zaun_transport::Limits::default());
            server.feed(&[&[0xdd; 4], &frame[..], &frame[..]].concat());
            let taken = received(&mut server);
            assert_eq!(taken, [(payload.clone(), false), (payload.clone(), false)], "tail of {tail}");
            let mut client = zaun_transport::ClientCodec::new(Framing::PaddedIntermediate);
            client.feed(&[&frame[..], &frame[..]].concat());
            let expected = Incoming::Frame(payload[..].into());
            assert_eq!(drain_client(&mut client), [expected.clone(), expected], "tail of {tail}");
        }
    }
}

/// Telethon takes length modulo 4 off a packet, and the official proxy adds no more than 3 bytes.
#[test]
fn m025_a_servers_padding_is_below_one_word() {
    let mut rng = rng(8);
    let mut server = connected(Framing::PaddedIntermediate);
    let mut seen = [0; 4];
    for _ in 0..100 {
        let mut wire = BytesMut::new();
        server.write_frame(&encrypted(56), &mut rng, &mut wire).unwrap();
        seen[wire.len() - 4 - 56] += 1;
    }
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}

#[test]
fn m042_quick_acks_on_the_wire() {
    let mut rng = rng(4);
    for (framing, bytes) in [(Framing::Intermediate, [1, 2, 3, 0x84]), (Framing::Abridged, [0x84, 3, 2, 1])] {
        let mut server = connected(framing);
        let mut wire = BytesMut::new();
        server.write_quick_ack(0x8403_0201, &mut rng, &mut wire).unwrap();
        assert_eq!(wire, bytes[..]);
    }
}

#[test]
fn m043_m044_m052_short_bodies_stay_below_16_bytes() {
    let mut rng = rng(5);
    let mut server = connected(Framing::PaddedIntermediate);
    for _ in 0..100 {
        let (mut quick_ack, mut error) = (BytesMut::new(), BytesMut::new());
        server.write_quick_ack(0x8403_0201, &mut rng, &mut quick_ack).unwrap();
        server.write_error(-404, &mut rng, &mut error).unwrap();
        for wire in [&quick_ack, &error] {
            let len = u32::from_le_bytes(wire[..4].try_into().unwrap()) as usize;
            assert!(len < 16 && len == wire.len() - 4);
        }
        assert_eq!(quick_ack[4..12], [0xff, 0xff, 0xff, 0xff, 1, 2, 3, 0x84]);
        assert_eq!(error[4..8], (-404_i32).to_le_bytes());
    }
}

#[test]
fn m048_errors_are_one_framed_word() {
    let mut rng = rng(6);
    for (framing, head) in [(Framing::Abridged, &[1][..]), (Framing::Intermediate, &[4, 0, 0, 0])] {
        let mut wire = BytesMut::new();
        connected(framing).write_error(-404, &mut rng, &mut wire).unwrap();
        assert_eq!(wire, [head, &(-404_i32).to_le_bytes()].concat()[..]);
    }
}

#[test]
fn m013_m020_the_server_is_silent_before_it_knows_and_never_sends_a_tag() {
    let mut rng = rng(7);
    let mut server = ServerCodec::new(zaun_transport::Limits::default());
    let mut wire = BytesMut::new();
    assert_eq!(server.write_frame(&[0; 8], &mut rng, &mut wire), Err(WriteError::Undecided));
    assert_eq!(server.write_error(-404, &mut rng, &mut wire), Err(WriteError::Undecided));
    assert_eq!(server.write_quick_ack(1 << 31, &mut rng, &mut wire), Err(WriteError::Undecided));
    assert!(wire.is_empty());
    let mut server = connected(Framing::Abridged);
    server.write_frame(&[7; 8], &mut rng, &mut wire).unwrap();
    assert_eq!(wire, [&[2][..], &[7; 8]].concat()[..]);
}

#[test]
fn m029_m031_refuses_to_send_what_clients_refuse_to_take() {
    let mut rng = rng(8);
    for framing in crate::support::FRAMINGS {
        let mut server = connected(framing);
        let mut wire = BytesMut::new();
        for len in [0, 1, 2, 3, 5, 42] {
            let result = server.write_frame(&vec![0; len], &mut rng, &mut wire);
            assert_eq!(result, Err(WriteError::Misaligned(len)));
        }
        let len = zaun_transport::MAX_OUTBOUND_BYTES + 4;
        assert_eq!(server.write_frame(&vec![0; len], &mut rng, &mut wire), Err(WriteError::TooLarge(len)));
        assert!(wire.is_empty());
    }
}

#[test]
fn received_bytes_may_be_read_straight_into_the_buffer() {
    use bytes::BufMut;
    let mut rng = rng(9);
    let (mut client, mut server) = pair(Framing::Intermediate, Cover::Obfuscated, &mut rng);
    let wire = sent(&mut client, &payloads(), &mut rng);
    for part in wire.chunks(100) {
        server.receive_buffer(100).put_slice(part);
    }
    assert_eq!(received(&mut server), payloads());
}

/// A server that has seen one frame of this framing.
fn connected(framing: Framing) -> ServerCodec {
    let mut rng = rng(10);
    let (mut client, mut server) = pair(framing, Cover::Plain, &mut rng);
    server.feed(&sent(&mut client, &[(encrypted(24), false)], &mut rng));
    drain_server(&mut server);
    server
}
