//! What a client refuses: packets of the server (M-320 … M-324), calls of its own user, queries that cannot go on.

use crate::container::ContainerError;
use crate::gzip::GzipError;
use crate::packet::OpenError;

/// Why a packet of the server was discarded, as a whole and before anything in it was used (M-322, M-323).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiveError {
    /// It is not for our key, or was changed on its way.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It belongs to a session that is not ours.
    #[error("the packet is of session {0:016x}, which is not ours (M-321)")]
    Session(i64),
    /// It belongs to the session that this one replaced; its answers come too late.
    #[error("the packet is of the session before this one (M-190)")]
    FormerSession,
    /// An identifier that no server makes.
    #[error("msg_id {0:016x} of a server must be odd (M-206, M-321)")]
    Parity(i64),
    /// The identifier was received before: a replay.
    #[error("msg_id {0:016x} was already received (M-321)")]
    Duplicate(i64),
    /// The identifier is below everything remembered, so it may be a replay.
    #[error("msg_id {0:016x} is older than everything remembered (M-324)")]
    Forgotten(i64),
    /// The identifier is of a time long past.
    #[error("msg_id is {0} s behind the server's clock (M-321)")]
    Behind(u64),
    /// The container does not hold what it says.
    #[error("the container is malformed: {0}")]
    Container(#[from] ContainerError),
    /// A gzip_packed message holds another one, a container or a copy.
    #[error("gzip_packed holds what must not be packed (M-273)")]
    Packed,
    /// A gzip_packed message that cannot be unpacked.
    #[error(transparent)]
    Gzip(#[from] GzipError),
    /// A service message that does not parse.
    #[error("service message {0:08x} does not parse")]
    Service(u32),
    /// The connection was never attached, or is detached already.
    #[error("the connection is not attached")]
    Connection,
}

impl ReceiveError {
    /// Whether the connection has to be closed and opened again (M-322). Repeats and leftovers of the session before
    /// are only dropped, as they do not tell of an attack or a fault on this connection.
    pub fn closes_connection(&self) -> bool {
        use ReceiveError::{Connection, Duplicate, Forgotten, FormerSession};
        !matches!(self, Connection | Duplicate(_) | FormerSession | Forgotten(_))
    }
}

/// Why a query is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The serialized query is too long even after packing.
    #[error("a query of {0} bytes is above the limit of {max}", max = super::MAX_QUERY_BYTES)]
    TooLarge(usize),
    /// Not a whole number of 32-bit words, so not TL.
    #[error("a query of {0} bytes is not a positive number of 32-bit words")]
    Misaligned(usize),
    /// Too many queries wait for answers.
    #[error("too many queries or bytes wait for an answer")]
    Full,
}

/// Why a query ends without an answer of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The server refused the query again and again, whatever was corrected; the code is of the last refusal.
    #[error("refused {max} times, the last time with code {0}", max = super::MAX_REFUSALS)]
    Refused(i32),
    /// The query before it, which it was to follow, did not succeed (M-410).
    #[error("the query that this one follows did not succeed (M-410)")]
    Predecessor,
    /// The answer came, but cannot be unpacked.
    #[error("the answer cannot be read: {0:?}")]
    Unreadable(UnreadableAnswer),
}

/// What is wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnreadableAnswer {
    /// Its gzip is damaged or too large.
    Gzip,
    /// Its rpc_error does not parse.
    RpcError,
}
