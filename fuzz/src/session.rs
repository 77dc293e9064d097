//! The server's session behind the cipher: any order of packets, answers, pushes and connections.

use std::collections::BTreeSet;

use bytes::{BufMut, Bytes};
use zaun_mtproto::UnixTime;
use zaun_mtproto::packet::Header;
use zaun_mtproto::salts::SaltSource;
use zaun_mtproto::session::{ConnId, Event, MAX_BYTES, Session, Surroundings, precheck, rpc_result_prefix};
use zaun_tl::{Encode, Reader};
use zaun_wire::{functions, types};

use crate::{Cursor, chunk};

const KEY_ID: i64 = 5;
/// `msg_container`.
const CONTAINER: u32 = 0x73f1_f8dc;
/// Identifiers of messages: 2²⁴ make about four milliseconds, so that small numbers stay in their window.
const ID_STEP: i64 = 1 << 24;
const START: UnixTime = UnixTime::from_secs(1_800_000_000);

struct World {
    session: Session,
    salts: SaltSource,
    now: UnixTime,
    /// Queries that were handed out, and those still running.
    run: BTreeSet<i64>,
    running: Vec<i64>,
    last_sent: i64,
}

/// A list of steps; see [`World::step`].
pub fn run(data: &[u8]) {
    let mut input = Cursor(data);
    let mut world = World {
        session: Session::new(1),
        salts: SaltSource::new([3; 32]),
        now: START,
        run: BTreeSet::new(),
        running: Vec::new(),
        last_sent: 0,
    };
    while !input.is_empty() {
        world.step(&mut input);
        assert!(world.session.held_bytes() <= MAX_BYTES, "M-282");
    }
    for conn in 0..4 {
        world.transmit(ConnId(conn));
    }
}

impl World {
    fn step(&mut self, input: &mut Cursor<'_>) {
        let op = input.byte();
        let conn = ConnId(u64::from(op >> 6));
        match op % 8 {
            0..=3 => self.packet(conn, input),
            4 => self.transmit(conn),
            5 => {
                if let Some(query) = self.running.pop() {
                    let mut body = rpc_result_prefix(query);
                    body.resize(12 + usize::from(input.short()), 1);
                    self.session.answer(query, conn, body.into());
                }
            }
            6 => {
                // What is pushed is an object of the API. One that looked like a container would be taken for
                // one of ours by `transmit`.
                let object = input.chunk();
                if !object.starts_with(&CONTAINER.to_le_bytes()) {
                    self.session.push((op & 8 == 0).then_some(conn), Bytes::copy_from_slice(object));
                }
            }
            _ if op & 8 == 0 => self.session.detach(conn),
            _ => self.now += UnixTime::from_millis(u64::from(input.short())),
        }
    }

    /// Identifier and seqno are small numbers, so that they meet those of other packets.
    fn packet(&mut self, conn: ConnId, input: &mut Cursor<'_>) {
        let msg_id = id(input.short());
        let current_salt = self.salts.current(KEY_ID, self.now);
        let header = Header { salt: current_salt, session_id: 1, msg_id, seqno: i32::from(input.byte()) };
        let body = Bytes::copy_from_slice(input.chunk());
        self.session.attach(conn);
        if let Err(bad) = precheck(self.now, KEY_ID, &header, &self.salts, None) {
            return self.session.refuse(conn, bad, &header, current_salt);
        }
        let around = Surroundings { salts: &self.salts, auth_key_id: KEY_ID, current_salt, unique_id: 1 };
        for event in self.session.receive(self.now, conn, &header, &body, &around) {
            match event {
                Event::Query { msg_id, .. } => {
                    assert!(self.run.insert(msg_id), "M-213: run twice");
                    self.running.push(msg_id);
                }
                Event::DestroySession { msg_id, session_id } => {
                    self.session.session_destroyed(conn, msg_id, session_id, true);
                }
                Event::DestroyAuthKey { msg_id } => self.session.auth_key_destroyed(conn, msg_id, false),
                _ => {}
            }
        }
    }

    fn transmit(&mut self, conn: ConnId) {
        while let Some(packet) = self.session.transmit(self.now, conn) {
            assert_eq!(packet.msg_id & 1, 1, "M-206");
            assert!(packet.msg_id > self.last_sent, "M-207");
            self.last_sent = packet.msg_id;
            let mut reader = Reader::new(packet.body);
            if reader.peek_u32() == Some(CONTAINER) {
                contained(&mut reader, packet.msg_id, packet.seqno).expect("M-259");
            }
        }
    }
}

fn id(number: u16) -> i64 {
    zaun_mtproto::msg_id::from_time(START) + (i64::from(number >> 2) - 64) * ID_STEP + i64::from(number & 3)
}

/// Checks a container of ours.
fn contained(reader: &mut Reader, msg_id: i64, seqno: i32) -> Result<(), zaun_tl::DecodeError> {
    reader.take_u32()?;
    for _ in 0..reader.take_i32()? {
        assert!(reader.take_i64()? < msg_id, "M-217");
        assert!(reader.take_i32()? <= seqno, "M-232");
        let len = reader.take_i32()?;
        reader.take_raw(usize::try_from(len).expect("M-259"))?;
    }
    reader.finish()
}

/// Conversations with every service message, containers, copies and gzip.
pub fn seeds() -> Vec<Vec<u8>> {
    let bytes = |value: &dyn Encode| zaun_tl::to_bytes(value, 0).expect("it has a form");
    let packet = |number: u16, seqno: u8, body: &[u8]| {
        [&[0][..], &(number * 4).to_le_bytes(), &[seqno], &chunk(body)].concat()
    };
    let query = [0x11u8, 0x22, 0x33, 0x44, 1, 2, 3, 4];
    let ping = bytes(&functions::Ping { ping_id: 1 });
    let asked = id(70 * 4);
    let inner = |number: u16, seqno: i32, body: &[u8]| {
        let mut out = Vec::new();
        out.put_i64_le(id(number * 4));
        out.put_i32_le(seqno);
        out.put_i32_le(i32::try_from(body.len()).expect("seeds are small"));
        out.put_slice(body);
        out
    };
    let container =
        [&CONTAINER.to_le_bytes()[..], &2u32.to_le_bytes(), &inner(71, 3, &query), &inner(72, 4, &ping)];
    let copy = [&0xe060_46b2u32.to_le_bytes()[..], &inner(74, 5, &query)];
    let zipped = zaun_mtproto::gzip::pack(&[0x11; 600]).expect("it pays");
    let (answer, send) = (vec![5, 200, 0], vec![4]);
    let service = |body: Vec<u8>| {
        [
            packet(70, 1, &query),
            send.clone(),
            answer.clone(),
            send.clone(),
            packet(80, 2, &body),
            send.clone(),
        ]
        .concat()
    };
    vec![
        [packet(70, 1, &query), packet(75, 4, &container.concat()), answer.clone(), send.clone()].concat(),
        [packet(70, 1, &query), packet(76, 2, &copy.concat()), packet(77, 7, &zipped), send.clone()].concat(),
        service(bytes(&types::MsgsStateReq { msg_ids: vec![asked, asked + 1] })),
        service(bytes(&types::MsgResendReq { msg_ids: vec![asked + 1] })),
        service(bytes(&types::MsgResendAnsReq { msg_ids: vec![asked] })),
        service(bytes(&functions::RpcDropAnswer { req_msg_id: asked })),
        service(bytes(&functions::GetFutureSalts { num: 3 })),
        service(bytes(&functions::PingDelayDisconnect { ping_id: 1, disconnect_delay: 60 })),
        service(bytes(&functions::DestroySession { session_id: 4 })),
        service(bytes(&functions::DestroyAuthKey {})),
        [
            packet(70, 1, &query),
            answer,
            send.clone(),
            packet(70, 1, &query),
            send,
            vec![7],
            packet(71, 2, &ping),
            vec![4],
        ]
        .concat(),
    ]
}
