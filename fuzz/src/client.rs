//! The client's session: any order of packets, queries, connections and time, and packets of any bytes.

use std::collections::BTreeSet;

use bytes::{Bytes, BytesMut};
use rand::SeedableRng;
use rand::rngs::StdRng;
use zaun_crypto::auth_key::AuthKey;
use zaun_mtproto::UnixTime;
use zaun_mtproto::client::{
    Carrier, Event, HttpWait, MAX_QUERIES, Monotonic, Profile, QueryId, Session, Start,
};
use zaun_mtproto::packet::{Header, Opened};
use zaun_mtproto::session::{ConnId, rpc_result_prefix};
use zaun_tl::{Encode, Reader};
use zaun_wire::types;

use crate::{Cursor, chunk};

const START: UnixTime = UnixTime::from_secs(1_800_000_000);
/// Identifiers of messages: 2²⁴ make about four milliseconds, so that small numbers stay in their window.
const ID_STEP: i64 = 1 << 24;
/// Identifiers that were sent and can be answered.
const MAX_SENT: usize = 64;

struct World {
    session: Session,
    rng: StdRng,
    now: Monotonic,
    waiting: BTreeSet<QueryId>,
    sent: Vec<i64>,
    last_server_id: i64,
}

/// A list of steps; see [`World::step`].
pub fn run(data: &[u8]) {
    let mut input = Cursor(data);
    let start = Start { session_id: 1, salt: 2, server_time: START };
    let mut world = World {
        session: Session::new(AuthKey::new([7; 256]), &start, Profile::STANDARD, Monotonic::ZERO),
        rng: StdRng::seed_from_u64(1),
        now: Monotonic::ZERO,
        waiting: BTreeSet::new(),
        sent: Vec::new(),
        last_server_id: 0,
    };
    world.session.attach(world.now, ConnId(0), Carrier::Stream);
    while !input.is_empty() {
        world.step(&mut input);
        world.listen();
    }
    (0..4).for_each(|conn| world.transmit(ConnId(conn)));
    world.listen();
}

impl World {
    fn step(&mut self, input: &mut Cursor<'_>) {
        let op = input.byte();
        let conn = ConnId(u64::from(op >> 6));
        match op % 8 {
            0 | 1 => {
                let number = input.short();
                let msg_id = zaun_mtproto::msg_id::from_time(START) + (i64::from(number) - 512) * ID_STEP + 1;
                let seqno = i32::from(input.byte());
                self.packet(conn, msg_id, seqno, Bytes::copy_from_slice(input.chunk()));
            }
            2 | 3 => self.reply(conn, op, input),
            4 => self.transmit(conn),
            5 => self.query(op, input),
            6 if op & 8 == 0 => {
                let carrier = if op & 16 == 0 { Carrier::Stream } else { Carrier::Http(HttpWait::USUAL) };
                self.session.attach(self.now, conn, carrier);
            }
            6 if op & 16 == 0 => self.session.detach(self.now, conn),
            6 => self.session.destroy_session(self.now, i64::from(input.byte())),
            _ if op & 8 == 0 => self.now += Monotonic::from_millis(u64::from(input.short())),
            _ => _ = self.session.receive(self.now, conn, BytesMut::from(input.chunk())),
        }
    }

    /// A query, one after another, or the end of one.
    fn query(&mut self, op: u8, input: &mut Cursor<'_>) {
        let some = self.waiting.iter().nth(usize::from(op >> 5)).copied();
        match (op >> 3 & 3, some) {
            (3, Some(query)) => {
                assert!(self.session.cancel(query), "it waits");
                self.waiting.remove(&query);
            }
            (2, Some(query)) => {
                self.waiting.extend(self.session.submit_after(call(input), query).ok());
            }
            _ => {
                self.waiting.extend(self.session.submit(call(input)).ok());
            }
        }
    }

    /// Something about a message that was sent, under an identifier that rises.
    fn reply(&mut self, conn: ConnId, op: u8, input: &mut Cursor<'_>) {
        let Some(about) = self.sent.iter().rev().nth(usize::from(input.byte()) % MAX_SENT).copied() else {
            return;
        };
        let bytes = |value: &dyn Encode| zaun_tl::to_bytes(value, 0).expect("it has a form");
        let code = i32::from(input.byte());
        let body = match op >> 3 & 7 {
            0 | 1 => [&rpc_result_prefix(about), input.chunk()].concat(),
            2 => bytes(&types::MsgsAck { msg_ids: vec![about] }),
            3 | 4 => {
                bytes(&types::BadMsgNotification { bad_msg_id: about, bad_msg_seqno: 0, error_code: code })
            }
            5 => {
                let (bad_msg_id, new_server_salt) = (about, i64::from(code));
                bytes(&types::BadServerSalt { bad_msg_id, bad_msg_seqno: 0, error_code: 48, new_server_salt })
            }
            6 => {
                let info = Bytes::from(vec![u8::try_from(code).unwrap_or(1)]);
                bytes(&types::MsgsStateInfo { req_msg_id: about, info })
            }
            _ => {
                let (first_msg_id, unique_id) = (about, i64::from(code));
                bytes(&types::NewSessionCreated { first_msg_id, unique_id, server_salt: 3 })
            }
        };
        let time = zaun_mtproto::msg_id::from_time(self.session.server_time(self.now)) | 1;
        self.last_server_id = time.max(self.last_server_id + 4);
        self.packet(conn, self.last_server_id, 1, body.into());
    }

    /// A packet that was opened: authentic, whatever it says.
    fn packet(&mut self, conn: ConnId, msg_id: i64, seqno: i32, body: Bytes) {
        let header = Header { salt: 2, session_id: self.session.session_id(), msg_id, seqno };
        let opened = Opened { header, body, quick_ack_token: 0 };
        let _ = self.session.receive_opened(self.now, conn, &opened);
    }

    fn transmit(&mut self, conn: ConnId) {
        while let Some(packet) = self.session.transmit(self.now, conn, &mut self.rng) {
            assert_eq!(packet.header.msg_id & 3, 0, "M-205");
            self.sent.push(packet.header.msg_id);
            let mut reader = Reader::new(packet.body);
            if reader.peek_u32() == Some(0x73f1_f8dc) {
                self.contained(&mut reader, &packet.header).expect("M-259");
            }
            let surplus = self.sent.len().saturating_sub(MAX_SENT);
            self.sent.drain(..surplus);
        }
    }

    fn contained(&mut self, reader: &mut Reader, outer: &Header) -> Result<(), zaun_tl::DecodeError> {
        reader.take_u32()?;
        let count = reader.take_i32()?;
        assert!(count <= 1024, "M-260");
        for _ in 0..count {
            let msg_id = reader.take_i64()?;
            assert!(msg_id < outer.msg_id && msg_id & 3 == 0, "M-217");
            reader.take_i32()?;
            let len = reader.take_i32()?;
            reader.take_raw(usize::try_from(len).expect("M-259"))?;
            self.sent.push(msg_id);
        }
        reader.finish()
    }

    /// Every query ends at most once, and what waits is what was asked and has not ended.
    fn listen(&mut self) {
        while let Some(event) = self.session.next_event() {
            if let Event::Answer { query, .. } | Event::Failed { query, .. } = event {
                assert!(self.waiting.remove(&query), "M-297: it had ended");
            }
        }
        assert_eq!(self.session.waiting(), self.waiting.len());
        assert!(self.waiting.len() <= MAX_QUERIES);
        assert!(self.session.connections().count() <= 4);
    }
}

/// A serialized call: anything but what could be taken for a container of ours.
fn call(input: &mut Cursor<'_>) -> Bytes {
    let mut body = input.chunk().to_vec();
    if zaun_mtproto::container::is_container(&body) {
        body[0] ^= 1;
    }
    body.into()
}

/// A query and every kind of thing that a server can say about it.
pub fn seeds() -> Vec<Vec<u8>> {
    let query = [&[5][..], &chunk(&[0x11, 0x22, 0x33, 0x44, 1, 2, 3, 4])].concat();
    let said = |op: u8, code: u8, rest: &[u8]| [&[2 | op << 3, 0, code], rest].concat();
    let answer = said(0, 0, &chunk(&[9; 8]));
    let code = |code: u8| said(3, code, &[]);
    let wait = |ms: u16| [&[7][..], &ms.to_le_bytes()].concat();
    let reconnect = vec![6 | 8, 6, 4];
    let pushed = [&[0, 0, 2, 1][..], &chunk(&[8; 12])].concat();
    let mut seeds = vec![
        [&query[..], &[4], &answer, &answer].concat(),
        [&query[..], &[4], &reconnect, &answer, &pushed, &wait(6000), &[4]].concat(),
        [&query[..], &query, &[5 | 2 << 3], &chunk(&[7; 8]), &[4], &answer, &[4]].concat(),
        [&query[..], &[4], &wait(11_000), &[4], &said(6, 1, &[]), &[4], &said(6, 4, &[])].concat(),
        [&query[..], &[4], &said(7, 1, &[]), &[4], &said(2, 0, &[]), &[5 | 3 << 3, 4]].concat(),
        [&[7 | 8][..], &chunk(&[3; 120]), &query, &[4], &said(5, 7, &[]), &[4]].concat(),
        [&[6 | 16][..], &query, &[4], &answer, &[4, 6 | 8 | 16, 9, 4]].concat(),
    ];
    let codes = [16, 17, 18, 19, 20, 32, 33, 34, 35, 48, 64, 99];
    seeds.extend(
        codes.map(|number| [&query[..], &[4], &code(number), &[4], &answer, &code(number), &[4]].concat()),
    );
    seeds
}
