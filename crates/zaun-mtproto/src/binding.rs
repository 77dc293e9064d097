//! The encrypted message of auth.bindTempAuthKey, both roles (M-152 … M-159): a proof, sealed with the permanent key in
//! MTProto 1.0, that its owner lets a temporary key act for it.

use bytes::{BufMut, Bytes, BytesMut};
use rand::CryptoRng;
use zaun_crypto::auth_key::AuthKey;
use zaun_crypto::ct_eq;
use zaun_crypto::kdf::{self, Side};
use zaun_wire::types::BindAuthKeyInner;

/// random, msg_id, seqno and length in front of the inner object (M-154).
const HEADER: usize = 32;
/// Length of a serialized bind_auth_key_inner (M-154).
const INNER: usize = 40;

/// What does not hold of a binding. Reaction: 400 ENCRYPTED_MESSAGE_INVALID (M-159), and for nothing else (M-165).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BindingError {
    /// Not auth_key_id, msg_key and whole blocks.
    #[error("encrypted_message of {0} bytes is not auth_key_id, msg_key and ciphertext (M-153)")]
    Size(usize),
    /// It is sealed for another permanent key.
    #[error("encrypted_message begins with another auth_key_id than perm_auth_key_id (M-153)")]
    KeyId,
    /// The text does not belong to its msg_key.
    #[error("msg_key of encrypted_message is not that of its text (M-156)")]
    MsgKey,
    /// Seqno, length or constructor are not those of a binding.
    #[error("the text is not seqno 0, length 40 and bind_auth_key_inner (M-154)")]
    Form,
    /// The message that carried the request has another identifier.
    #[error("msg_id inside is {inside}, but the request came as {outside} (M-155)")]
    MsgId {
        /// In the sealed text.
        inside: i64,
        /// Of the message with the request; inside a container the inner one.
        outside: i64,
    },
    /// A field of the inner object.
    #[error("{0} inside is not that of the request (M-157, M-158)")]
    Field(&'static str),
}

/// Seals a binding with the permanent key, as a client does. `msg_id` is that of the message which will carry it.
#[must_use]
pub fn seal(
    permanent: &AuthKey,
    msg_id: i64,
    inner: &BindAuthKeyInner,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Bytes {
    let mut text = BytesMut::zeroed(16);
    rng.fill_bytes(&mut text);
    text.put_i64_le(msg_id);
    text.put_i32_le(0);
    text.put_i32_le(40);
    text.put_slice(&zaun_tl::to_bytes(inner, 0).unwrap_or_default());
    let msg_key = kdf::msg_key_v1(&text);
    let bare = text.len();
    text.resize(bare.next_multiple_of(16), 0);
    if let Some(padding) = text.get_mut(bare..) {
        rng.fill_bytes(padding);
    }
    // Filled up to whole blocks just now, so the cipher cannot refuse it.
    let _ = kdf::v1(permanent, &msg_key, Side::Client).encrypt(&mut text);
    let mut out = BytesMut::new();
    out.put_i64_le(permanent.id());
    out.put_slice(&msg_key);
    out.put_slice(&text);
    out.freeze()
}

/// Opens a binding and checks all that can be checked: `expected` is what the request and the session say.
///
/// # Errors
/// [`BindingError`].
pub fn open(
    permanent: &AuthKey,
    encrypted: &[u8],
    msg_id: i64,
    expected: &BindAuthKeyInner,
) -> Result<(), BindingError> {
    let size = BindingError::Size(encrypted.len());
    let (key_id, rest) = encrypted.split_first_chunk::<8>().ok_or(size)?;
    let (msg_key, cipher) = rest.split_first_chunk::<16>().ok_or(size)?;
    if cipher.len() < HEADER + INNER || cipher.len() >= HEADER + INNER + 16 || cipher.len() % 16 != 0 {
        return Err(size);
    }
    if i64::from_le_bytes(*key_id) != permanent.id() {
        return Err(BindingError::KeyId);
    }
    let mut text = cipher.to_vec();
    kdf::v1(permanent, msg_key, Side::Client).decrypt(&mut text).map_err(|_| size)?;
    // The length is a constant, so the hash does not depend on what was not verified yet.
    let text = text.get(..HEADER + INNER).ok_or(size)?;
    if !ct_eq(&kdf::msg_key_v1(text), msg_key) {
        return Err(BindingError::MsgKey);
    }
    let (header, inner) = text.split_at_checked(HEADER).ok_or(size)?;
    let inside = header.get(16..).and_then(<[u8]>::first_chunk).map_or(0, |id| i64::from_le_bytes(*id));
    let numbers = header.get(24..).unwrap_or_default();
    let inner: BindAuthKeyInner =
        zaun_tl::from_bytes(Bytes::copy_from_slice(inner)).map_err(|_| BindingError::Form)?;
    if numbers != [0, 0, 0, 0, 40, 0, 0, 0] {
        return Err(BindingError::Form);
    }
    if inside != msg_id {
        return Err(BindingError::MsgId { inside, outside: msg_id });
    }
    let fields = [
        ("nonce", inner.nonce == expected.nonce),
        ("perm_auth_key_id", inner.perm_auth_key_id == expected.perm_auth_key_id),
        ("temp_auth_key_id", inner.temp_auth_key_id == expected.temp_auth_key_id),
        ("temp_session_id", inner.temp_session_id == expected.temp_session_id),
        ("expires_at", inner.expires_at == expected.expires_at),
    ];
    match fields.into_iter().find(|(_, same)| !same) {
        Some((field, _)) => Err(BindingError::Field(field)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(first: u8) -> AuthKey {
        AuthKey::new(std::array::from_fn(|n| n as u8 ^ first))
    }

    fn inner() -> BindAuthKeyInner {
        BindAuthKeyInner {
            nonce: 1,
            temp_auth_key_id: 2,
            perm_auth_key_id: key(1).id(),
            temp_session_id: 3,
            expires_at: 4,
        }
    }

    #[test]
    fn m153_what_the_client_seals_the_server_opens() {
        let sealed = seal(&key(1), 400, &inner(), &mut rand::rng());
        assert_eq!(sealed.len(), 24 + 80, "M-154: 72 bytes and padding");
        assert_eq!(open(&key(1), &sealed, 400, &inner()), Ok(()));
    }

    #[test]
    fn m159_every_mismatch_is_found() {
        let sealed = seal(&key(1), 400, &inner(), &mut rand::rng());
        let refused = |encrypted: &[u8], msg_id, expected: &BindAuthKeyInner| {
            open(&key(1), encrypted, msg_id, expected).unwrap_err()
        };
        assert_eq!(
            refused(&sealed, 404, &inner()),
            BindingError::MsgId { inside: 400, outside: 404 },
            "M-155"
        );
        let other = |change: fn(&mut BindAuthKeyInner)| {
            let mut expected = inner();
            change(&mut expected);
            refused(&sealed, 400, &expected)
        };
        assert_eq!(other(|i| i.nonce = 9), BindingError::Field("nonce"), "M-157");
        assert_eq!(other(|i| i.expires_at = 9), BindingError::Field("expires_at"), "M-157");
        assert_eq!(other(|i| i.perm_auth_key_id = 9), BindingError::Field("perm_auth_key_id"), "M-157");
        assert_eq!(other(|i| i.temp_auth_key_id = 9), BindingError::Field("temp_auth_key_id"), "M-158");
        assert_eq!(other(|i| i.temp_session_id = 9), BindingError::Field("temp_session_id"), "M-158");
        let mut flipped = sealed.to_vec();
        flipped[60] ^= 1;
        assert_eq!(refused(&flipped, 400, &inner()), BindingError::MsgKey, "M-156");
        let by_another = seal(&key(2), 400, &inner(), &mut rand::rng());
        assert_eq!(refused(&by_another, 400, &inner()), BindingError::KeyId);
        for cut in [0, 8, 23, 24, 88, 103] {
            assert_eq!(refused(&sealed[..cut], 400, &inner()), BindingError::Size(cut), "M-153");
        }
    }
}
