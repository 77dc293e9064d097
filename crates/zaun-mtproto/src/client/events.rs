//! What a session tells its user.

use bytes::Bytes;

use super::{ConnId, Failure, QueryId};

/// An rpc_error (M-418).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code} {message}")]
pub struct RpcError {
    /// HTTP-like code.
    pub code: i32,
    /// Name and arguments in capitals.
    pub message: String,
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
