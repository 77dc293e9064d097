//! What can go wrong, grouped by who is to blame.

/// Why a connection cannot go on. After it the codec yields the same error for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The peer broke the rules of the transport. Reaction: close without an answer.
    #[error(transparent)]
    Peer(#[from] PeerFault),
    /// The peer speaks another protocol. Reaction: hand the bytes to its listener if there is one, else close.
    #[error("the peer speaks {0} on an MTProto port")]
    Foreign(ForeignProtocol),
}

/// A rule of the transport that the peer broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PeerFault {
    /// A frame above the limit. Reaction: close before its body is buffered (M-030).
    #[error("frame of {len} bytes, at most {max} are taken (M-030)")]
    FrameTooLarge {
        /// Length as announced.
        len: usize,
        /// The limit in force.
        max: usize,
    },
    /// A length that is not a number of 32-bit words. Reaction: close (M-029).
    #[error("frame of {len} bytes is not a number of 32-bit words (M-029)")]
    Misaligned {
        /// Length as announced.
        len: usize,
    },
    /// A frame without content. Reaction: close (M-029).
    #[error("empty frame (M-029)")]
    EmptyFrame,
    /// Full framing: a length below the envelope's own 12 bytes. Reaction: close (M-027).
    #[error("full frame of {len} bytes is shorter than its envelope (M-027)")]
    TooShort {
        /// Length as announced.
        len: usize,
    },
    /// Full framing: a gap or a repeat in the sequence. Reaction: close (M-028).
    #[error("full frame number {got}, expected {expected} (M-028)")]
    Sequence {
        /// The number that was due.
        expected: u32,
        /// The number that came.
        got: u32,
    },
    /// Full framing: the checksum does not match. Reaction: close (M-028).
    #[error("full frame with a wrong CRC32 (M-028)")]
    Checksum,
    /// The 64-byte header decrypts to no known tag. Reaction: close, or show the cover site (M-077).
    #[error("the obfuscation header carries no framing tag (M-077)")]
    UnknownTag,
    /// The endpoint demands obfuscation with its secret, and the client came without. Reaction: close (M-084).
    #[error("this endpoint takes only obfuscated connections (M-084)")]
    NotObfuscated,
}

/// Protocols that are recognised by their first bytes but not spoken by this codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignProtocol {
    /// The first word is `POST`, `GET `, `HEAD` or `OPTI` (M-016).
    Http,
    /// The first bytes are a TLS handshake record (M-018).
    Tls,
}

impl std::fmt::Display for ForeignProtocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Http => "HTTP (M-016)",
            Self::Tls => "TLS (M-018)",
        })
    }
}

/// Why something cannot be sent: a mistake of the caller, never of the peer. Nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The server does not know yet how the client frames (M-013).
    #[error("nothing can be sent before the client has chosen a framing (M-013)")]
    Undecided,
    /// Clients close the connection above [`crate::MAX_OUTBOUND_BYTES`] (M-031).
    #[error("payload of {0} bytes is above what clients take (M-031)")]
    TooLarge(usize),
    /// The payload is empty or not a number of 32-bit words (M-029).
    #[error("payload of {0} bytes is not a positive number of 32-bit words (M-029)")]
    Misaligned(usize),
}
