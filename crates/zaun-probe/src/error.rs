//! What can go wrong between a test and its server.

use zaun_mtproto::handshake::ClientError;
use zaun_mtproto::packet::OpenError;
use zaun_transport::NotObfuscatable;

/// Why a step failed. None of these is handled here: a test expects it or fails with it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system.
    #[error("network: {0}")]
    Io(#[from] std::io::Error),
    /// Nothing came for half a minute: what the test waits for does not happen.
    #[error("nothing came in time")]
    Silence,
    /// The server closed the connection.
    #[error("the server closed the connection")]
    Closed,
    /// The server sent a transport error (M-048).
    #[error("transport error {0}")]
    Refused(i32),
    /// The connection cannot be made or used, or the server broke the framing.
    #[error(transparent)]
    Link(#[from] zaun_link::LinkError),
    /// Full framing was to be obfuscated.
    #[error(transparent)]
    NotObfuscatable(#[from] NotObfuscatable),
    /// The key exchange failed.
    #[error(transparent)]
    Exchange(#[from] ClientError),
    /// The server's packet cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A method of the API was answered with an error.
    #[error("{code} {text}")]
    Rpc {
        /// HTTP-like (M-418).
        code: i32,
        /// The text that clients compare.
        text: String,
    },
    /// The server that was to be talked to cannot be put together.
    #[error("server: {0}")]
    Setup(String),
    /// The server sent something that a client would not understand.
    #[error("{0}")]
    Malformed(&'static str),
}
