//! How a call or a connection ends when it does not end well.

use std::time::Duration;

use zaun_mtproto::client::{Failure, RpcError, SubmitError};
use zaun_mtproto::handshake::ClientError;
use zaun_tl::{DecodeError, EncodeError};

use zaun_link::LinkError;

/// Why a call has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvokeError {
    /// The server answered with an error.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// No answer came in time; the server was told to drop it (M-301).
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// The connection is closed for good.
    #[error("the connection is closed: {0}")]
    Closed(#[from] Closed),
    /// The protocol could not carry it through.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// It cannot be sent.
    #[error(transparent)]
    Unsendable(#[from] SubmitError),
    /// There is no connection on which it could be sent.
    #[error("cannot connect: {0}")]
    Unreachable(String),
    /// The server answered with nothing where something has to be.
    #[error("the answer is empty")]
    Empty,
    /// The updates can be followed only once.
    #[error("somebody follows the updates already")]
    Taken,
    /// The layer has no form for it.
    #[error("the layer cannot say this: {0}")]
    Encode(#[from] EncodeError),
    /// The result is not of the type that it should be.
    #[error("the result cannot be read: {0}")]
    Decode(#[from] DecodeError),
}

impl InvokeError {
    /// The server's error, if it is one.
    #[must_use]
    pub fn rpc(&self) -> Option<&RpcError> {
        match self {
            InvokeError::Rpc(error) => Some(error),
            _ => None,
        }
    }

    /// Whether the server answered with an error of this name, such as `FLOOD_WAIT`.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.rpc().is_some_and(|error| error.name() == name)
    }
}

/// Why a connection is closed for good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// The user wanted it.
    #[error("disconnected")]
    Disconnected,
    /// The server does not know the key (−404): it was destroyed, or it is of another server. It is not thrown away
    /// here; whoever stores it decides.
    #[error("the server does not know the key (M-048)")]
    KeyUnknown,
    /// The server has no such data centre (−444).
    #[error("there is no such data centre here (M-048)")]
    WrongDc,
    /// The strategy allows no more attempts.
    #[error("cannot connect: {0}")]
    Exhausted(String),
}

/// Why a first connection cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// There is no address to connect to.
    #[error("no address to connect to")]
    NoAddress,
    /// The connection.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// Nobody answered in time.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// The server closed the connection during the key exchange.
    #[error("the server closed the connection")]
    Closed,
    /// The server refuses with a transport error.
    #[error("the server refuses: {0} (M-048)")]
    Refused(i32),
    /// The key exchange was aborted: a check failed (M-320).
    #[error(transparent)]
    Exchange(#[from] ClientError),
}
