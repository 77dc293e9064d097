//! Encrypted packets: what is sealed opens, and every other packet is refused for its own reason (M-171 … M-181).

use bytes::BytesMut;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use zaun_crypto::auth_key::AuthKey;
use zaun_crypto::kdf::{self, Side};
use zaun_mtproto::packet::{
    Header, INNER_HEADER, MAX_PADDING, MIN_PADDING, OUTER_HEADER, OpenError, auth_key_id, open, seal,
};

const HEADER: Header = Header { salt: -1, session_id: i64::MIN, msg_id: 4, seqno: 3 };

fn key() -> AuthKey {
    AuthKey::new(std::array::from_fn(|i| u8::try_from(i).unwrap()))
}

fn rng() -> StdRng {
    StdRng::seed_from_u64(1)
}

/// A packet with any declared length, body and padding; `None` if they are not whole blocks.
fn crafted(from: Side, length: i32, body: usize, padding: usize) -> Option<BytesMut> {
    let mut plain = Vec::new();
    for word in [HEADER.salt, HEADER.session_id, HEADER.msg_id] {
        plain.extend(word.to_le_bytes());
    }
    plain.extend(HEADER.seqno.to_le_bytes());
    plain.extend(length.to_le_bytes());
    plain.resize(INNER_HEADER + body + padding, 0x5a);
    let msg_key = kdf::msg_key_v2(&key(), from, &plain);
    kdf::v2(&key(), &msg_key, from).encrypt(&mut plain).ok()?;
    let mut packet = BytesMut::from(&key().id().to_le_bytes()[..]);
    packet.extend_from_slice(&msg_key);
    packet.extend_from_slice(&plain);
    Some(packet)
}

fn refusal(packet: BytesMut) -> OpenError {
    open(&key(), Side::Client, packet).expect_err("the packet is wrong")
}

#[test]
fn what_is_sealed_opens_on_the_other_side() {
    let mut rng = rng();
    for from in [Side::Client, Side::Server] {
        for len in (0..600).step_by(4).chain([65_536, 1 << 20]) {
            let mut body = vec![0; len];
            rng.fill_bytes(&mut body);
            let mut packet = BytesMut::from(&b"before"[..]);
            seal(&key(), from, &HEADER, &body, &mut rng, &mut packet);
            let packet = packet.split_off(6);
            assert_eq!(auth_key_id(&packet), Some(key().id()), "M-171");
            let padding = packet.len() - OUTER_HEADER - INNER_HEADER - len;
            assert!((MIN_PADDING..=MAX_PADDING).contains(&padding), "M-179");
            assert_eq!((packet.len() - OUTER_HEADER) % 16, 0, "M-179");
            let opened = open(&key(), from, packet).unwrap();
            assert_eq!((opened.header, &opened.body[..]), (HEADER, &body[..]), "M-171");
            assert_eq!(opened.quick_ack_token >> 31, 1, "M-038");
        }
    }
}

#[test]
fn two_seals_of_one_body_differ() {
    let mut rng = rng();
    let mut seal_one = || {
        let mut packet = BytesMut::new();
        seal(&key(), Side::Server, &HEADER, b"same", &mut rng, &mut packet);
        packet
    };
    let (one, other) = (seal_one(), seal_one());
    assert_ne!(one[8..24], other[8..24], "M-179: the padding is random, so msg_key differs");
    assert_ne!(one[24..], other[24..], "M-179");
}

#[test]
fn a_packet_of_one_direction_does_not_open_as_the_other() {
    let packet = crafted(Side::Server, 4, 4, 12).unwrap();
    assert_eq!(refusal(packet), OpenError::MsgKey, "M-325");
}

#[test]
fn padding_is_12_to_1024_bytes() {
    for padding in MIN_PADDING..=MAX_PADDING {
        let Some(body) = (0..16).step_by(4).find(|body| (INNER_HEADER + body + padding).is_multiple_of(16))
        else {
            continue;
        };
        let packet = crafted(Side::Client, i32::try_from(body).unwrap(), body, padding).unwrap();
        assert_eq!(open(&key(), Side::Client, packet).unwrap().body.len(), body, "M-178: {padding}");
    }
    // Bodies are words, so these are the nearest paddings outside of the range.
    for (length, total) in [(8, 16), (32, 32), (12, 1040), (0, 1040), (20, 1056)] {
        let packet = crafted(Side::Client, length, 0, total).unwrap();
        let padding = total - usize::try_from(length).unwrap();
        assert_eq!(refusal(packet), OpenError::Padding(padding), "M-178");
    }
}

#[test]
fn padding_of_11_and_1025_bytes_is_refused_for_the_length_that_brings_it() {
    for (length, total, padding) in [(21, 32, 11), (15, 1040, 1025)] {
        let packet = crafted(Side::Client, length, 0, total).unwrap();
        assert_eq!(total - usize::try_from(length).unwrap(), padding);
        assert_eq!(refusal(packet), OpenError::Length(length), "M-177: no word-sized body has such padding");
    }
}

#[test]
fn lengths_must_be_words_within_the_plaintext() {
    for length in [-1, -4, i32::MIN, i32::MAX, 1, 2, 3, 5, 36, 0x7fff_fffc] {
        let packet = crafted(Side::Client, length, 4, 28).unwrap();
        assert_eq!(refusal(packet), OpenError::Length(length), "M-177");
    }
}

#[test]
fn the_ciphertext_is_whole_blocks_and_holds_a_message() {
    let good = crafted(Side::Client, 4, 4, 12).unwrap();
    for len in 0..good.len() {
        let error = refusal(BytesMut::from(&good[..len]));
        match len {
            0..8 => assert_eq!(error, OpenError::KeyId, "M-171"),
            _ => assert_eq!(error, OpenError::Size(len.saturating_sub(OUTER_HEADER)), "M-171"),
        }
    }
    for extra in 1..16 {
        let mut longer = good.clone();
        longer.resize(good.len() + extra, 0);
        assert_eq!(refusal(longer), OpenError::Size(48 + extra), "M-171");
    }
    let mut block_more = good.clone();
    block_more.resize(good.len() + 16, 0);
    assert_eq!(refusal(block_more), OpenError::MsgKey, "M-172");
}

#[test]
fn any_flipped_bit_is_noticed() {
    let good = crafted(Side::Client, 4, 4, 28).unwrap();
    for bit in 0..good.len() * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let expected = if bit < 64 { OpenError::KeyId } else { OpenError::MsgKey };
        assert_eq!(refusal(bad), expected, "M-175: bit {bit}");
    }
}

#[test]
fn msg_key_is_judged_before_any_field() {
    let mut packet = crafted(Side::Client, -1, 0, 0x20).unwrap();
    packet[10] ^= 1;
    assert_eq!(refusal(packet), OpenError::MsgKey, "M-175, M-176");
}

#[test]
fn another_key_does_not_open_it() {
    let packet = crafted(Side::Client, 4, 4, 12).unwrap();
    let error = open(&AuthKey::new([1; 256]), Side::Client, packet).unwrap_err();
    assert_eq!(error, OpenError::KeyId, "M-171");
}

#[test]
fn padding_belongs_to_the_msg_key() {
    let plain_of = |last: u8| {
        let mut plain = vec![0; 48];
        plain[47] = last;
        kdf::msg_key_v2(&key(), Side::Client, &plain)
    };
    assert_ne!(plain_of(0), plain_of(1), "M-172");
}
