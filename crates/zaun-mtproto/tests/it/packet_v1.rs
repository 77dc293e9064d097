//! Packets of MTProto 1.0 (M-183 … M-187).
//!
//! The known packets were computed by an independent program, from the documents, with SHA-1 and AES of OpenSSL.

use bytes::BytesMut;
use zaun_crypto::auth_key::AuthKey;
use zaun_crypto::kdf::{self, Side};
use zaun_mtproto::packet::{Header, INNER_HEADER, OUTER_HEADER};
use zaun_mtproto::packet_v1::{OpenV1Error, open, seal};

const HEADER: Header = Header { salt: -1, session_id: i64::MIN, msg_id: 4, seqno: 3 };
/// A text of whole blocks, so without padding.
const WHOLE: &[u8] = b"sixteen byte txt";
const KNOWN_CLIENT: &str = "32d1586ea457dfc85326a258b090ecbd97082fe9d164f2e87b4456fc69946f00f91b02924db6e6a8c8eca1e2073ad7eac28e531dbb6c86a1abfd18a8d6da452b82f0a96c682870d4";
const KNOWN_SERVER: &str = "32d1586ea457dfc85326a258b090ecbd97082fe9d164f2e87c7361ac53767494a7c8d8d2d5ddd73161e02b31207b22a067b1425eaa08f80ac81c74d453cf9d445af594d3c93464e7";
/// A body of 12 bytes and 4 bytes of padding.
const KNOWN_PADDED: &str = "32d1586ea457dfc83bf3d80a39e249dbe9723c15cc27b6314b01d1ba2c0fe5f2770305544ecec283020b23b3d4c00bcc3e9c1048e7bb8de1400a96b259700ac710f63c5b60a85d4e";

fn key() -> AuthKey {
    AuthKey::new(std::array::from_fn(|i| u8::try_from(i).unwrap()))
}

fn bytes(hex: &str) -> BytesMut {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn sealed(from: Side, body: &[u8]) -> BytesMut {
    let mut out = BytesMut::new();
    seal(&key(), from, &HEADER, body, &mut rand::rng(), &mut out);
    out
}

/// A packet with any declared length, body and padding, and the msg_key of its first `hashed` bytes.
fn crafted(length: i32, body: usize, hashed: usize) -> BytesMut {
    let mut plain = BytesMut::new();
    for word in [HEADER.salt, HEADER.session_id, HEADER.msg_id] {
        plain.extend_from_slice(&word.to_le_bytes());
    }
    plain.extend_from_slice(&HEADER.seqno.to_le_bytes());
    plain.extend_from_slice(&length.to_le_bytes());
    plain.resize(INNER_HEADER + body, 0x5a);
    let msg_key = kdf::msg_key_v1(&plain[..hashed]);
    kdf::v1(&key(), &msg_key, Side::Client).encrypt(&mut plain).unwrap();
    let mut out = BytesMut::from(&key().id().to_le_bytes()[..]);
    out.extend_from_slice(&msg_key);
    out.extend_from_slice(&plain);
    out
}

#[test]
fn packets_are_those_of_an_independent_program() {
    for (side, known) in [(Side::Client, KNOWN_CLIENT), (Side::Server, KNOWN_SERVER)] {
        assert_eq!(sealed(side, WHOLE), bytes(known), "M-183, M-184, M-185");
        let opened = open(&key(), side, bytes(known)).unwrap();
        assert_eq!((opened.header, &opened.body[..]), (HEADER, WHOLE));
        assert_eq!(opened.quick_ack_token, 0x8090_aed6, "M-039");
    }
    let opened = open(&key(), Side::Client, bytes(KNOWN_PADDED)).unwrap();
    assert_eq!((&opened.body[..], opened.quick_ack_token), (&b"just12 bytes"[..], 0xf2b2_9a18));
}

#[test]
fn what_is_sealed_opens_on_the_other_side_only() {
    for words in 0..40 {
        let body = vec![7; words * 4];
        for (from, other) in [(Side::Client, Side::Server), (Side::Server, Side::Client)] {
            let packet = sealed(from, &body);
            assert!((packet.len() - OUTER_HEADER).is_multiple_of(16));
            assert!(packet.len() - OUTER_HEADER - INNER_HEADER - body.len() <= 15, "M-183");
            assert_eq!(open(&key(), from, packet.clone()).unwrap().body, body);
            assert_eq!(open(&key(), other, packet).unwrap_err(), OpenV1Error::MsgKey);
        }
    }
}

#[test]
fn padding_is_random_and_not_covered_by_the_msg_key() {
    let (one, two) = (sealed(Side::Client, &[7; 12]), sealed(Side::Client, &[7; 12]));
    assert_eq!(one[..OUTER_HEADER], two[..OUTER_HEADER], "M-183");
    assert_ne!(one, two);
}

#[test]
fn every_changed_byte_of_the_text_is_noticed() {
    let packet = sealed(Side::Client, WHOLE);
    for at in 0..packet.len() {
        let mut changed = packet.clone();
        changed[at] ^= 1;
        let error = open(&key(), Side::Client, changed).unwrap_err();
        let expected = if at < 8 { OpenV1Error::KeyId } else { OpenV1Error::MsgKey };
        assert_eq!(error, expected, "byte {at}");
    }
}

#[test]
fn wrong_lengths_are_refused_like_wrong_keys() {
    assert!(open(&key(), Side::Client, crafted(16, 16, 48)).is_ok());
    // Negative; not words; past the text; shorter than the text by a whole block.
    for (length, hashed) in [(-4, 48), (14, 46), (20, 48), (i32::MAX, 48), (i32::MIN, 48), (0, 32)] {
        let error = open(&key(), Side::Client, crafted(length, 16, hashed)).unwrap_err();
        assert_eq!(error, OpenV1Error::MsgKey, "length {length}");
    }
}

#[test]
fn wrong_sizes_are_refused() {
    let packet = sealed(Side::Client, WHOLE);
    for len in [24, 25, 40, 55, packet.len() - 1] {
        let error = open(&key(), Side::Client, BytesMut::from(&packet[..len])).unwrap_err();
        assert_eq!(error, OpenV1Error::Size(len - OUTER_HEADER));
    }
    for len in 0..8 {
        assert_eq!(
            open(&key(), Side::Client, BytesMut::from(&packet[..len])).unwrap_err(),
            OpenV1Error::KeyId
        );
    }
}
