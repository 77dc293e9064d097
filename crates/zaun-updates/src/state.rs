//! How far an account's updates were followed.

/// The numbers of `updates.state`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UpdateState {
    /// Of the common box (M-354).
    pub pts: i32,
    /// Of secret chats and bot events (M-356).
    pub qts: i32,
    /// Of the last packet (M-357).
    pub seq: i32,
    /// Unix seconds of the last packet.
    pub date: i32,
}

/// What becomes of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// It is the next one, and counts from now on.
    Accept,
    /// It was applied before.
    Duplicate,
    /// Something before it is missing.
    Gap,
}

/// Fewer than 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} bytes are no update state, which has 16")]
pub struct StateError(pub usize);

impl UpdateState {
    /// Judges `pts` with its `pts_count` (M-358), and counts it if it is the next. An event that overlaps what was
    /// applied was applied: 101 with a count of 2 after 100.
    pub fn apply_pts(&mut self, pts: i32, count: i32) -> Applied {
        advance(&mut self.pts, pts, count)
    }

    /// The same for `qts`, which rises by one (M-364).
    pub fn apply_qts(&mut self, qts: i32) -> Applied {
        advance(&mut self.qts, qts, 1)
    }

    /// The same for a packet from `seq_start` to `seq` (M-366); without a number it is applied at once.
    pub fn apply_seq(&mut self, seq_start: i32, seq: i32) -> Applied {
        if seq_start == 0 {
            return Applied::Accept;
        }
        let judged = judge(self.seq, seq_start, 1);
        if judged == Applied::Accept {
            self.seq = seq.max(seq_start);
        }
        judged
    }

    /// pts, qts, seq, date, each little-endian.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        let mut out = [0; 16];
        for (to, number) in out.as_chunks_mut().0.iter_mut().zip([self.pts, self.qts, self.seq, self.date]) {
            *to = number.to_le_bytes();
        }
        out
    }

    /// Reads what [`UpdateState::to_bytes`] made; bytes after it are left alone.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<UpdateState, StateError> {
        let Some(([pts, qts, seq, date], _)) = bytes.as_chunks::<4>().0.split_first_chunk() else {
            return Err(StateError(bytes.len()));
        };
        let [pts, qts, seq, date] = [pts, qts, seq, date].map(|number| i32::from_le_bytes(*number));
        Ok(UpdateState { pts, qts, seq, date })
    }
}

/// Judges a number after `at`.
pub fn judge(at: i32, number: i32, count: i32) -> Applied {
    match (i64::from(at) + i64::from(count)).cmp(&i64::from(number)) {
        std::cmp::Ordering::Equal => Applied::Accept,
        std::cmp::Ordering::Greater => Applied::Duplicate,
        std::cmp::Ordering::Less => Applied::Gap,
    }
}

fn advance(at: &mut i32, number: i32, count: i32) -> Applied {
    let judged = judge(*at, number, count);
    if judged == Applied::Accept {
        *at = number;
    }
    judged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m_358_an_event_that_overlaps_what_was_applied_is_no_gap() {
        let mut state = UpdateState { pts: 100, ..UpdateState::default() };
        assert_eq!(state.apply_pts(101, 2), Applied::Duplicate);
        assert_eq!(state.apply_pts(100, 1), Applied::Duplicate);
        assert_eq!(state.apply_pts(103, 2), Applied::Gap);
        assert_eq!((state.apply_pts(102, 2), state.pts), (Applied::Accept, 102));
        assert_eq!((state.apply_pts(102, 0), state.pts), (Applied::Accept, 102), "nothing is counted");
    }

    #[test]
    fn m_366_packets_without_a_number_are_applied_at_once() {
        let mut state = UpdateState { seq: 5, ..UpdateState::default() };
        assert_eq!((state.apply_seq(0, 0), state.seq), (Applied::Accept, 5));
        assert_eq!(state.apply_seq(5, 5), Applied::Duplicate);
        assert_eq!(state.apply_seq(7, 7), Applied::Gap);
        assert_eq!((state.apply_seq(6, 9), state.seq), (Applied::Accept, 9), "combined");
    }

    #[test]
    fn hostile_numbers_are_judged_without_overflow() {
        for number in [i32::MIN, -1, 0, 1, i32::MAX] {
            for count in [i32::MIN, -1, 0, 1, i32::MAX] {
                for at in [0, 1, i32::MAX] {
                    let mut state = UpdateState { pts: at, qts: at, seq: at, date: 0 };
                    let _ = (
                        state.apply_pts(number, count),
                        state.apply_qts(number),
                        state.apply_seq(number, count),
                    );
                }
            }
        }
    }

    #[test]
    fn sixteen_bytes_come_back() {
        let state = UpdateState { pts: 1, qts: -2, seq: 3, date: i32::MAX };
        let bytes = state.to_bytes();
        assert_eq!(bytes[..8], [1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff]);
        assert_eq!(UpdateState::from_bytes(&[&bytes[..], b"more"].concat()), Ok(state));
        assert_eq!(UpdateState::from_bytes(&bytes[..15]), Err(StateError(15)));
    }
}
