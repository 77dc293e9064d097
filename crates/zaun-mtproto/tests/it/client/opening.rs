//! What a client checks of a packet before it looks at its session: key, msg_key, length, padding (M-175 … M-178, M-321).

use super::support::*;
use bytes::BytesMut;
use zaun_crypto::kdf::{self, Side};
use zaun_mtproto::client::{Event, ReceiveError};
use zaun_mtproto::packet::{MAX_PADDING, MIN_PADDING, OpenError};

/// A server's packet of this session with any declared length, over `text` bytes of body and padding.
fn crafted(rig: &mut Rig, session_id: i64, length: i32, text: usize) -> BytesMut {
    let mut plain = Vec::new();
    for word in [SALT, session_id, rig.server_id()] {
        plain.extend(word.to_le_bytes());
    }
    plain.extend(1i32.to_le_bytes());
    plain.extend(length.to_le_bytes());
    plain.extend(RESULT);
    plain.resize(32 + text, 0x5a);
    let msg_key = kdf::msg_key_v2(&key(), Side::Server, &plain);
    kdf::v2(&key(), &msg_key, Side::Server).encrypt(&mut plain).unwrap();
    BytesMut::from(&[&key().id().to_le_bytes()[..], &msg_key, &plain].concat()[..])
}

/// The packet is discarded without a trace, for this reason, and the connection has to be closed.
fn refused(rig: &mut Rig, packet: BytesMut) -> OpenError {
    let before = format!("{:?}", rig.client);
    let error = rig.client.receive(rig.now, A, packet).unwrap_err();
    assert_eq!(format!("{:?}", rig.client), before, "M-323: {error}");
    assert!(error.closes_connection(), "M-322: {error}");
    let ReceiveError::Open(error) = error else { panic!("{error}") };
    error
}

#[test]
fn a_length_that_is_negative_or_no_number_of_words_or_past_the_end_is_discarded_and_closes_the_connection() {
    let mut rig = Rig::begun();
    for length in [-4, i32::MIN, i32::MAX, 1, 2, 3, 6, 36, 0x7fff_fffc] {
        let packet = crafted(&mut rig, 5, length, 32);
        assert_eq!(refused(&mut rig, packet), OpenError::Length(length), "M-177");
    }
}

#[test]
fn padding_outside_of_12_to_1024_bytes_is_discarded_and_closes_the_connection() {
    let mut rig = Rig::begun();
    for (length, text) in [(8, 16), (24, 32), (32, 32), (8, 1040), (0, 1040)] {
        let packet = crafted(&mut rig, 5, length, text);
        let padding = text - usize::try_from(length).unwrap();
        assert!(!(MIN_PADDING..=MAX_PADDING).contains(&padding));
        assert_eq!(refused(&mut rig, packet), OpenError::Padding(padding), "M-178");
    }
    for (length, text) in [(20, 32), (8, 32), (16, 1040)] {
        let packet = crafted(&mut rig, 5, length, text);
        assert_eq!(rig.client.receive(rig.now, A, packet), Ok(()), "M-178");
    }
}

/// A changed byte makes everything else wrong, too; only the msg_key is named (M-175).
#[test]
fn msg_key_is_judged_before_length_padding_and_session() {
    let mut rig = Rig::begun();
    for (session_id, length) in [(6, 8), (5, -4), (5, 6), (5, 32), (6, i32::MAX)] {
        let mut packet = crafted(&mut rig, session_id, length, 32);
        *packet.last_mut().unwrap() ^= 1;
        assert_eq!(refused(&mut rig, packet), OpenError::MsgKey, "M-175, M-321");
    }
}

#[test]
fn msg_key_covers_every_byte_of_the_padding() {
    let mut rig = Rig::begun();
    // 8 bytes of body and 1024 of padding, which may end in whole blocks that nobody else looks at.
    let whole = crafted(&mut rig, 5, 8, 1032 - 8);
    for at in (24 + 32 + 8..whole.len()).step_by(13) {
        let mut packet = whole.clone();
        packet[at] ^= 0x80;
        assert_eq!(refused(&mut rig, packet), OpenError::MsgKey, "M-172, byte {at}");
    }
    assert_eq!(rig.client.receive(rig.now, A, whole), Ok(()));
    assert_eq!(rig.events(), [Event::Pushed { body: RESULT }]);
}

#[test]
fn a_packet_that_is_cut_or_no_whole_blocks_is_discarded_and_closes_the_connection() {
    let mut rig = Rig::begun();
    let whole = crafted(&mut rig, 5, 8, 32);
    for cut in 0..whole.len() {
        let error = refused(&mut rig, whole[..cut].into());
        let expected = match cut {
            0..8 => OpenError::KeyId,
            8..24 => OpenError::Size(0),
            // Whole blocks, but not those of its msg_key.
            _ if cut >= 72 && (cut - 24).is_multiple_of(16) => OpenError::MsgKey,
            _ => OpenError::Size(cut - 24),
        };
        assert_eq!(error, expected, "M-171, cut at {cut}");
    }
}
