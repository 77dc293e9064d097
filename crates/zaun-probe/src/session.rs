//! The client's half of a session, without I/O and without opinions.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::BytesMut;
use rand::Rng;
use zaun_crypto::auth_key::AuthKey;
use zaun_crypto::kdf::Side;
use zaun_mtproto::packet::{self, Header, OpenError, Opened};
use zaun_mtproto::{UnixTime, msg_id};

use crate::Message;

/// The time that servers see.
#[must_use]
pub fn now() -> UnixTime {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Key, salt and counters of one session; every field may be changed at will.
#[derive(Debug, Clone)]
pub struct Session {
    /// The key.
    pub key: AuthKey,
    /// The session's identifier (M-188).
    pub session_id: i64,
    /// The salt of the next packets (M-243).
    pub salt: i64,
    /// The last identifier that was made.
    pub last_msg_id: i64,
    /// How many content-related messages were made (M-219).
    pub content_sent: i32,
    /// Gets every message of the server that comes, as it comes; a test looks through all of them so.
    pub witness: Option<fn(&Message)>,
}

impl Session {
    /// A session with a random identifier.
    #[must_use]
    pub fn new(key: AuthKey, salt: i64) -> Session {
        let session_id = rand::rng().next_u64().cast_signed();
        Session { key, session_id, salt, last_msg_id: 0, content_sent: 0, witness: None }
    }

    /// The next identifier and seqno, as an honest client makes them (M-205, M-219).
    pub fn stamp(&mut self, now: UnixTime, content_related: bool) -> (i64, i32) {
        self.last_msg_id = msg_id::from_time(now).max(self.last_msg_id.saturating_add(4));
        let seqno = self.content_sent.wrapping_mul(2) | i32::from(content_related);
        self.content_sent = self.content_sent.wrapping_add(i32::from(content_related));
        (self.last_msg_id, seqno)
    }

    /// A header of this session.
    #[must_use]
    pub fn header(&self, msg_id: i64, seqno: i32) -> Header {
        Header { salt: self.salt, session_id: self.session_id, msg_id, seqno }
    }

    /// Encrypts a packet to the server.
    #[must_use]
    pub fn seal(&self, header: &Header, body: &[u8]) -> BytesMut {
        let mut out = BytesMut::new();
        packet::seal(&self.key, Side::Client, header, body, &mut rand::rng(), &mut out);
        out
    }

    /// Decrypts a packet of the server.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(&self, packet: BytesMut) -> Result<Opened, OpenError> {
        packet::open(&self.key, Side::Server, packet)
    }
}
