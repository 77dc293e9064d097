//! Broken frames, limits and memory.

use crate::support::{Cover, FRAMINGS, drain_server, encrypted, pair, rng, sent};
use bytes::{BufMut, BytesMut};
use zaun_transport::{
    ClientCodec, Framing, Limits, MAX_INBOUND_BYTES, PeerFault, ServerCodec, TransportError,
};

fn fault(bytes: &[u8]) -> Result<usize, PeerFault> {
    let mut server = ServerCodec::new(Limits { max_frame_bytes: 1024 });
    server.feed(bytes);
    let mut frames = 0;
    loop {
        match server.next_frame() {
            Ok(Some(_)) => frames += 1,
            Ok(None) => return Ok(frames),
            Err(TransportError::Peer(fault)) => return Err(fault),
            Err(other) => panic!("{other}"),
        }
    }
}

fn full(sequence: u32, payload: &[u8]) -> BytesMut {
    let mut out = BytesMut::new();
    out.put_u32_le(payload.len() as u32 + 12);
    out.put_u32_le(sequence);
    out.put_slice(payload);
    out.put_u32_le(crc32fast::hash(&out));
    out
}

#[test]
fn m030_large_frames_are_refused_by_their_head_alone() {
    let too_large = |len| Err(PeerFault::FrameTooLarge { len, max: 1024 });
    assert_eq!(fault(&[0xef, 0x7f, 1, 1, 0]), too_large(257 * 4));
    assert_eq!(fault(&[0xee, 0xee, 0xee, 0xee, 4, 4, 0, 0]), too_large(1028));
    assert_eq!(fault(&[0xee, 0xee, 0xee, 0xee, 0xff, 0xff, 0xff, 0xff]), too_large(0x7fff_ffff));
    assert_eq!(fault(&[0xdd, 0xdd, 0xdd, 0xdd, 1, 4, 0, 0]), too_large(1025));
    assert_eq!(fault(&[16, 4, 0, 0, 0, 0, 0, 0]), too_large(1028));
    assert_eq!(fault(&[0xef, 0x7f, 0, 1, 0]), Ok(0), "exactly the limit");
}

#[test]
fn m029_lengths_are_positive_and_aligned() {
    assert_eq!(fault(&[0xee, 0xee, 0xee, 0xee, 5, 0, 0, 0]), Err(PeerFault::Misaligned { len: 5 }));
    assert_eq!(fault(&[17, 0, 0, 0, 0, 0, 0, 0]), Err(PeerFault::Misaligned { len: 5 }));
    for empty in
        [&[0xef, 0][..], &[0xef, 0x80], &[0xee, 0xee, 0xee, 0xee, 0, 0, 0, 0x80], &[12, 0, 0, 0, 0, 0, 0, 0]]
    {
        assert_eq!(fault(empty), Err(PeerFault::EmptyFrame));
    }
    assert_eq!(fault(&[0xdd, 0xdd, 0xdd, 0xdd, 5, 0, 0, 0, 1, 2, 3, 4, 5]), Ok(1));
}

#[test]
fn m027_full_envelopes_have_twelve_bytes() {
    for len in [0, 4, 8, 11] {
        assert_eq!(fault(&[len, 0, 0, 0, 0, 0, 0, 0]), Err(PeerFault::TooShort { len: len.into() }));
    }
}

#[test]
fn m028_full_counts_and_checks() {
    let frames = [full(0, &[1; 8]), full(1, &[2; 8])].concat();
    assert_eq!(fault(&frames), Ok(2));
    let gap = [full(0, &[1; 8]), full(2, &[2; 8])].concat();
    assert_eq!(fault(&gap), Err(PeerFault::Sequence { expected: 1, got: 2 }));
    let repeat = [full(0, &[1; 8]), full(0, &[2; 8])].concat();
    assert_eq!(fault(&repeat), Err(PeerFault::Sequence { expected: 1, got: 0 }));
    for byte in 8..20 {
        let mut broken = full(0, &[1; 8]);
        broken[byte] ^= 0x40;
        assert_eq!(fault(&broken), Err(PeerFault::Checksum), "byte {byte}");
    }
}

#[test]
fn m047_the_flag_of_a_full_frame_is_ignored() {
    let mut frame = full(0, &[1; 8]);
    frame[3] |= 0x80;
    let crc = crc32fast::hash(&frame[..16]);
    frame[16..].copy_from_slice(&crc.to_le_bytes());
    assert_eq!(fault(&frame), Ok(1));
}

#[test]
fn m023_abridged_lengths_carry_the_flag_in_both_forms() {
    let mut server = ServerCodec::new(Limits::default());
    server.feed(&[0xef, 0x81, 1, 2, 3, 4, 0xff, 1, 0, 0, 5, 6, 7, 8]);
    let frames = drain_server(&mut server);
    assert!(frames.iter().all(|frame| frame.quick_ack));
    assert_eq!(frames[0].payload, [1, 2, 3, 4][..]);
    assert_eq!(frames[1].payload, [5, 6, 7, 8][..]);
}

#[test]
fn a_client_refuses_broken_frames_too() {
    let mut client = ClientCodec::new(Framing::Full);
    client.feed(&full(1, &[1; 8]));
    let error = TransportError::Peer(PeerFault::Sequence { expected: 0, got: 1 });
    assert_eq!(client.next_incoming(), Err(error));
    client.feed(&full(0, &[1; 8]));
    assert_eq!(client.next_incoming(), Err(error));
}

#[test]
fn m053_a_zero_payload_is_nothing() {
    let mut client = ClientCodec::new(Framing::Intermediate);
    client.feed(&[4, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(client.next_incoming(), Ok(None));
    assert_eq!(client.buffered(), 0);
}

#[test]
fn announcing_a_large_frame_costs_no_memory() {
    for framing in FRAMINGS {
        let mut rng = rng(1);
        let (mut client, mut server) = pair(framing, Cover::Plain, &mut rng);
        let wire = sent(&mut client, &[(encrypted(24 + (MAX_INBOUND_BYTES - 64)), false)], &mut rng);
        server.feed(&wire[..32]);
        assert_eq!(server.next_frame(), Ok(None));
        assert!(spare(&mut server) < 1024, "{framing:?}");
        for part in wire[32..].chunks(4096) {
            assert_eq!(server.next_frame(), Ok(None));
            assert!(spare(&mut server) <= 2 * server.buffered() + 4096);
            server.feed(part);
        }
        assert_eq!(drain_server(&mut server).len(), 1);
    }
}

#[test]
fn an_idle_codec_is_small() {
    let mut rng = rng(2);
    let (mut client, mut server) = pair(Framing::Intermediate, Cover::Obfuscated, &mut rng);
    server.feed(&sent(&mut client, &[(encrypted(4120), false)], &mut rng));
    drain_server(&mut server);
    server.release_idle();
    assert_eq!(spare(&mut server), 0);
    assert!(size_of::<ServerCodec>() <= 192, "{}", size_of::<ServerCodec>());
    server.feed(&sent(&mut client, &[(encrypted(40), false)], &mut rng));
    assert_eq!(drain_server(&mut server).len(), 1, "the stream goes on");
}

/// Bytes of capacity that are not used.
fn spare(server: &mut ServerCodec) -> usize {
    let mut buffer = server.receive_buffer(0);
    buffer.chunk_mut().len().saturating_sub(64)
}
