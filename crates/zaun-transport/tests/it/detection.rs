//! The decision from the first bytes, and the obfuscation header.

use crate::support::{Cover, SECRET, combinations, drain_server, encrypted, pair, rng, secrets, sent};
use zaun_transport::{
    ClientCodec, ForeignProtocol, Framing, Info, Limits, NotObfuscatable, PeerFault, ProxySecret, Secret,
    SecretKind, ServerCodec, TransportError,
};

fn first_error(server: &mut ServerCodec, bytes: &[u8]) -> Option<TransportError> {
    server.feed(bytes);
    server.next_frame().err()
}

fn server() -> ServerCodec {
    ServerCodec::new(Limits::default())
}

#[test]
fn m013_info_is_known_exactly_when_the_decision_is_made() {
    for (framing, cover) in combinations() {
        let mut rng = rng(1);
        let (mut client, mut server) = pair(framing, cover, &mut rng);
        let wire = sent(&mut client, &[(encrypted(40), false)], &mut rng);
        let needed = match (framing, cover) {
            (_, Cover::Obfuscated | Cover::Secret) => 64,
            (Framing::Full, _) => 8,
            (Framing::Abridged, _) => 1,
            _ => 4,
        };
        let dc = match cover {
            Cover::Plain => None,
            Cover::Obfuscated => Some(-10002),
            Cover::Secret => Some(2),
        };
        for (index, byte) in wire[..needed].iter().enumerate() {
            assert_eq!(server.info(), None, "{framing:?} {cover:?} after {index}");
            server.feed(&[*byte]);
            assert_eq!(server.next_frame(), Ok(None));
        }
        assert_eq!(server.info(), Some(Info { framing, obfuscated: dc }));
    }
}

#[test]
fn m016_http_is_named_after_four_bytes() {
    for start in [b"POST", b"GET ", b"HEAD", b"OPTI"] {
        for bytes in [&start[..], &[start, &[0; 4][..]].concat()] {
            let error = first_error(&mut server(), bytes);
            assert_eq!(error, Some(TransportError::Foreign(ForeignProtocol::Http)));
        }
        assert_eq!(first_error(&mut server(), &start[..3]), None);
    }
}

#[test]
fn m018_tls_is_named() {
    assert_eq!(
        first_error(&mut server(), &[0x16, 3, 1, 2]),
        Some(TransportError::Foreign(ForeignProtocol::Tls))
    );
    let mut hello = vec![0x16, 3, 1, 0, 0xc8, 1, 0, 0, 0xc4, 3, 3];
    hello.resize(63, 0x11);
    let mut server = server();
    assert_eq!(first_error(&mut server, &hello), None);
    assert_eq!(first_error(&mut server, &[0x11]), Some(TransportError::Foreign(ForeignProtocol::Tls)));
}

#[test]
fn m077_other_beginnings_are_refused_after_64_bytes() {
    let mut server = server();
    assert_eq!(first_error(&mut server, &[0x42; 63]), None);
    let error = Some(TransportError::Peer(PeerFault::UnknownTag));
    assert_eq!(first_error(&mut server, &[0x42]), error);
    assert_eq!(first_error(&mut server, &[0xef]), error, "the first error stays");
    assert_eq!(server.buffered(), 0);
}

#[test]
fn m076_full_has_no_obfuscated_form() {
    let result = ClientCodec::obfuscated(Framing::Full, 1, None, &mut rng(2));
    assert_eq!(result.err(), Some(NotObfuscatable));
}

#[test]
fn m080_a_wrong_or_missing_secret_leads_to_no_tag() {
    let mut rng = rng(3);
    let error = Some(TransportError::Peer(PeerFault::UnknownTag));
    for (theirs, ours) in [(None, Some(SECRET)), (Some(SECRET), None), (Some(Secret([1; 16])), Some(SECRET))]
    {
        let mut client = ClientCodec::obfuscated(Framing::Intermediate, 1, theirs, &mut rng).unwrap();
        let mut server = match ours {
            Some(secret) => ServerCodec::with_secrets(Limits::default(), secrets(secret)),
            None => server(),
        };
        assert_eq!(first_error(&mut server, &sent(&mut client, &[(encrypted(24), false)], &mut rng)), error);
    }
}

#[test]
fn m084_an_endpoint_with_a_secret_takes_nothing_else() {
    for framing in crate::support::FRAMINGS {
        let mut rng = rng(4);
        let mut server = ServerCodec::with_secrets(Limits::default(), secrets(SECRET));
        let wire = sent(&mut ClientCodec::new(framing), &[(encrypted(24), false)], &mut rng);
        assert_eq!(first_error(&mut server, &wire), Some(TransportError::Peer(PeerFault::NotObfuscated)));
    }
}

/// M-078.
#[test]
fn m079_every_dc_field_is_taken_and_reported() {
    let mut rng = rng(5);
    for dc in [0, 1, -2, 10001, -10003, i16::MIN, i16::MAX] {
        let mut client = ClientCodec::obfuscated(Framing::Abridged, dc, None, &mut rng).unwrap();
        let mut server = server();
        server.feed(&sent(&mut client, &[(encrypted(24), false)], &mut rng));
        assert_eq!(drain_server(&mut server).len(), 1);
        assert_eq!(server.info().unwrap().obfuscated, Some(dc));
    }
}

#[test]
fn m074_headers_and_streams_differ_from_connection_to_connection() {
    let mut rng = rng(6);
    let mut header = || {
        let mut client = ClientCodec::obfuscated(Framing::Abridged, 1, None, &mut rng).unwrap();
        sent(&mut client, &[(encrypted(24), false)], &mut self::rng(0)).to_vec()
    };
    let (first, second) = (header(), header());
    assert_ne!(first[..56], second[..56]);
    assert_ne!(first[64..], second[64..]);
}

/// A generator that offers bad headers first must be asked again (M-081).
#[test]
fn m081_forbidden_beginnings_are_drawn_again() {
    struct Scripted(Vec<[u8; 8]>);
    impl rand::TryRng for Scripted {
        type Error = std::convert::Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Ok(9)
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Ok(9)
        }
        fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Self::Error> {
            to.fill(0x77);
            to[..8].copy_from_slice(&self.0.pop().unwrap_or([0x77; 8]));
            Ok(())
        }
    }
    impl rand::TryCryptoRng for Scripted {}

    let forbidden = [
        *b"\xef2345678",
        *b"\xdd\xdd\xdd\xdd5678",
        *b"\xee\xee\xee\xee5678",
        *b"HEAD5678",
        *b"POST5678",
        *b"GET 5678",
        *b"OPTI5678",
        *b"\x16\x03\x01\x025678",
        *b"1234\0\0\0\0",
    ];
    let mut rng = Scripted(forbidden.to_vec());
    let mut client = ClientCodec::obfuscated(Framing::Abridged, 1, None, &mut rng).unwrap();
    assert!(rng.0.is_empty(), "all were refused");
    let mut wire = bytes::BytesMut::new();
    client.write_frame(&encrypted(24), false, &mut rng, &mut wire).unwrap();
    assert_eq!(wire[..8], [0x77; 8]);
}

/// A header as clients inside fake TLS make it: with any beginning (M-082).
fn header_beginning_with(first: &[u8], tag: u8, secret: Secret) -> [u8; 64] {
    let mut header: [u8; 64] = std::array::from_fn(|n| n as u8 ^ 0x5a);
    header[..first.len()].copy_from_slice(first);
    let key = zaun_crypto::sha256(&[&header[8..40], &secret.0]);
    let mut stream = zaun_crypto::ctr::AesCtr256::new(&key, header[40..56].try_into().unwrap());
    let mut encrypted = header;
    encrypted[56..60].fill(tag);
    stream.apply(&mut encrypted);
    header[56..].copy_from_slice(&encrypted[56..]);
    header
}

#[test]
fn m082_m351_inside_fake_tls_any_beginning_is_a_header_but_only_padded_framing_is_taken() {
    let fake = || ProxySecret { key: SECRET, kind: SecretKind::FakeTls("example".into()) };
    let beginnings: [&[u8]; 4] = [&[0xef], b"GET ", &[0xee; 4], &[1, 2, 3, 4, 0, 0, 0, 0]];
    for first in beginnings {
        let mut server = ServerCodec::with_secrets(Limits::default(), [fake()].into());
        assert_eq!(first_error(&mut server, &header_beginning_with(first, 0xdd, SECRET)), None, "M-082");
        assert_eq!(server.info().map(|info| info.framing), Some(Framing::PaddedIntermediate));
        let mut server = ServerCodec::with_secrets(Limits::default(), [fake()].into());
        let refused = first_error(&mut server, &header_beginning_with(first, 0xee, SECRET));
        assert_eq!(refused, Some(PeerFault::UnknownTag.into()), "M-351");
    }
}
