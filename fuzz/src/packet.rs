//! Encrypted packets: any bytes, sealed ones with a change, and plaintexts that only a holder of the key can send.

use bytes::{BufMut, BytesMut};
use rand::SeedableRng;
use rand::rngs::StdRng;
use zaun_crypto::auth_key::AuthKey;
use zaun_crypto::kdf::{self, Side};
use zaun_mtproto::packet::{Header, INNER_HEADER, MAX_PADDING, MIN_PADDING, open, seal};

use crate::Cursor;

const HEADER: Header = Header { salt: 1, session_id: 2, msg_id: 4, seqno: 1 };

fn key() -> AuthKey {
    // Both directions take different parts of it, so they must differ.
    AuthKey::new(std::array::from_fn(|i| u8::try_from(i).unwrap_or(0)))
}

/// The first byte chooses.
pub fn run(data: &[u8]) {
    let mut input = Cursor(data);
    match input.byte() % 3 {
        0 => assert!(open(&key(), Side::Client, input.0.into()).is_err(), "nobody can guess a packet"),
        1 => changed(input),
        _ => crafted(input.0),
    }
}

/// A sealed packet opens to what it was; with any change it does not.
fn changed(mut input: Cursor<'_>) {
    let (at, change) = (usize::from(input.short()), input.byte());
    let mut packet = BytesMut::new();
    seal(&key(), Side::Client, &HEADER, &words(input.0), &mut StdRng::seed_from_u64(1), &mut packet);
    let at = at % packet.len();
    packet[at] ^= change;
    match open(&key(), Side::Client, packet) {
        Ok(opened) => {
            assert_eq!(change, 0, "a change at {at} was not noticed");
            assert_eq!((opened.header, &opened.body[..]), (HEADER, &words(input.0)[..]));
        }
        Err(error) => assert_ne!(change, 0, "{error}"),
    }
}

/// A plaintext with a right msg_key: only its fields can be wrong.
fn crafted(plain: &[u8]) {
    let mut plain = plain.to_vec();
    plain.resize(plain.len().next_multiple_of(16), 0);
    let msg_key = kdf::msg_key_v2(&key(), Side::Client, &plain);
    let whole = plain.clone();
    kdf::v2(&key(), &msg_key, Side::Client).encrypt(&mut plain).expect("whole blocks");
    let mut packet = BytesMut::new();
    packet.put_i64_le(key().id());
    packet.put_slice(&msg_key);
    packet.put_slice(&plain);
    if let Ok(opened) = open(&key(), Side::Client, packet) {
        let padding = whole.len() - INNER_HEADER - opened.body.len();
        assert!((MIN_PADDING..=MAX_PADDING).contains(&padding) && opened.body.len().is_multiple_of(4));
        assert_eq!(whole[INNER_HEADER..INNER_HEADER + opened.body.len()], opened.body[..]);
    }
}

/// Bodies are words (M-001).
fn words(bytes: &[u8]) -> Vec<u8> {
    bytes[..bytes.len() / 4 * 4].to_vec()
}

/// One of each kind.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut sealed = BytesMut::from(&[0][..]);
    seal(&key(), Side::Server, &HEADER, &[5; 40], &mut StdRng::seed_from_u64(2), &mut sealed);
    let mut plain = vec![2];
    for word in [HEADER.salt, HEADER.session_id, HEADER.msg_id, 1 | 8 << 32] {
        plain.extend(word.to_le_bytes());
    }
    plain.resize(1 + INNER_HEADER + 32, 9);
    vec![
        sealed.to_vec(),
        [&[1, 40, 0, 3][..], &[7; 40]].concat(),
        [&[1, 0, 0, 0][..], &[7; 40]].concat(),
        plain,
    ]
}
