//! The session of a client: everything between a query and a decrypted packet (M-188 … M-324), the mirror of
//! [`crate::session`].
//!
//! A [`Session`] outlives its connections (M-189). [`Session::submit`] takes a query, [`Session::transmit`] hands out
//! packets for one connection, [`Session::receive`] takes one; [`Session::next_event`] says what came of it. What has to
//! happen although nothing comes is due at [`Session::next_deadline`].
//!
//! A query keeps its msg_id through every loss, because that is how a server knows a repeat (M-213). It gets another
//! one only when the server can no longer take it under the old one, and even then the answer to the old one is good.
//! So every query is answered exactly once, and run at most once in the life of the server's session. If that is lost
//! (the server restarts, or forgets it), a query that is not answered may be run again: the protocol cannot tell.
//!
//! ```
//! # use zaun_crypto::auth_key::AuthKey;
//! # use zaun_mtproto::{UnixTime, client::*, session::ConnId};
//! let (now, conn) = (Monotonic::ZERO, ConnId(1));
//! let start = Start { session_id: 7, salt: 0, server_time: UnixTime::from_secs(1_800_000_000) };
//! let mut session = Session::new(AuthKey::new([1; 256]), &start, Profile::STANDARD, now);
//! session.attach(now, conn, Carrier::Stream);
//! let query = session.submit(b"\x01\x02\x03\x04".as_slice().into())?;
//! let packet = session.transmit(now, conn, &mut rand::rng()).expect("the query and a ping");
//! assert_eq!(packet.header.msg_id & 3, 0); // M-205
//! assert!(session.msg_id(query).is_some());
//! # Ok::<(), SubmitError>(())
//! ```

mod bind;
mod budget;
mod clock;
mod content;
mod error;
mod events;
mod ids;
mod links;
mod outbox;
mod profile;
mod query;
mod received;
mod refused;
mod salts;
mod saved;
mod sent;
mod service;
mod transmit;
mod unpack;

use std::collections::{BTreeMap, VecDeque};

use bytes::{Bytes, BytesMut};
use zaun_crypto::auth_key::AuthKey;
use zaun_crypto::kdf::Side;

pub use bind::Binding;
pub use error::{Failure, ReceiveError, SubmitError, UnreadableAnswer};
pub use events::{Event, ReconnectReason, RpcError};
pub use ids::{Stamp, Stamper};
pub use links::{Carrier, HttpWait};
pub use profile::Profile;
pub use query::QueryId;
pub use received::WINDOW;
pub use salts::SaltBook;
pub use saved::{SAVED_LEN, SavedError, SavedSession};
pub use transmit::Packet;

use crate::UnixTime;
use crate::container;
use crate::gzip;
use crate::packet::{self, Opened};
use crate::session::ConnId;
use budget::Budget;
use clock::Clock;
use links::Link;
use outbox::{Outbox, Service};
use query::Queries;
use received::Received;
use sent::SentPackets;

/// Time on a clock that never steps back, counted from any fixed moment.
pub type Monotonic = std::time::Duration;

/// Queries that may wait for their answers; what a person does never comes near, and a program hears of it.
pub const MAX_QUERIES: usize = 16 * 1024;
/// Bytes of the queries that wait: two hundred of the largest file parts.
pub const MAX_HELD_BYTES: usize = 128 * 1024 * 1024;
/// The longest query, after packing: more does not fit a frame that every server takes.
pub const MAX_QUERY_BYTES: usize = 1_044_404;
/// A query that is refused so often is given up.
pub const MAX_REFUSALS: u32 = 32;
/// State requests whose answers are waited for.
const MAX_ASKED: usize = 64;
/// Announcements of sessions that are remembered, so that each counts once.
const MAX_ANNOUNCEMENTS: usize = 16;
/// Sessions that wait to be destroyed.
const MAX_DESTROYING: usize = 16;

/// A state request.
#[derive(Debug)]
struct Asked {
    msg_ids: Vec<i64>,
    /// Running number of its stamp: what was sent later is not in the answer.
    number: u64,
}

/// For everything that a server could make the client repeat without end.
#[derive(Debug, Default)]
struct Budgets {
    /// Queries repeated because a session was announced (M-193).
    announced: Budget,
    /// Queries repeated because the server asks for them (M-293).
    resent: Budget,
    /// Queries repeated because of states that nobody asked for (M-287).
    told: Budget,
}

/// How a session begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// Random (M-188). Never one that was used before: its sequence numbers would begin anew (M-227).
    pub session_id: i64,
    /// The salt that came out of the key exchange, or the last one used; any other costs one round trip.
    pub salt: i64,
    /// The best guess at the server's clock: from the key exchange, else the wall clock.
    pub server_time: UnixTime,
}

/// The client's half of one session.
#[derive(Debug)]
pub struct Session {
    key: AuthKey,
    profile: Profile,
    session_id: i64,
    /// The session that this one replaced: its packets may still be under way.
    former: Option<i64>,
    /// Random, for the next session.
    spare_id: i64,
    clock: Clock,
    salts: SaltBook,
    stamper: Stamper,
    queries: Queries,
    sent: SentPackets,
    received: Received,
    outbox: Outbox,
    links: Vec<Link>,
    /// State requests that have no answer (M-283), by their identifiers.
    asked: BTreeMap<i64, Asked>,
    /// Sessions to destroy, and when to ask for it next.
    destroying: BTreeMap<i64, Monotonic>,
    announcements: VecDeque<i64>,
    budgets: Budgets,
    /// The key is temporary and has to be bound first.
    pending: Option<bind::Pending>,
    /// Highest identifier that the server is known to have taken.
    confirmed_up_to: i64,
    refused_in_a_row: u32,
    /// How many stamps had been made when a refusal was dealt with.
    corrected_at: u64,
    /// Service messages have odd sequence numbers, as the server insisted (code 35).
    odd_service: bool,
    last_ping_id: i64,
    events: VecDeque<Event>,
}

impl Session {
    /// A session that has said nothing yet.
    pub fn new(key: AuthKey, start: &Start, profile: Profile, now: Monotonic) -> Session {
        Session {
            key,
            profile,
            session_id: start.session_id,
            former: None,
            spare_id: start.session_id.wrapping_add(1),
            clock: Clock::new(start.server_time, now),
            salts: SaltBook::new(start.salt),
            stamper: Stamper::default(),
            queries: Queries::default(),
            sent: SentPackets::default(),
            received: Received::default(),
            outbox: Outbox::default(),
            links: Vec::new(),
            asked: BTreeMap::new(),
            destroying: BTreeMap::new(),
            announcements: VecDeque::new(),
            budgets: Budgets::default(),
            pending: None,
            confirmed_up_to: 0,
            refused_in_a_row: 0,
            corrected_at: 0,
            odd_service: false,
            last_ping_id: 0,
            events: VecDeque::new(),
        }
    }

    /// The session's identifier; it changes with [`Event::SessionRenewed`].
    pub fn session_id(&self) -> i64 {
        self.session_id
    }

    /// The key.
    pub fn key(&self) -> &AuthKey {
        &self.key
    }

    /// What the server's clock says now, as far as known.
    pub fn server_time(&self, now: Monotonic) -> UnixTime {
        self.clock.server_time(now)
    }

    /// Takes a serialized query; its end is told in an [`Event`] with the same identifier, exactly once.
    pub fn submit(&mut self, query: Bytes) -> Result<QueryId, SubmitError> {
        self.take_query(query, None)
    }

    /// Takes a query that is to run only after another one has succeeded: sent inside invokeAfterMsg while that has
    /// no answer (M-409), with the identifier that the other one has then.
    pub fn submit_after(&mut self, query: Bytes, after: QueryId) -> Result<QueryId, SubmitError> {
        self.take_query(query, Some(after))
    }

    fn take_query(&mut self, query: Bytes, after: Option<QueryId>) -> Result<QueryId, SubmitError> {
        if query.is_empty() || !query.len().is_multiple_of(4) {
            return Err(SubmitError::Misaligned(query.len()));
        }
        let body = if worth_packing(&query) { gzip::pack(&query).unwrap_or(query) } else { query };
        if body.len() > MAX_QUERY_BYTES {
            return Err(SubmitError::TooLarge(body.len()));
        }
        self.queries.add(body, after)
    }

    /// Gives up a query: no event will tell of it. A server that has it is told to drop the answer (M-301). `false` if
    /// the query is over already.
    pub fn cancel(&mut self, query: QueryId) -> bool {
        let Some(cancelled) = self.queries.remove(query, false) else { return false };
        if cancelled.carried > 0 {
            for req_msg_id in cancelled.ids {
                self.outbox.push(Service::DropAnswer { req_msg_id });
            }
        }
        true
    }

    /// The identifier under which a waiting query is sent now; `None` before the first time. It may change.
    pub fn msg_id(&self, query: QueryId) -> Option<i64> {
        self.queries.find(query)?.stamp.map(|stamp| stamp.msg_id)
    }

    /// How many queries wait for their answers.
    pub fn waiting(&self) -> usize {
        self.queries.len()
    }

    /// Asks the server to forget another session of the same key (M-201); the answer is an [`Event`]. Nothing happens
    /// for the session itself, or if too many wait.
    pub fn destroy_session(&mut self, now: Monotonic, session_id: i64) {
        if session_id != self.session_id && self.destroying.len() < MAX_DESTROYING {
            self.destroying.insert(session_id, now);
        }
    }

    /// Takes one encrypted packet.
    ///
    /// # Errors
    /// The packet is discarded as a whole, and nothing in it was used (M-322, M-323); see
    /// [`ReceiveError::closes_connection`].
    pub fn receive(&mut self, now: Monotonic, conn: ConnId, packet: BytesMut) -> Result<(), ReceiveError> {
        let opened = packet::open(&self.key, Side::Server, packet)?;
        self.receive_opened(now, conn, &opened)
    }

    /// Takes one packet that was opened elsewhere with the session's key.
    ///
    /// # Errors
    /// As [`Session::receive`].
    pub fn receive_opened(
        &mut self,
        now: Monotonic,
        conn: ConnId,
        opened: &Opened,
    ) -> Result<(), ReceiveError> {
        if !self.links.iter().any(|link| link.conn == conn) {
            return Err(ReceiveError::Connection);
        }
        let messages = self.check(now, opened)?;
        self.heard(conn);
        if container::is_container(&opened.body) {
            self.received.note(opened.header.msg_id, false, now);
        }
        let session_id = self.session_id;
        for message in messages {
            // A refusal inside may have ended the session, and with it everything behind.
            if self.session_id == session_id {
                self.handle(now, conn, message);
            }
        }
        Ok(())
    }

    /// What happened, oldest first; `None` if nothing more did.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Leaves this session for a new one and takes all queries along.
    fn renew(&mut self, now: Monotonic) {
        let old = std::mem::replace(&mut self.session_id, self.spare_id);
        // Random again with the next packet; until then at least another one.
        self.spare_id = self.spare_id.wrapping_add(1);
        self.former = Some(old);
        self.clock.forgive();
        self.stamper.restart();
        self.queries.restart();
        self.sent.clear();
        self.received = Received::default();
        self.outbox.clear();
        self.asked.clear();
        self.confirmed_up_to = 0;
        self.refused_in_a_row = 0;
        self.links.iter_mut().for_each(|link| link.begin(now));
        self.destroy_session(now, old);
        self.events.push_back(Event::SessionRenewed { session_id: self.session_id });
        self.events.push_back(Event::Refetch);
    }
}

/// Whether it is worth trying to pack a query: of a long one a kibibyte from the middle tells, as file parts are long
/// and seldom get smaller.
fn worth_packing(query: &[u8]) -> bool {
    const PROBED: usize = 16 * 1024;
    let middle = query.len() / 2;
    query.len() <= PROBED || query.get(middle..middle + 1024).is_none_or(|probe| gzip::pack(probe).is_some())
}

/// A count of seconds as a duration.
fn seconds(seconds: i64) -> Monotonic {
    Monotonic::from_secs(u64::try_from(seconds).unwrap_or(0))
}
