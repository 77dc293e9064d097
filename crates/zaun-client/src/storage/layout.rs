//! Saved bytes: `ZAUN`, version 1, then the fields in their order, numbers little-endian.
//!
//! flags (1: test, 2: account, 4: bot), main_dc i16, account i64, count u8, for each key dc i16 and the 284 bytes of
//! its session, length u32 and the bytes of the updates' state; at the end CRC-32 of all before.

use bytes::{Buf, BufMut};
use zaun_mtproto::client::{SAVED_LEN, SavedSession};
use zeroize::Zeroizing;

use super::{Account, Saved, StorageError};

const MAGIC: &[u8; 5] = b"ZAUN\x01";
/// Bytes of the state of the updates: room for a hundred thousand channels.
const MAX_UPDATES_BYTES: usize = 4 * 1024 * 1024;

pub fn write(saved: &Saved) -> Zeroizing<Vec<u8>> {
    let bot = saved.account.is_some_and(|account| account.bot);
    let flags = u8::from(saved.test) | u8::from(saved.account.is_some()) << 1 | u8::from(bot) << 2;
    let keys: Vec<_> = saved.keys.iter().take(usize::from(u8::MAX)).collect();
    let updates = saved.updates.get(..MAX_UPDATES_BYTES).unwrap_or(&saved.updates);
    // The whole size at once, so that no copy of a key is left behind by a buffer that grows.
    let size = 64 + keys.len() * (2 + SAVED_LEN) + updates.len();
    let mut out = Zeroizing::new(Vec::with_capacity(size));
    out.put_slice(MAGIC);
    out.put_u8(flags);
    out.put_i16_le(saved.main_dc);
    out.put_i64_le(saved.account.map_or(0, |account| account.id));
    out.put_u8(u8::try_from(keys.len()).unwrap_or(u8::MAX));
    for (dc, session) in keys {
        out.put_i16_le(*dc);
        out.put_slice(&session.to_bytes());
    }
    out.put_u32_le(u32::try_from(updates.len()).unwrap_or(0));
    out.put_slice(updates);
    let checksum = crc32fast::hash(&out);
    out.put_u32_le(checksum);
    out
}

pub fn read(bytes: &[u8]) -> Result<Saved, StorageError> {
    let short = |_| StorageError::Malformed("it ends too early");
    let Some((body, checksum)) = bytes.split_last_chunk::<4>() else {
        return Err(StorageError::Malformed("it ends too early"));
    };
    let Some(mut rest) = body.strip_prefix(MAGIC) else {
        return Err(StorageError::Malformed("it does not begin as one"));
    };
    if crc32fast::hash(body) != u32::from_le_bytes(*checksum) {
        return Err(StorageError::Malformed("its checksum does not fit"));
    }
    let flags = rest.try_get_u8().map_err(short)?;
    let main_dc = rest.try_get_i16_le().map_err(short)?;
    let id = rest.try_get_i64_le().map_err(short)?;
    let account = (flags & 2 != 0).then_some(Account { id, bot: flags & 4 != 0 });
    let mut saved = Saved { main_dc, test: flags & 1 != 0, account, ..Saved::default() };
    for _ in 0..rest.try_get_u8().map_err(short)? {
        let dc = rest.try_get_i16_le().map_err(short)?;
        let session = SavedSession::from_bytes(rest);
        let session = session.map_err(|_| StorageError::Malformed("a key is damaged"))?;
        rest.advance(SAVED_LEN);
        saved.keys.insert(dc, session);
    }
    let length = usize::try_from(rest.try_get_u32_le().map_err(short)?).unwrap_or(usize::MAX);
    if rest.len() != length {
        return Err(StorageError::Malformed("its length does not fit"));
    }
    saved.updates = rest.to_vec();
    Ok(saved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use zaun_crypto::auth_key::AuthKey;

    fn saved() -> Saved {
        let session =
            |byte| SavedSession { key: AuthKey::new([byte; 256]), salt: 1, session_id: 2, time_offset_s: -3 };
        Saved {
            main_dc: 4,
            test: true,
            account: Some(Account { id: 5, bot: true }),
            keys: [(2, session(1)), (4, session(2))].into(),
            updates: vec![1, 2, 3],
        }
    }

    #[test]
    fn what_is_kept_comes_back() {
        for saved in [saved(), Saved::default()] {
            assert_eq!(read(&write(&saved)).unwrap(), saved);
            assert_eq!(Saved::from_string(&saved.to_string_session()).unwrap(), saved);
        }
    }

    #[test]
    fn damage_is_noticed_wherever_it_is() {
        let whole = write(&saved());
        for at in 0..whole.len() {
            let mut damaged = whole.to_vec();
            damaged[at] ^= 0x10;
            assert!(read(&damaged).is_err(), "byte {at}");
            assert!(read(&whole[..at]).is_err(), "cut at {at}");
        }
    }
}
