//! The JSON form of what happens: one object a line, in the stream and in a saved capture alike.
//!
//! 64-bit ids are text, because JSON's numbers are not exact beyond 2^53: `msg_id` in decimal, `key_id` and
//! `session_id` in hex as logs have them.

use serde::{Deserialize, Serialize};
use zaun_server::inspect::Reaction;

use crate::tree::{Buffer, Message};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Counts the viewer's events, from 1.
    pub n: u64,
    /// When, in microseconds since 1970 by the server's clock.
    pub at_us: u64,
    /// On which connection; 0 for none.
    pub conn: u64,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What happened; `kind` in the JSON form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    /// A connection was accepted.
    Opened {
        /// The other end: an address, or `unix socket`.
        peer: String,
    },
    /// The transport is known.
    Transport {
        /// In words.
        name: String,
        /// The DC field of the obfuscation header (M-078).
        dc: Option<i16>,
    },
    /// A message of a key exchange came in (M-085).
    PlainReceived(Packet),
    /// One was sent.
    PlainSent(Packet),
    /// A key was agreed upon (M-137).
    KeyCreated {
        /// Its id.
        key_id: String,
        /// Its life in seconds if it is temporary (M-148).
        expires_in: Option<i32>,
        /// The DC it was made for.
        dc: i32,
    },
    /// A packet was decrypted.
    Received(Packet),
    /// A packet was sent.
    Sent(Packet),
    /// A check failed.
    Refused(Refused),
    /// A quick acknowledgement was sent (M-038).
    QuickAck {
        /// Its token as hex.
        token: String,
    },
    /// The connection ended.
    Closed {
        /// Why.
        reason: String,
    },
    /// The viewer was too slow.
    Missed {
        /// So many events are lost.
        count: u64,
    },
}

/// A packet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Packet {
    /// Where it belongs; absent in key exchanges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<Header>,
    /// Who is logged in on the key, or logs in.
    #[serde(default, skip_serializing_if = "Account::is_unknown")]
    pub account: Account,
    /// Whether the messages were in a container.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub container: bool,
    /// The messages.
    pub messages: Vec<Message>,
    /// What the trees' ranges point into.
    pub buffers: Vec<Buffer>,
}

/// The header of an encrypted packet, without its salt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The key.
    pub key_id: String,
    /// The session.
    pub session_id: String,
    /// The packet's msg_id.
    pub msg_id: String,
    /// Its seqno.
    pub seqno: i32,
}

/// Who uses a key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Account {
    /// The user that is logged in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Its phone, or the one that logs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

impl Account {
    /// Whether nothing is known.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == Account::default()
    }
}

/// A check that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The key, if one was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// The message, if it could be decrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub msg_id: Option<String>,
    /// Who is logged in on the key, or logs in.
    #[serde(default, skip_serializing_if = "Account::is_unknown")]
    pub account: Account,
    /// The number of the rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// In plain words.
    pub reason: String,
    /// What was compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<String>,
    /// What the client was answered, in words.
    pub reaction: String,
}

/// An id as logs have it.
#[must_use]
pub fn hex_id(id: i64) -> String {
    format!("{id:016x}")
}

/// What the client was answered, in words.
#[must_use]
pub fn reaction(reaction: Reaction) -> String {
    match reaction {
        Reaction::BadMsg(48) => "answered bad_server_salt 48".to_owned(),
        Reaction::BadMsg(code) => format!("answered bad_msg_notification {code}"),
        Reaction::TransportError(code) => format!("answered transport error {code}"),
        Reaction::Close => "closed the connection".to_owned(),
        Reaction::Ignored => "passed it over".to_owned(),
    }
}
