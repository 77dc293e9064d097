//! A server session, a client that says what it is told to, and a clock that moves when told to.

use bytes::Bytes;
use zaun_crypto::auth_key::AuthKey;
use zaun_mtproto::UnixTime;
use zaun_mtproto::packet::Header;
use zaun_mtproto::salts::SaltSource;
use zaun_mtproto::session::{
    BadMsg, ConnId, Event, Packet, Session, Surroundings, precheck, rpc_result_prefix,
};
use zaun_probe::{Message, object, take_apart};
use zaun_tl::Encode;
use zaun_wire::types;

pub const START: UnixTime = UnixTime::from_secs(1_800_000_000);
pub const A: ConnId = ConnId(1);
pub const B: ConnId = ConnId(2);
/// A query of some API; the session knows nothing of it.
pub const QUERY: Bytes = Bytes::from_static(&[0x11, 0x22, 0x33, 0x44, 1, 2, 3, 4]);

pub struct Rig {
    pub server: Session,
    pub client: zaun_probe::Session,
    pub now: UnixTime,
    pub salts: SaltSource,
    next_unique: i64,
}

impl Rig {
    /// A client on connection A that has not said anything.
    pub fn new() -> Rig {
        let key = AuthKey::new([7; 256]);
        let salts = SaltSource::new([9; 32]);
        let salt = salts.current(key.id(), START);
        let client = zaun_probe::Session { session_id: 5, ..zaun_probe::Session::new(key, salt) };
        let mut server = Session::new(5);
        server.attach(A);
        Rig { server, client, now: START, salts, next_unique: 1 }
    }

    /// A session whose announcement is out of the way.
    pub fn begun() -> Rig {
        let mut rig = Rig::new();
        rig.send(A, &types::HttpWait { max_delay: 0, wait_after: 0, max_wait: 0 });
        rig.settle(A);
        rig
    }

    /// Time passes.
    pub fn wait(&mut self, time: UnixTime) {
        self.now += time;
    }

    /// Identifier and seqno of the client's next message; a millisecond passes.
    pub fn stamp(&mut self, content_related: bool) -> (i64, i32) {
        self.wait(UnixTime::from_millis(1));
        self.client.stamp(self.now, content_related)
    }

    pub fn message(&mut self, content_related: bool, body: impl Into<Bytes>) -> Message {
        let (msg_id, seqno) = self.stamp(content_related);
        Message::new(msg_id, seqno, body)
    }

    /// A packet as the server takes it: first the checks without a session, then the session.
    pub fn packet(&mut self, conn: ConnId, header: &Header, body: &Bytes) -> Vec<Event> {
        let key_id = self.client.key.id();
        let current_salt = self.salts.current(key_id, self.now);
        self.server.attach(conn);
        if let Err(bad) = precheck(self.now, key_id, header, &self.salts, None) {
            self.server.refuse(conn, bad, header, current_salt);
            return vec![Event::Refused(bad)];
        }
        self.next_unique += 1;
        let around = Surroundings {
            salts: &self.salts,
            auth_key_id: key_id,
            current_salt,
            unique_id: self.next_unique,
        };
        self.server.receive(self.now, conn, header, body, &around)
    }

    pub fn deliver(&mut self, conn: ConnId, message: &Message) -> Vec<Event> {
        let header = self.client.header(message.msg_id, message.seqno);
        self.packet(conn, &header, &message.body)
    }

    /// Sends a service message with an even seqno; returns its msg_id.
    pub fn send(&mut self, conn: ConnId, value: &impl Encode) -> i64 {
        let message = self.message(false, object(value));
        let events = self.deliver(conn, &message);
        assert!(!events.iter().any(|e| matches!(e, Event::Refused(_) | Event::Flood)), "{events:?}");
        message.msg_id
    }

    /// Sends a query, which is accepted and not answered yet.
    pub fn query(&mut self, conn: ConnId) -> Message {
        let message = self.message(true, QUERY);
        let events = self.deliver(conn, &message);
        assert_eq!(events, [Event::Query { msg_id: message.msg_id, body: QUERY }]);
        message
    }

    pub fn answer(&mut self, query: i64, via: ConnId, result: &[u8]) {
        let mut body = rpc_result_prefix(query);
        body.extend_from_slice(result);
        self.server.answer(query, via, body.into());
    }

    /// Everything there is to say on a connection now.
    pub fn packets(&mut self, conn: ConnId) -> Vec<Packet> {
        let (server, now) = (&mut self.server, self.now);
        std::iter::from_fn(|| server.transmit(now, conn)).collect()
    }

    /// The same as single messages.
    pub fn said(&mut self, conn: ConnId) -> Vec<Message> {
        let packets = self.packets(conn).into_iter();
        packets.flat_map(|p| take_apart(Message::new(p.msg_id, p.seqno, p.body)).unwrap()).collect()
    }

    /// The only message there is to say on a connection.
    pub fn only(&mut self, conn: ConnId) -> Message {
        let mut said = self.said(conn);
        assert_eq!(said.len(), 1, "{said:?}");
        said.remove(0)
    }

    /// The client acknowledges everything it has been told.
    pub fn settle(&mut self, conn: ConnId) {
        self.wait(zaun_mtproto::session::ACK_DELAY);
        let ids: Vec<i64> =
            self.said(conn).iter().filter(|m| m.content_related()).map(|m| m.msg_id).collect();
        if !ids.is_empty() {
            self.send(conn, &types::MsgsAck { msg_ids: ids });
        }
        assert_eq!(self.said(conn), []);
        assert_eq!(self.server.held_bytes(), 0);
    }

    /// Delivers a message that has to be refused, and returns the notification.
    pub fn refused(&mut self, message: &Message, bad: BadMsg) -> types::BadMsgNotification {
        let events = self.deliver(A, message);
        assert_eq!(events, [Event::Refused(bad)]);
        self.only(A).decode().expect("a bad_msg_notification")
    }
}

/// Unwraps an rpc_result.
pub fn result_of(message: &Message) -> (i64, Bytes) {
    message.rpc_result().expect("an rpc_result")
}
