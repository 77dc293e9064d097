//! What a session tells its user.

use std::borrow::Cow;

use bytes::Bytes;

use super::{ConnId, Failure, QueryId};

/// An rpc_error (M-418).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code} {message}")]
pub struct RpcError {
    /// HTTP-like code.
    pub code: i32,
    /// Name and argument in capitals, as sent.
    pub message: String,
}

impl RpcError {
    /// The name without its argument: `FLOOD_WAIT` of `FLOOD_WAIT_17`, `FILE_PART_MISSING` of `FILE_PART_3_MISSING`.
    /// A number that is glued to a word belongs to the name, as in `2FA_CONFIRM_WAIT_60` or `MD5_CHECKSUM_INVALID`.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        match self.parts() {
            Some((before, _, "")) => Cow::Borrowed(before),
            Some((before, _, after)) => Cow::Owned(format!("{before}_{after}")),
            None => Cow::Borrowed(&self.message),
        }
    }

    /// The number in the message, if there is one: 17 in `FLOOD_WAIT_17`, a number of seconds (M-428) or of a data
    /// centre (M-419).
    #[must_use]
    pub fn argument(&self) -> Option<u32> {
        self.parts().map(|(_, argument, _)| argument)
    }

    /// What stands before the last word that is a number, that number, and what stands behind it.
    fn parts(&self) -> Option<(&str, u32, &str)> {
        let mut end = self.message.len();
        loop {
            let head = self.message.get(..end)?;
            let (before, word) = head.rsplit_once('_')?;
            let digits = word.bytes().all(|byte| byte.is_ascii_digit());
            if let Some(number) = word.parse().ok().filter(|_| digits && !before.is_empty()) {
                let after = self.message.get(end..)?;
                return Some((before, number, after.trim_start_matches('_')));
            }
            end = before.len();
        }
    }
}

/// Something the user has to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A query was answered: with the result object, never packed, or with an error of the server.
    Answer {
        /// The query.
        query: QueryId,
        /// The answer.
        result: Result<Bytes, RpcError>,
    },
    /// A query ends without an answer.
    Failed {
        /// The query.
        query: QueryId,
        /// Why.
        why: Failure,
    },
    /// An object that answers nothing: updates. Each message comes once.
    Pushed {
        /// The serialized object, never packed.
        body: Bytes,
    },
    /// Updates may have been lost, because the server began the session anew or a repeat could not be told from a
    /// new message: they have to be fetched (M-199).
    Refetch,
    /// This connection is of no use any more: close it and open another.
    Reconnect {
        /// The connection.
        conn: ConnId,
        /// Why.
        why: ReconnectReason,
    },
    /// The session had to be replaced; later packets carry this identifier.
    SessionRenewed {
        /// The new identifier.
        session_id: i64,
    },
    /// The answer to [`destroy_session`](super::Session::destroy_session).
    SessionDestroyed {
        /// The session.
        session_id: i64,
        /// Whether it existed.
        existed: bool,
    },
    /// The server refused a packet; what it held is corrected and sent again.
    Refused {
        /// The code of bad_msg_notification or bad_server_salt (M-238).
        code: i32,
    },
}

/// Why a connection has to be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReconnectReason {
    /// A ping was not answered in time.
    Silent,
    /// The server refuses whatever is sent on it.
    Refused,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_a_name_and_perhaps_a_number() {
        for (message, name, argument) in [
            ("FLOOD_WAIT_17", "FLOOD_WAIT", Some(17)),
            ("PHONE_MIGRATE_4", "PHONE_MIGRATE", Some(4)),
            ("FILE_PART_3_MISSING", "FILE_PART_MISSING", Some(3)),
            ("2FA_CONFIRM_WAIT_60", "2FA_CONFIRM_WAIT", Some(60)),
            ("SESSION_PASSWORD_NEEDED", "SESSION_PASSWORD_NEEDED", None),
            ("MD5_CHECKSUM_INVALID", "MD5_CHECKSUM_INVALID", None),
            ("FLOOD_WAIT_99999999999", "FLOOD_WAIT_99999999999", None),
            ("FLOOD_WAIT_+3", "FLOOD_WAIT_+3", None),
            ("17", "17", None),
            ("_17", "_17", None),
            ("", "", None),
        ] {
            let error = RpcError { code: 420, message: message.to_owned() };
            assert_eq!((&*error.name(), error.argument()), (name, argument), "M-418, M-428");
        }
    }
}
