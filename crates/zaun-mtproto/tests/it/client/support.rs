//! A client session, and a server that says what it is told to.

use bytes::{Bytes, BytesMut};
use zaun_crypto::auth_key::AuthKey;
use zaun_crypto::kdf::Side;
use zaun_mtproto::UnixTime;
use zaun_mtproto::client::{
    Carrier, Event, Monotonic, Packet, Profile, QueryId, ReceiveError, Session, Start,
};
use zaun_mtproto::packet::{self, Header};
use zaun_mtproto::session::{ConnId, rpc_result_prefix};
use zaun_mtproto::{msg_id, salts::Salt};
use zaun_probe::{Message, container, object, take_apart};
use zaun_tl::Encode;
use zaun_wire::{functions, types};

pub const A: ConnId = ConnId(1);
pub const B: ConnId = ConnId(2);
pub const SALT: i64 = 77;
/// A query of some API; the session knows nothing of it.
pub const QUERY: Bytes = Bytes::from_static(&[0x11, 0x22, 0x33, 0x44, 1, 2, 3, 4]);
pub const RESULT: Bytes = Bytes::from_static(&[0x55, 0x66, 0x77, 0x08, 1, 2, 3, 4]);
const START: UnixTime = UnixTime::from_secs(1_800_000_000);

pub struct Rig {
    pub client: Session,
    pub now: Monotonic,
    /// What the server's clock is ahead of the client's first guess.
    pub ahead_s: i64,
    last_id: i64,
}

impl Rig {
    /// A client on connection A that has not said anything.
    pub fn new() -> Rig {
        Rig::with(Carrier::Stream)
    }

    pub fn with(carrier: Carrier) -> Rig {
        let start = Start { session_id: 5, salt: SALT, server_time: START };
        let mut client = Session::new(key(), &start, Profile::STANDARD, Monotonic::ZERO);
        client.attach(Monotonic::ZERO, A, carrier);
        Rig { client, now: Monotonic::ZERO, ahead_s: 0, last_id: 0 }
    }

    /// A client whose first ping was answered and which knows its salts.
    pub fn begun() -> Rig {
        let mut rig = Rig::new();
        rig.serve(A);
        rig.events();
        rig
    }

    pub fn wait(&mut self, time: Monotonic) {
        self.now += time;
    }

    pub fn server_time(&self) -> UnixTime {
        UnixTime::from_secs((START.as_secs() + self.now.as_secs()).checked_add_signed(self.ahead_s).unwrap())
    }

    /// An identifier of the server, made now.
    pub fn server_id(&mut self) -> i64 {
        self.last_id = (msg_id::from_time(self.server_time()) | 1).max(self.last_id + 4);
        self.last_id
    }

    /// Everything there is to say on a connection now.
    pub fn packets(&mut self, conn: ConnId) -> Vec<Packet> {
        let (client, now) = (&mut self.client, self.now);
        std::iter::from_fn(|| client.transmit(now, conn, &mut rand::rng())).collect()
    }

    /// The same as single messages, without the pings and requests for salts that every session makes.
    pub fn said(&mut self, conn: ConnId) -> Vec<Message> {
        let packets = self.packets(conn).into_iter();
        let messages = packets.flat_map(|p| {
            take_apart(Message::new(p.header.msg_id, p.header.seqno, p.body)).expect("M-217, M-232, M-259")
        });
        let usual =
            [functions::PingDelayDisconnect::CONSTRUCTOR_ID, functions::GetFutureSalts::CONSTRUCTOR_ID];
        messages.filter(|message| !usual.contains(&message.constructor())).collect()
    }

    pub fn only(&mut self, conn: ConnId) -> Message {
        let mut said = self.said(conn);
        assert_eq!(said.len(), 1, "{said:?}");
        said.remove(0)
    }

    /// Answers pings and requests for salts, as every server does.
    pub fn serve(&mut self, conn: ConnId) {
        for packet in self.packets(conn) {
            let header = packet.header;
            for message in take_apart(Message::new(header.msg_id, header.seqno, packet.body)).unwrap() {
                if let Some(ping) = message.decode::<functions::PingDelayDisconnect>() {
                    self.says(conn, false, &types::Pong { msg_id: message.msg_id, ping_id: ping.ping_id });
                } else if message.decode::<functions::GetFutureSalts>().is_some() {
                    self.tells_salts(conn, message.msg_id, &[]);
                }
            }
        }
    }

    pub fn tells_salts(&mut self, conn: ConnId, req_msg_id: i64, more: &[Salt]) {
        let int = |seconds: u64| i32::try_from(seconds).unwrap();
        let begun = START.as_secs() - 900;
        let mut salts = vec![types::FutureSalt {
            valid_since: int(begun),
            valid_until: int(begun + 360_000),
            salt: SALT,
        }];
        salts.extend(more.iter().map(|s| types::FutureSalt {
            valid_since: int(s.valid_since),
            valid_until: int(s.valid_until),
            salt: s.salt,
        }));
        let now = int(self.server_time().as_secs());
        self.says(conn, false, &types::FutureSalts { req_msg_id, now, salts });
    }

    /// A sealed packet of the server.
    pub fn sealed(&self, session_id: i64, message: &Message) -> BytesMut {
        let header = Header { salt: SALT, session_id, msg_id: message.msg_id, seqno: message.seqno };
        let mut out = BytesMut::new();
        packet::seal(self.client.key(), Side::Server, &header, &message.body, &mut rand::rng(), &mut out);
        out
    }

    pub fn deliver(&mut self, conn: ConnId, message: &Message) -> Result<(), ReceiveError> {
        let packet = self.sealed(self.client.session_id(), message);
        self.client.receive(self.now, conn, packet)
    }

    pub fn message(&mut self, content_related: bool, body: impl Into<Bytes>) -> Message {
        Message::new(self.server_id(), i32::from(content_related), body)
    }

    /// The server says something that has to be accepted; returns its identifier.
    pub fn says(&mut self, conn: ConnId, content_related: bool, value: &impl Encode) -> i64 {
        let message = self.message(content_related, object(value));
        self.deliver(conn, &message).expect("accepted");
        message.msg_id
    }

    pub fn answers(&mut self, conn: ConnId, query: i64) {
        let message = self.message(true, rpc_result(query, &RESULT));
        self.deliver(conn, &message).expect("accepted");
    }

    /// The server refuses a packet. Returns what the client says after that.
    pub fn refuses(&mut self, bad_msg_id: i64, bad_msg_seqno: i32, error_code: i32) -> Vec<Message> {
        self.says(A, false, &types::BadMsgNotification { bad_msg_id, bad_msg_seqno, error_code });
        assert_eq!(self.client.next_event(), Some(Event::Refused { code: error_code }));
        self.said(A)
    }

    /// Asks a query and sends it by itself; returns its name and its message.
    pub fn query(&mut self, conn: ConnId) -> (QueryId, Message) {
        let query = self.client.submit(QUERY).unwrap();
        let message = self.said(conn).into_iter().find(|message| message.body == QUERY).expect("the query");
        assert_eq!(Some(message.msg_id), self.client.msg_id(query));
        (query, message)
    }

    pub fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.client.next_event()).collect()
    }

    /// The query is answered now, under this identifier, once and for all.
    pub fn is_answered(&mut self, query: QueryId, msg_id: i64) {
        self.answers(A, msg_id);
        assert_eq!(self.events(), [Event::Answer { query, result: Ok(RESULT) }]);
        self.answers(A, msg_id);
        assert_eq!(self.events(), [], "M-297");
    }
}

/// Every part of it differs, so that the two directions do.
pub fn key() -> AuthKey {
    AuthKey::new(std::array::from_fn(|at| u8::try_from(at).unwrap()))
}

pub fn rpc_result(query: i64, result: &[u8]) -> Bytes {
    let mut body = rpc_result_prefix(query);
    body.extend_from_slice(result);
    body.into()
}

/// A container of the server around messages.
pub fn wrapped(outer: i64, messages: &[Message]) -> Message {
    Message::new(outer, 2, container(messages))
}
