//! `framings.json` and `obfuscation.json`: whole streams of both directions, byte by byte.

use std::sync::Arc;

use bytes::BytesMut;
use serde::{Deserialize, Serialize};
use zaun_transport::{ClientCodec, Framing, Incoming, Limits, ProxySecret, Secret, SecretKind, ServerCodec};

use super::support::{Draw, Hex, Tape, pattern, read, same};

#[derive(Serialize, Deserialize)]
struct Stream {
    framing: String,
    /// `None` without obfuscation.
    obfuscation: Option<Obfuscation>,
    client: Direction,
    server: Direction,
}

#[derive(Serialize, Deserialize, Clone)]
struct Obfuscation {
    why: String,
    dc: i16,
    secret: Option<Hex>,
    /// The last one is the header before its last 8 bytes are set; the others begin with what is forbidden.
    draws: Vec<Draw>,
    header: Hex,
}

#[derive(Serialize, Deserialize)]
struct Direction {
    sent: Vec<Item>,
    draws: Vec<Draw>,
    wire: Hex,
}

#[derive(Debug, PartialEq, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Item {
    Payload { payload: Hex, quick_ack: bool },
    QuickAck(u32),
    Error(i32),
}

const FRAMINGS: [(&str, Framing); 4] = [
    ("abridged", Framing::Abridged),
    ("intermediate", Framing::Intermediate),
    ("padded", Framing::PaddedIntermediate),
    ("full", Framing::Full),
];

fn framing(name: &str) -> Framing {
    FRAMINGS.iter().find(|(other, _)| *other == name).unwrap().1
}

fn codecs(stream: &Stream) -> (ClientCodec, ServerCodec) {
    let framing = framing(&stream.framing);
    let Some(Obfuscation { dc, secret, draws, .. }) = &stream.obfuscation else {
        return (ClientCodec::new(framing), ServerCodec::new(Limits::default()));
    };
    let secret = secret.as_ref().map(|secret| Secret(secret.array()));
    let mut tape = Tape::play(draws);
    let client = ClientCodec::obfuscated(framing, *dc, secret, &mut tape).unwrap();
    tape.ends();
    let secrets: Arc<[ProxySecret]> =
        secret.iter().map(|key| ProxySecret { key: *key, kind: SecretKind::Plain }).collect();
    let server = match secret {
        Some(_) => ServerCodec::with_secrets(Limits::default(), secrets),
        None => ServerCodec::new(Limits::default()),
    };
    (client, server)
}

fn client_writes(client: &mut ClientCodec, sent: &[Item], tape: &mut Tape) -> Hex {
    let mut wire = BytesMut::new();
    for item in sent {
        let Item::Payload { payload, quick_ack } = item else { panic!("clients send payloads") };
        client.write_frame(&payload.0, *quick_ack, tape, &mut wire).unwrap();
    }
    Hex::of(wire)
}

fn server_writes(server: &mut ServerCodec, sent: &[Item], tape: &mut Tape) -> Hex {
    let mut wire = BytesMut::new();
    for item in sent {
        match item {
            Item::Payload { payload, .. } => server.write_frame(&payload.0, tape, &mut wire),
            Item::QuickAck(token) => server.write_quick_ack(*token, tape, &mut wire),
            Item::Error(code) => server.write_error(*code, tape, &mut wire),
        }
        .unwrap();
    }
    Hex::of(wire)
}

/// Lengths around the change of the abridged form (126 and 127 words).
fn stream(name: &str, obfuscation: Option<Obfuscation>, seed: u64) -> Stream {
    let full = name == "full";
    let payload = |len, quick_ack| Item::Payload { payload: Hex(pattern(len)), quick_ack };
    let sent = vec![payload(40, false), payload(504, !full), payload(520, !full), payload(24, false)];
    let mut said =
        vec![payload(520, false), Item::QuickAck(0x8403_0201), payload(40, false), Item::Error(-404)];
    if full {
        said.remove(1);
    }
    let direction = |sent| Direction { sent, draws: Vec::new(), wire: Hex::default() };
    let mut stream =
        Stream { framing: name.to_owned(), obfuscation, client: direction(sent), server: direction(said) };
    let (mut client, mut server) = codecs(&stream);
    let mut tape = Tape::record(seed);
    let names: &[&str] = if name == "padded" { &["padding*"] } else { &[] };
    stream.client.wire = client_writes(&mut client, &stream.client.sent, &mut tape);
    stream.client.draws = tape.named(names);
    server.feed(&stream.client.wire.0);
    while server.next_frame().unwrap().is_some() {}
    stream.server.wire = server_writes(&mut server, &stream.server.sent, &mut tape);
    stream.server.draws = tape.named(names);
    if let Some(obfuscation) = &mut stream.obfuscation {
        obfuscation.header = Hex::of(&stream.client.wire.0[..64]);
    }
    stream
}

fn plain() -> Vec<Stream> {
    FRAMINGS.iter().zip(30..).map(|((name, _), seed)| stream(name, None, seed)).collect()
}

/// What a header must not begin with (M-081).
const FORBIDDEN: [(&str, &[u8]); 9] = [
    ("the tag of abridged", &[0xef]),
    ("the tag of padded intermediate", &[0xdd; 4]),
    ("the tag of intermediate", &[0xee; 4]),
    ("HEAD", b"HEAD"),
    ("POST", b"POST"),
    ("GET and a space", b"GET "),
    ("OPTI", b"OPTI"),
    ("a TLS record", &[0x16, 3, 1, 2]),
    ("zeros where full has its number", &[1, 2, 3, 4, 0, 0, 0, 0]),
];

fn obfuscated() -> Vec<Stream> {
    let mut seed = 50;
    let mut one = |name: &str, why: &str, dc: i16, secret: Option<[u8; 16]>, forbidden: &[u8]| {
        seed += 1;
        let mut tape = Tape::record(seed);
        let mut draws = Vec::new();
        for beginning in [forbidden, &[]].into_iter().skip(usize::from(forbidden.is_empty())) {
            let mut header = [0; 64];
            rand::Rng::fill_bytes(&mut tape, &mut header);
            header[..beginning.len()].copy_from_slice(beginning);
            let name = if beginning.is_empty() { "header" } else { "forbidden_header" };
            draws.push(Draw { name: name.to_owned(), hex: Hex::of(header) });
        }
        let secret = secret.map(Hex::of);
        let obfuscation = Obfuscation { why: why.to_owned(), dc, secret, draws, header: Hex::default() };
        stream(name, Some(obfuscation), seed + 1000)
    };
    let secret = Some(std::array::from_fn(|at| at as u8 + 0x50));
    let mut all = Vec::new();
    for name in ["abridged", "intermediate", "padded"] {
        all.push(one(name, "data centre 2", 2, None, &[]));
        all.push(one(name, "a test data centre: 10000 is added", 10_002, None, &[]));
        all.push(one(name, "media: the number is negative", -4, None, &[]));
        all.push(one(name, "with a secret", -10_003, secret, &[]));
    }
    for (why, forbidden) in FORBIDDEN {
        all.push(one(
            "intermediate",
            &format!("drawn again because it began with {why}"),
            2,
            None,
            forbidden,
        ));
    }
    all
}

fn replay(stream: &Stream) {
    let (mut client, mut server) = codecs(stream);
    let mut tape = Tape::play(&stream.client.draws);
    assert_eq!(
        client_writes(&mut client, &stream.client.sent, &mut tape),
        stream.client.wire,
        "{}",
        stream.framing
    );
    tape.ends();
    if let Some(obfuscation) = &stream.obfuscation {
        assert_eq!(obfuscation.header.0, stream.client.wire.0[..64], "M-073");
    }
    server.feed(&stream.client.wire.0);
    let mut frames = Vec::new();
    while let Some(frame) = server.next_frame().unwrap() {
        frames.push(Item::Payload { payload: Hex::of(frame.payload), quick_ack: frame.quick_ack });
    }
    assert_eq!(frames, stream.client.sent, "M-022 … M-027");
    let info = server.info().unwrap();
    assert_eq!(info.framing, framing(&stream.framing), "M-021");
    assert_eq!(info.obfuscated, stream.obfuscation.as_ref().map(|o| o.dc), "M-078");
    let mut tape = Tape::play(&stream.server.draws);
    assert_eq!(server_writes(&mut server, &stream.server.sent, &mut tape), stream.server.wire);
    tape.ends();
    client.feed(&stream.server.wire.0);
    let mut heard = Vec::new();
    while let Some(incoming) = client.next_incoming().unwrap() {
        heard.push(match incoming {
            Incoming::Frame(payload) => Item::Payload { payload: Hex::of(payload), quick_ack: false },
            Incoming::QuickAck(token) => Item::QuickAck(token),
            Incoming::Error(code) => Item::Error(code),
        });
    }
    assert_eq!(heard, stream.server.sent, "M-042, M-043, M-048");
}

#[test]
fn framings_and_obfuscation_are_what_the_engines_make() {
    same("framings.json", &plain());
    same("obfuscation.json", &obfuscated());
}

#[test]
fn framings_replay_through_both_roles() {
    read::<Vec<Stream>>("framings.json").iter().for_each(replay);
}

/// M-073 … M-081.
#[test]
fn obfuscation_replays_through_both_roles() {
    read::<Vec<Stream>>("obfuscation.json").iter().for_each(replay);
}
