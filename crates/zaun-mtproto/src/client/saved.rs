//! A session in 284 bytes, to be kept between two runs of a program.

use rand::CryptoRng;
use zaun_crypto::auth_key::AuthKey;
use zeroize::Zeroizing;

use super::{Monotonic, Profile, Session, Start};
use crate::UnixTime;

/// Length of the layout.
pub const SAVED_LEN: usize = 284;

/// Why saved bytes are not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SavedError {
    /// Fewer than [`SAVED_LEN`] bytes.
    #[error("{0} bytes are no saved session, which has {SAVED_LEN}")]
    Length(usize),
    /// The bytes were damaged, or are something else.
    #[error("the key id that was saved is not that of the saved key")]
    KeyId,
}

/// What is kept of a session: 256 bytes of auth key, and 8 of its id, 8 of the salt, 8 of the session id, 4 of the time
/// offset, all little-endian. It holds the key in clear.
///
/// The sequence numbers are not in it, so the same session cannot go on: a server would answer code 32. What is
/// restored is a new session of the same key; the former one is named so that the server can be asked to forget it.
///
/// ```
/// # use zaun_crypto::auth_key::AuthKey;
/// # use zaun_mtproto::{UnixTime, client::*};
/// # let (wall, mut rng) = (UnixTime::from_secs(1_800_000_000), rand::rng());
/// # let start = Start { session_id: 7, salt: 0, server_time: wall };
/// # let mut before = Session::new(AuthKey::new([1; 256]), &start, Profile::STANDARD, Monotonic::ZERO);
/// let kept = SavedSession::of(&mut before, Monotonic::ZERO, wall).to_bytes();
///
/// let (saved, now) = (SavedSession::from_bytes(&*kept)?, Monotonic::ZERO);
/// let mut session = saved.restore(Profile::STANDARD, now, wall, &mut rng);
/// assert_ne!(session.session_id(), saved.session_id);
/// session.destroy_session(now, saved.session_id);
/// # Ok::<(), SavedError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedSession {
    /// The key.
    pub key: AuthKey,
    /// The salt used last.
    pub salt: i64,
    /// The session that was saved; it is over.
    pub session_id: i64,
    /// What the server's clock is ahead of the wall clock, in seconds.
    pub time_offset_s: i32,
}

impl SavedSession {
    /// What has to be kept of a session; `wall` is the wall clock at `now`.
    pub fn of(session: &mut Session, now: Monotonic, wall: UnixTime) -> SavedSession {
        let server_time = session.server_time(now);
        let seconds = |time: UnixTime| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        let offset_s = seconds(server_time).saturating_sub(seconds(wall));
        SavedSession {
            key: session.key.clone(),
            salt: session.salts.current(server_time),
            session_id: session.session_id,
            time_offset_s: i32::try_from(offset_s).unwrap_or(0),
        }
    }

    /// The 284 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(SAVED_LEN));
        out.extend_from_slice(self.key.as_bytes());
        for word in [self.key.id(), self.salt, self.session_id] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.extend_from_slice(&self.time_offset_s.to_le_bytes());
        out
    }

    /// Reads what [`SavedSession::to_bytes`] made; bytes behind it are left to whoever put them there.
    ///
    /// # Errors
    /// [`SavedError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<SavedSession, SavedError> {
        let short = || SavedError::Length(bytes.len());
        let (key, rest) = bytes.split_first_chunk::<256>().ok_or_else(short)?;
        let (key_id, rest) = rest.split_first_chunk::<8>().ok_or_else(short)?;
        let (salt, rest) = rest.split_first_chunk::<8>().ok_or_else(short)?;
        let (session_id, rest) = rest.split_first_chunk::<8>().ok_or_else(short)?;
        let offset = rest.first_chunk::<4>().ok_or_else(short)?;
        let key = AuthKey::new(*key);
        if key.id() != i64::from_le_bytes(*key_id) {
            return Err(SavedError::KeyId);
        }
        Ok(SavedSession {
            key,
            salt: i64::from_le_bytes(*salt),
            session_id: i64::from_le_bytes(*session_id),
            time_offset_s: i32::from_le_bytes(*offset),
        })
    }

    /// Begins a new session with the key, the salt and the clock of the saved one; `wall` is the wall clock at `now`.
    pub fn restore(
        &self,
        profile: Profile,
        now: Monotonic,
        wall: UnixTime,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Session {
        let session_id = loop {
            let drawn = rng.next_u64().cast_signed();
            if drawn != self.session_id {
                break drawn;
            }
        };
        let offset = UnixTime::from_secs(self.time_offset_s.unsigned_abs().into());
        let server_time =
            if self.time_offset_s < 0 { wall.saturating_sub(offset) } else { wall.saturating_add(offset) };
        let start = Start { session_id, salt: self.salt, server_time };
        Session::new(self.key.clone(), &start, profile, now)
    }
}
