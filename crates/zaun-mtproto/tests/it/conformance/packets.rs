//! `packets_v1.json` and `packets_v2.json`: messages sealed by each side, and packets that have to be refused.

use bytes::BytesMut;
use serde::{Deserialize, Serialize};
use zaun_crypto::auth_key::AuthKey;
use zaun_crypto::kdf;
use zaun_mtproto::packet::{self, Header};
use zaun_mtproto::packet_v1;

use super::support::{Draw, Hex, Long, Tape, auth_key, pattern, read, same, side};

#[derive(Serialize, Deserialize)]
struct Packets {
    auth_key: Hex,
    packets: Vec<Packet>,
    refused: Vec<Refused>,
}

#[derive(Serialize, Deserialize)]
struct Packet {
    from: String,
    salt: Long,
    session_id: Long,
    msg_id: Long,
    seqno: i32,
    body: Hex,
    draws: Vec<Draw>,
    msg_key: Hex,
    quick_ack: u32,
    packet: Hex,
}

#[derive(Serialize, Deserialize)]
struct Refused {
    why: String,
    from: String,
    packet: Hex,
}

fn header(packet: &Packet) -> Header {
    let Packet { salt, session_id, msg_id, seqno, .. } = packet;
    Header { salt: salt.0, session_id: session_id.0, msg_id: msg_id.0, seqno: *seqno }
}

fn seal(version: u32, key: &AuthKey, packet: &Packet, tape: &mut Tape) -> BytesMut {
    let mut out = BytesMut::new();
    if version == 1 {
        packet_v1::seal(key, side(&packet.from), &header(packet), &packet.body.0, tape, &mut out);
    } else {
        packet::seal(key, side(&packet.from), &header(packet), &packet.body.0, tape, &mut out);
    }
    out
}

fn open(version: u32, key: &AuthKey, from: &str, packet: &Hex) -> Result<packet::Opened, String> {
    let bytes = BytesMut::from(&packet.0[..]);
    if version == 1 {
        packet_v1::open(key, side(from), bytes).map_err(|error| error.to_string())
    } else {
        packet::open(key, side(from), bytes).map_err(|error| error.to_string())
    }
}

fn make(version: u32) -> Packets {
    let (key, mut tape) = (auth_key(), Tape::record(20 + u64::from(version)));
    let mut packets = Vec::new();
    for from in ["client", "server"] {
        for (number, len) in (0..=64).step_by(4).chain([1024, 16 * 1024]).enumerate() {
            let number = i64::try_from(number).unwrap();
            let low = if from == "client" { 0 } else { 1 };
            let mut made = Packet {
                from: from.to_owned(),
                salt: Long(0x1122_3344_5566_7788 - number),
                session_id: Long(-number * 0x0102_0304_0506),
                msg_id: Long((1_800_000_000 << 32) + 4 * number + low),
                seqno: i32::try_from(2 * number + 1).unwrap(),
                body: Hex(pattern(len)),
                draws: Vec::new(),
                msg_key: Hex::default(),
                quick_ack: 0,
                packet: Hex::default(),
            };
            made.packet = Hex::of(seal(version, &key, &made, &mut tape));
            made.draws = tape.named(&["padding"]);
            made.msg_key = Hex::of(&made.packet.0[8..24]);
            made.quick_ack = open(version, &key, from, &made.packet).unwrap().quick_ack_token;
            packets.push(made);
        }
    }
    let refused = if version == 2 { refused(&key) } else { Vec::new() };
    Packets { auth_key: Hex::of(key.as_bytes()), packets, refused }
}

/// Packets of both sides with one fault each.
fn refused(key: &AuthKey) -> Vec<Refused> {
    let crafted = |from: &str, length: i32, text: usize| {
        let mut plain = pattern(32 + text);
        plain[28..32].copy_from_slice(&length.to_le_bytes());
        let msg_key = kdf::msg_key_v2(key, side(from), &plain);
        kdf::v2(key, &msg_key, side(from)).encrypt(&mut plain).unwrap();
        [&key.id().to_le_bytes()[..], &msg_key, &plain].concat()
    };
    let flipped = |mut packet: Vec<u8>, at: usize| {
        packet[at] ^= 1;
        packet
    };
    let mut all = Vec::new();
    for (from, other) in [("client", "server"), ("server", "client")] {
        let good = crafted(from, 8, 32);
        let last = good.len() - 1;
        let faults = [
            ("length is negative", crafted(from, -4, 32)),
            ("length is not divisible by 4", crafted(from, 6, 32)),
            ("length runs past the text", crafted(from, 36, 32)),
            ("length leaves 8 bytes of padding", crafted(from, 24, 32)),
            ("length leaves no padding", crafted(from, 32, 32)),
            ("length leaves 1028 bytes of padding", crafted(from, 12, 1040)),
            ("auth_key_id is of another key", flipped(good.clone(), 0)),
            ("msg_key was changed", flipped(good.clone(), 8)),
            ("the first block was changed", flipped(good.clone(), 24)),
            ("the padding was changed", flipped(good.clone(), last)),
            ("it was sealed by the other side", crafted(other, 8, 32)),
            ("no whole blocks", good[..last].to_vec()),
            ("shorter than its header", good[..24 + 32].to_vec()),
            ("no text", good[..24].to_vec()),
        ];
        all.extend(faults.map(|(why, packet)| Refused {
            why: why.into(),
            from: from.into(),
            packet: Hex(packet),
        }));
    }
    all
}

const FILES: [(&str, u32); 2] = [("packets_v1.json", 1), ("packets_v2.json", 2)];

#[test]
fn packets_are_what_the_engines_make() {
    for (file, version) in FILES {
        same(file, &make(version));
    }
}

#[test]
fn packets_are_sealed_and_opened_from_the_files_alone() {
    for (file, version) in FILES {
        let file: Packets = read(file);
        let key = AuthKey::new(file.auth_key.array());
        for packet in &file.packets {
            let mut tape = Tape::play(&packet.draws);
            assert_eq!(seal(version, &key, packet, &mut tape), packet.packet.0, "M-171, M-172, M-183");
            tape.ends();
            let opened = open(version, &key, &packet.from, &packet.packet).unwrap();
            assert_eq!((opened.header, &opened.body[..]), (header(packet), &packet.body.0[..]));
            assert_eq!(opened.quick_ack_token, packet.quick_ack, "M-038, M-039");
            let other = if packet.from == "client" { "server" } else { "client" };
            assert!(open(version, &key, other, &packet.packet).is_err(), "M-172, M-184: of one side only");
        }
        for packet in &file.refused {
            assert!(
                open(version, &key, &packet.from, &packet.packet).is_err(),
                "M-177, M-178: {}",
                packet.why
            );
        }
    }
}
