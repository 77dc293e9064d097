//! bad_msg_notification: the codes and what each one means (M-233 … M-242).

/// Why a message that decrypted correctly is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadMsg {
    /// Code 16.
    #[error("msg_id is more than 300 s old: the client's clock is behind (M-209)")]
    MsgIdTooLow,
    /// Code 17.
    #[error("msg_id is more than 30 s ahead: the client's clock is ahead (M-209)")]
    MsgIdTooHigh,
    /// Code 18.
    #[error("msg_id of a client must be divisible by 4 (M-205)")]
    MsgIdLowBits,
    /// Code 19.
    #[error("a container with this msg_id was already received (M-216)")]
    ContainerIdSeen,
    /// Code 20.
    #[error("msg_id is older than everything remembered of the session (M-215)")]
    MsgIdForgotten,
    /// Code 32.
    #[error("seqno is lower than that of an older message (M-227)")]
    SeqnoTooLow,
    /// Code 33.
    #[error("seqno is higher than that of a newer message (M-227)")]
    SeqnoTooHigh,
    /// Code 34.
    #[error("this message needs no acknowledgement, so its seqno must be even (M-223)")]
    EvenSeqnoExpected,
    /// Code 35.
    #[error("a query must be acknowledged, so its seqno must be odd (M-222)")]
    OddSeqnoExpected,
    /// Code 48.
    #[error("the server salt is not one that is valid now (M-246)")]
    Salt,
    /// Code 64.
    #[error("the container is malformed (M-217, M-259, M-261)")]
    Container,
}

impl BadMsg {
    /// The number on the wire (M-238).
    pub fn code(self) -> i32 {
        match self {
            BadMsg::MsgIdTooLow => 16,
            BadMsg::MsgIdTooHigh => 17,
            BadMsg::MsgIdLowBits => 18,
            BadMsg::ContainerIdSeen => 19,
            BadMsg::MsgIdForgotten => 20,
            BadMsg::SeqnoTooLow => 32,
            BadMsg::SeqnoTooHigh => 33,
            BadMsg::EvenSeqnoExpected => 34,
            BadMsg::OddSeqnoExpected => 35,
            BadMsg::Salt => 48,
            BadMsg::Container => 64,
        }
    }
}
