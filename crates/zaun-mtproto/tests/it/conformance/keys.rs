//! `keys.json`: what is derived from an auth key and from the nonces of a handshake.

use serde::{Deserialize, Serialize};
use zaun_crypto::auth_key::AuthKey;
use zaun_crypto::kdf::{self, Side};
use zaun_crypto::nonces::{DhAnswer, first_salt, new_nonce_hash, tmp_aes};

use super::support::{Hex, Long, Tape, auth_key, read, same};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Case {
    auth_key: Hex,
    auth_key_id: Long,
    auth_key_aux_hash: Long,
    new_nonce: Hex,
    server_nonce: Hex,
    new_nonce_hash1: Hex,
    new_nonce_hash2: Hex,
    new_nonce_hash3: Hex,
    tmp_aes_key: Hex,
    tmp_aes_iv: Hex,
    first_salt: Long,
    msg_key: Hex,
    message_keys: Vec<MessageKeys>,
}

/// AES key and IV of a message with this msg_key.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct MessageKeys {
    version: u32,
    from: String,
    aes_key: Hex,
    aes_iv: Hex,
}

fn derive(key: &AuthKey, new_nonce: &[u8; 32], server_nonce: &[u8; 16], msg_key: &[u8; 16]) -> Case {
    let hash = |answer| Hex::of(new_nonce_hash(answer, new_nonce, key));
    let tmp = tmp_aes(new_nonce, server_nonce);
    let message_keys = [(1, Side::Client), (1, Side::Server), (2, Side::Client), (2, Side::Server)].map(
        |(version, side)| {
            let aes = if version == 1 { kdf::v1(key, msg_key, side) } else { kdf::v2(key, msg_key, side) };
            let from = if side == Side::Client { "client" } else { "server" }.to_owned();
            MessageKeys { version, from, aes_key: Hex::of(aes.key), aes_iv: Hex::of(aes.iv) }
        },
    );
    Case {
        auth_key: Hex::of(key.as_bytes()),
        auth_key_id: Long(key.id()),
        auth_key_aux_hash: Long(key.aux_hash()),
        new_nonce: Hex::of(new_nonce),
        server_nonce: Hex::of(server_nonce),
        new_nonce_hash1: hash(DhAnswer::Ok),
        new_nonce_hash2: hash(DhAnswer::Retry),
        new_nonce_hash3: hash(DhAnswer::Fail),
        tmp_aes_key: Hex::of(tmp.key),
        tmp_aes_iv: Hex::of(tmp.iv),
        first_salt: Long(first_salt(new_nonce, server_nonce)),
        msg_key: Hex::of(msg_key),
        message_keys: message_keys.into(),
    }
}

/// One of counted bytes, and random ones, of which some begin with zeros.
fn make() -> Vec<Case> {
    let mut tape = Tape::record(11);
    let mut cases = vec![derive(
        &auth_key(),
        &std::array::from_fn(|at| at as u8),
        &std::array::from_fn(|at| 0xf0 ^ at as u8),
        &std::array::from_fn(|at| at as u8),
    )];
    for zeros in [0, 1, 8] {
        let (mut key, mut new_nonce, mut server_nonce, mut msg_key) = ([0; 256], [0; 32], [0; 16], [0; 16]);
        for bytes in [&mut key[..], &mut new_nonce, &mut server_nonce, &mut msg_key] {
            rand::Rng::fill_bytes(&mut tape, bytes);
            bytes[..zeros].fill(0);
        }
        cases.push(derive(&AuthKey::new(key), &new_nonce, &server_nonce, &msg_key));
    }
    cases
}

#[test]
fn keys_are_what_the_engines_make() {
    same("keys.json", &make());
}

#[test]
fn keys_are_derived_from_the_file_alone() {
    for case in read::<Vec<Case>>("keys.json") {
        let key = AuthKey::new(case.auth_key.array());
        let again = derive(&key, &case.new_nonce.array(), &case.server_nonce.array(), &case.msg_key.array());
        assert_eq!(again, case, "M-122, M-136, M-140, M-142, M-173, M-184");
    }
}
