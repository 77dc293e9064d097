//! Key derivation, key hashes and nonce derivations against numbers of other implementations.

use crate::support::{counting, hex, hex_array};
use zaun_crypto::kdf::{self, Side};
use zaun_crypto::nonces::{DhAnswer, first_salt, new_nonce_hash, tmp_aes};
use zaun_crypto::{AuthKey, sha1, sha256};

fn key() -> AuthKey {
    AuthKey::new(counting())
}

/// auth_key 00 … ff, msg_key 00 … 0f; numbers as in grammers-crypto (calc_client_key, calc_server_key).
#[test]
fn m173_m174_v2_matches_other_implementations() {
    let client = kdf::v2(&key(), &counting(), Side::Client);
    assert_eq!(client.key[..], hex("704ed09c8b41668ae8f99d244738f71dbddc44469b6bbd4aa8573dd042bd059e"));
    assert_eq!(client.iv[..], hex("4d266000a550edabbf4c7ce40fd0043cc92230184cd317a5cc9c2482fd3b9318"));
    let server = kdf::v2(&key(), &counting(), Side::Server);
    assert_eq!(server.key[..], hex("217725799b245806458174a1fcfbc883906807b15033fdd0ea2b4d69cf9c364e"));
    assert_eq!(server.iv[..], hex("669a6538917a4fa56ca32360a431c9160be4ad887140980dab91ce7bdc47ffbc"));
}

/// Numbers as in gotd/td (crypto/kdf_v1_test.go).
#[test]
fn m184_m185_v1_matches_other_implementations() {
    let client = kdf::v1(&key(), &counting(), Side::Client);
    assert_eq!(client.key[..], hex("17d7295ca9213d1ab656acdb1ad48b2ea7f3a8f7095098d5508b900bbd5fccfc"));
    assert_eq!(client.iv[..], hex("2d7d16a65a84108e9805656caa474501cc580aa2edc33abfd0bfad785464d1c6"));
    let msg_key = kdf::msg_key_v1(b"bind-message-test-payload");
    assert_eq!(msg_key[..], hex("fc11a3669566de22b87f66550dc3de6d"));
}

#[test]
fn m185_v1_of_the_server_uses_the_key_eight_bytes_further() {
    let mut shifted: [u8; 256] = counting();
    shifted.rotate_left(8);
    let expected = kdf::v1(&AuthKey::new(shifted), &counting(), Side::Client);
    let server = kdf::v1(&key(), &counting(), Side::Server);
    assert_eq!((server.key, server.iv), (expected.key, expected.iv));
}

/// A whole encrypted message: id, msg_key and ciphertext, as in grammers-crypto (encrypt_client_data_v2).
#[test]
fn m172_a_message_of_45_bytes_with_zero_padding() {
    let mut text = b"Hello, world! This data should remain secure!".to_vec();
    text.resize(64, 0);
    let msg_key = kdf::msg_key_v2(&key(), Side::Client, &text);
    kdf::v2(&key(), &msg_key, Side::Client).encrypt(&mut text).unwrap();
    assert_eq!(key().id().to_le_bytes(), [50, 209, 88, 110, 164, 87, 223, 200]);
    assert_eq!(msg_key[..], hex("a81729d46db54019a2bfd7f744f9b96c"));
    assert_eq!(
        text,
        hex(concat!(
            "4f716cfdc4477db2a2c15f6ddb85235fb9552f1d8407c6aaea00cc844c5a1bf6",
            "ac44b79b5edc2a23868b3d6073a590992c0f2975243d563ea180d218ee757c9a"
        ))
    );
}

/// Numbers as in grammers-crypto (auth_key.rs).
/// M-009.
#[test]
fn m136_m140_key_hashes_match_other_implementations() {
    assert_eq!(key().aux_hash().to_le_bytes(), [73, 22, 214, 189, 183, 247, 142, 104]);
    for (answer, expected) in [
        (DhAnswer::Ok, "c2ced2b33e593a55d27f4a5dabee7c67"),
        (DhAnswer::Retry, "f4318e85bd2ff3be84d9fefce3dce39f"),
        (DhAnswer::Fail, "4bf9d7b37db413ee431d28517631cb3d"),
    ] {
        assert_eq!(new_nonce_hash(answer, &counting(), &key())[..], hex(expected));
    }
}

/// Numbers as in grammers-crypto (key_from_nonce).
#[test]
fn m122_tmp_aes_matches_other_implementations() {
    let tmp = tmp_aes(&counting(), &counting());
    assert_eq!(tmp.key[..], hex("0758f1533b615d24f6e8a94a6fcbee0a55eaab2217d7295ca9213d1a2d7d16a6"));
    assert_eq!(tmp.iv[..], hex("5a84108e9805656ce864070e166e6218f6783e8511471a5ab7802cf200010203"));
}

#[test]
fn m142_the_first_salt_is_a_xor() {
    let new_nonce = hex_array("0102030405060708000000000000000000000000000000000000000000000000");
    let server_nonce = hex_array("ff000000000000f00000000000000000");
    assert_eq!(first_salt(&new_nonce, &server_nonce).to_le_bytes(), [0xfe, 2, 3, 4, 5, 6, 7, 0xf8]);
}

#[test]
fn m038_m039_quick_ack_tokens_are_the_hash_with_bit_31() {
    let text = [7; 48];
    let [a, b, c, d, ..] = sha256(&[&key().as_bytes()[88..120], &text]);
    let token = kdf::hash_v2(&key(), Side::Client, &text).quick_ack();
    assert_eq!(token, u32::from_le_bytes([a, b, c, d]) | 0x8000_0000);
    let [a, b, c, d, ..] = sha1(&[&text]);
    assert_eq!(kdf::hash_v1(&text).quick_ack(), u32::from_le_bytes([a, b, c, d]) | 0x8000_0000);
}

#[test]
fn keys_do_not_print_themselves() {
    let id = key().id();
    assert_eq!(format!("{:?}", key()), format!("AuthKey({id:016x})"));
    assert_eq!(format!("{:?}", tmp_aes(&counting(), &counting())), "IgeKey");
}
