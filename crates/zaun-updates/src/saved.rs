//! What is kept between two runs: the 16 bytes of the state, then 12 for each channel: id i64 and pts i32, little-endian.

use crate::{Monotonic, StateError, UpdateHandler, UpdateState};

/// Why saved bytes are not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SavedError {
    /// The state.
    #[error(transparent)]
    State(#[from] StateError),
    /// What follows is not a list of channels.
    #[error("{0} bytes are no list of channels, which has 12 for each")]
    Channels(usize),
}

impl UpdateHandler {
    /// How far everything was followed; empty as long as that is not known.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        if !self.known {
            return Vec::new();
        }
        let mut out = self.state().to_bytes().to_vec();
        for (channel_id, pts) in self.channels.known() {
            out.extend_from_slice(&channel_id.to_le_bytes());
            out.extend_from_slice(&pts.to_le_bytes());
        }
        out
    }

    /// Goes on from what [`UpdateHandler::to_bytes`] made, and fetches what came in the meantime.
    ///
    /// # Errors
    /// [`SavedError`].
    pub fn from_bytes(bytes: &[u8], now: Monotonic) -> Result<UpdateHandler, SavedError> {
        if bytes.is_empty() {
            return Ok(UpdateHandler::new(None, now));
        }
        let state = UpdateState::from_bytes(bytes)?;
        let rest = bytes.get(16..).unwrap_or_default();
        let (channels, []) = rest.as_chunks::<12>() else { return Err(SavedError::Channels(rest.len())) };
        let mut handler = UpdateHandler::new(Some(state), now);
        for [a, b, c, d, e, f, g, h, pts @ ..] in channels {
            let channel_id = i64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h]);
            handler.channels.restore(channel_id, i32::from_le_bytes(*pts));
        }
        handler.refetch(now);
        Ok(handler)
    }
}
