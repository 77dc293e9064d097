//! Secret objects in flight: SHA-1, the object and padding under the temporary key (M-121, M-131), and buffers that are
//! wiped.

use bytes::Bytes;
use rand::CryptoRng;
use zaun_crypto::kdf::IgeKey;
use zaun_crypto::{ct_eq, sha1};
use zaun_tl::{Decode, DecodeError, Encode, Reader};
use zeroize::Zeroizing;

/// How far the padding to whole AES blocks may reach (M-129, M-131).
const MAX_PADDING: usize = 15;

/// The SHA-1 in front.
const HASH: usize = 20;

/// Why a sealed object is not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenError {
    /// Not whole blocks, or no room for the hash.
    Length,
    /// The object does not parse.
    Object(DecodeError),
    /// The hash is wrong or the padding too long.
    Hash,
}

/// The bytes of a TL object of the handshake; the layer is of no importance to it.
pub fn object<T: Encode>(value: &T) -> Vec<u8> {
    // Only strings above 16 MiB cannot be written, and the handshake has none; an empty body is refused by the peer.
    zaun_tl::to_bytes(value, 0).unwrap_or_default()
}

/// SHA-1, object and up to 15 random bytes, encrypted.
pub fn seal<T: Encode, R: CryptoRng + ?Sized>(value: &T, key: &IgeKey, rng: &mut R) -> Bytes {
    let object = Zeroizing::new(object(value));
    let mut out = Vec::with_capacity((HASH + object.len()).next_multiple_of(16));
    out.extend(sha1(&[&object]));
    out.extend_from_slice(&object);
    let len = out.len();
    out.resize(len.next_multiple_of(16), 0);
    if let Some(padding) = out.get_mut(len..) {
        rng.fill_bytes(padding);
    }
    // The length was just made a multiple of 16.
    let _ = key.encrypt(&mut out);
    out.into()
}

/// Decrypts and checks what [`seal`] made.
pub fn open<T: Decode>(encrypted: &[u8], key: &IgeKey) -> Result<T, OpenError> {
    let mut data = Zeroizing::new(encrypted.to_vec());
    key.decrypt(&mut data).map_err(|_| OpenError::Length)?;
    let (hash, rest) = data.split_at_checked(HASH).ok_or(OpenError::Length)?;
    let (value, len) = prefix(rest).map_err(OpenError::Object)?;
    let (object, padding) = rest.split_at_checked(len).ok_or(OpenError::Length)?;
    if padding.len() > MAX_PADDING || !ct_eq(hash, &sha1(&[object])) {
        return Err(OpenError::Hash);
    }
    Ok(value)
}

/// Parses the object that `secret` begins with and tells its length, without leaving a copy behind.
pub fn prefix<T: Decode>(secret: &[u8]) -> Result<(T, usize), DecodeError> {
    let mut reader = Reader::new(Bytes::from_owner(Zeroizing::new(secret.to_vec())));
    let value = T::decode(&mut reader)?;
    Ok((value, reader.position()))
}
