//! Why a packet could not be opened: tries the mistakes that implementations make, and names the one that fits.
//!
//! It is for the eyes of who develops a client, on a server that is told to look; what goes over the wire never depends
//! on it (M-176).

use zaun_crypto::auth_key::AuthKey;
use zaun_crypto::kdf::{self, IgeKey, Side};
use zaun_crypto::{sha1, sha256};

use crate::packet::{INNER_HEADER, OUTER_HEADER};

/// A mistake that explains a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// msg_key is over the text without its padding.
    #[error("padding was not included in SHA-256 (M-172)")]
    PaddingNotHashed,
    /// The 32 bytes of auth_key are missing in front of the text.
    #[error("auth_key[88..120] was not hashed in front of the plaintext (M-172)")]
    KeyNotHashed,
    /// The wrong 32 bytes of auth_key.
    #[error(
        "auth_key[96..128] was hashed, which is for the server's messages; a client hashes auth_key[88..120] (M-172)"
    )]
    ServerPartHashed,
    /// The wrong 16 bytes of the hash.
    #[error("msg_key is bytes {0}..{end} of the SHA-256, but has to be bytes 8..24 (M-172)", end = .0 + 16)]
    WrongPart(usize),
    /// SHA-1 in place of SHA-256.
    #[error("msg_key was made with SHA-1 as in MTProto 1.0, the AES key as in 2.0 (M-172)")]
    Sha1,
    /// A client that derives keys as the server does.
    #[error("it was sealed as the server seals: a client derives its keys with x = 0, not 8 (M-172, M-173)")]
    WrongDirection,
    /// A packet of MTProto 1.0.
    #[error("it is a packet of MTProto 1.0, which is not served here (M-183, M-187)")]
    Version1,
    /// Nothing known fits.
    #[error(
        "no known mistake explains it: another auth_key, an AES mistake (M-173, M-174), or bytes changed on the way"
    )]
    Unknown,
}

/// Looks for the mistake in a packet of a client that [`packet::open`](crate::packet::open) refused for its msg_key.
/// `None` if the packet is too short to be judged.
#[must_use]
pub fn diagnose(key: &AuthKey, packet: &[u8]) -> Option<Cause> {
    let msg_key: &[u8; 16] = packet.get(8..OUTER_HEADER)?.first_chunk()?;
    let cipher = packet.get(OUTER_HEADER..).filter(|cipher| cipher.len() >= INNER_HEADER)?;
    let decrypt = |aes: IgeKey| {
        let mut text = cipher.to_vec();
        aes.decrypt(&mut text).ok().map(|()| text)
    };
    let text = decrypt(kdf::v2(key, msg_key, Side::Client))?;
    if let Some(cause) = wrong_hash(key, msg_key, &text) {
        return Some(cause);
    }
    let text = decrypt(kdf::v2(key, msg_key, Side::Server))?;
    if kdf::msg_key_v2(key, Side::Server, &text) == *msg_key {
        return Some(Cause::WrongDirection);
    }
    let text = decrypt(kdf::v1(key, msg_key, Side::Client))?;
    let version1 = unpadded(&text).is_some_and(|text| kdf::msg_key_v1(text) == *msg_key);
    Some(if version1 { Cause::Version1 } else { Cause::Unknown })
}

/// Mistakes of msg_key alone: the AES key was derived from it as it should be.
fn wrong_hash(key: &AuthKey, msg_key: &[u8; 16], text: &[u8]) -> Option<Cause> {
    if unpadded(text).is_some_and(|text| kdf::msg_key_v2(key, Side::Client, text) == *msg_key) {
        return Some(Cause::PaddingNotHashed);
    }
    if kdf::msg_key_v2(key, Side::Server, text) == *msg_key {
        return Some(Cause::ServerPartHashed);
    }
    let bare = sha256(&[text]);
    if bare.get(8..24) == Some(msg_key.as_slice()) {
        return Some(Cause::KeyNotHashed);
    }
    let part = key.as_bytes().get(88..120).unwrap_or_default();
    let hash = sha256(&[part, text]);
    let at = |start: usize| hash.get(start..start + 16) == Some(msg_key.as_slice());
    if let Some(start) = [0, 16, 4].into_iter().find(|start| at(*start)) {
        return Some(Cause::WrongPart(start));
    }
    let sha1_of = |text: &[u8]| sha1(&[text]).get(4..) == Some(msg_key.as_slice());
    (unpadded(text).is_some_and(sha1_of) || sha1_of(text)).then_some(Cause::Sha1)
}

/// The text without its padding, if its length field makes sense.
fn unpadded(text: &[u8]) -> Option<&[u8]> {
    let length = i32::from_le_bytes(*text.get(28..)?.first_chunk()?);
    text.get(..INNER_HEADER.checked_add(usize::try_from(length).ok()?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> AuthKey {
        AuthKey::new(std::array::from_fn(|n| (n * 7 + 3) as u8))
    }

    /// A packet whose msg_key and AES key are made by the test.
    fn sealed(msg_key: impl Fn(&[u8], &[u8]) -> [u8; 16], aes: impl Fn(&[u8; 16]) -> IgeKey) -> Vec<u8> {
        let mut text = vec![9; INNER_HEADER + 16];
        text[28..32].copy_from_slice(&16_i32.to_le_bytes());
        let bare = text.clone();
        text.extend([0x5a; 16]);
        let msg_key = msg_key(&bare, &text);
        aes(&msg_key).encrypt(&mut text).unwrap();
        [&key().id().to_le_bytes()[..], &msg_key, &text].concat()
    }

    fn part(hash: &[u8], at: usize) -> [u8; 16] {
        hash[at..at + 16].try_into().unwrap()
    }

    #[test]
    fn each_known_mistake_is_named() {
        let key = key();
        let front = &key.as_bytes()[88..120];
        let v2 = |msg_key: &[u8; 16]| kdf::v2(&key, msg_key, Side::Client);
        let cases = [
            (sealed(|bare, _| kdf::msg_key_v2(&key, Side::Client, bare), v2), Cause::PaddingNotHashed),
            (sealed(|_, text| part(&sha256(&[text]), 8), v2), Cause::KeyNotHashed),
            (sealed(|_, text| kdf::msg_key_v2(&key, Side::Server, text), v2), Cause::ServerPartHashed),
            (sealed(|_, text| part(&sha256(&[front, text]), 0), v2), Cause::WrongPart(0)),
            (sealed(|_, text| part(&sha256(&[front, text]), 16), v2), Cause::WrongPart(16)),
            (sealed(|bare, _| part(&sha1(&[bare]), 4), v2), Cause::Sha1),
            (
                sealed(
                    |_, text| kdf::msg_key_v2(&key, Side::Server, text),
                    |m| kdf::v2(&key, m, Side::Server),
                ),
                Cause::WrongDirection,
            ),
            (sealed(|bare, _| kdf::msg_key_v1(bare), |m| kdf::v1(&key, m, Side::Client)), Cause::Version1),
            (sealed(|_, _| [1; 16], v2), Cause::Unknown),
        ];
        for (packet, cause) in cases {
            assert_eq!(diagnose(&key, &packet), Some(cause));
        }
        assert_eq!(diagnose(&key, &[0; 40]), None);
    }
}
