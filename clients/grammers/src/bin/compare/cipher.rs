//! AES-256-IGE, and whole packets.

use bytes::BytesMut;
use grammers_crypto::{DequeBuffer, aes, decrypt_data_v2, encrypt_data_v2};
use grammers_mtproto::mtp::{Encrypted, Mtp};
use rand::Rng;
use zaun_crypto::auth_key::AuthKey;
use zaun_crypto::ige;
use zaun_crypto::ige::batch::Job;
use zaun_crypto::kdf::{IgeKey, Side};
use zaun_mtproto::UnixTime;
use zaun_mtproto::client::{Carrier, Monotonic, Profile, Session, Start};
use zaun_mtproto::packet::{self, Header, Incoming, Outgoing};
use zaun_mtproto::session::ConnId;

use crate::table::{Pair, beside, rates};

/// Messages of a batch.
const BATCH: usize = 32;
const KEY: [u8; 32] = [3; 32];
const IV: [u8; 32] = [5; 32];
/// The same to both: an authorization key.
const SECRET: [u8; 256] = [9; 256];
const HEADER: Header = Header { salt: 1, session_id: 2, msg_id: 4, seqno: 1 };
/// Queries that a session takes before the next one begins: a server that never answers would hold it up.
const QUERIES: u32 = 256;
/// What `encrypt_data_v2` puts in front: the key's identifier and the `msg_key`.
const FRONT: usize = 24;

/// The cipher alone.
pub fn run() {
    for size in [256, 1024, 16 * 1024, 512 * 1024] {
        let megabytes = size as f64 / 1e6;
        let (mut own, mut foreign) = (vec![7u8; size], vec![7u8; size]);
        let encrypted = beside(
            || assert!(ige::encrypt(&mut own, &KEY, &IV).is_ok()),
            || aes::ige_encrypt(&mut foreign, &KEY, &IV),
        );
        rates(&format!("IGE encrypt, {size} B"), encrypted.times(megabytes), "MB/s");
        let decrypted = beside(
            || assert!(ige::decrypt(&mut own, &KEY, &IV).is_ok()),
            || aes::ige_decrypt(&mut foreign, &KEY, &IV),
        );
        rates(&format!("IGE decrypt, {size} B"), decrypted.times(megabytes), "MB/s");
        batches(size);
    }
}

/// Many messages: ours together, theirs one after the other.
fn batches(size: usize) {
    let megabytes = (BATCH * size) as f64 / 1e6;
    let (mut own, mut foreign) = (vec![vec![7u8; size]; BATCH], vec![vec![7u8; size]; BATCH]);
    let key = || IgeKey { key: KEY, iv: IV };
    let encrypted = beside(
        || ige::batch::encrypt(own.iter_mut().filter_map(|data| Job::new(data, key()).ok())),
        || foreign.iter_mut().for_each(|data| aes::ige_encrypt(data, &KEY, &IV)),
    );
    rates(&format!("IGE encrypt, {BATCH} × {size} B, ours together"), encrypted.times(megabytes), "MB/s");
    let decrypted = beside(
        || ige::batch::decrypt(own.iter_mut().filter_map(|data| Job::new(data, key()).ok())),
        || foreign.iter_mut().for_each(|data| aes::ige_decrypt(data, &KEY, &IV)),
    );
    rates(&format!("IGE decrypt, {BATCH} × {size} B, ours together"), decrypted.times(megabytes), "MB/s");
}

/// Whole packets: header, random padding, `msg_key`, key derivation, cipher.
pub fn packets() {
    for size in [128, 1024] {
        let mut body = vec![0u8; size];
        rand::rng().fill_bytes(&mut body);
        rates(&format!("seal, body of {size} B"), seal(&body).times(1e-3), "thousand/s");
        rates(&format!("open, body of {size} B"), open(&body).times(1e-3), "thousand/s");
        let many = seal_many(&body).times(BATCH as f64 / 1e3);
        rates(&format!("seal, body of {size} B, ours {BATCH} together"), many, "thousand/s");
        let many = open_many(&body).times(BATCH as f64 / 1e3);
        rates(&format!("open, body of {size} B, ours {BATCH} together"), many, "thousand/s");
        rates(
            &format!("a query into a packet, {size} B, ours remembered"),
            engine(&body).times(1e-3),
            "thousand/s",
        );
    }
}

/// Writes and encrypts one packet as grammers does it; `buffer` is used again and again.
fn sealed_by_grammers(buffer: &mut DequeBuffer<u8>, key: &grammers_crypto::AuthKey, body: &[u8]) {
    buffer.clear();
    for word in [HEADER.salt, HEADER.session_id, HEADER.msg_id] {
        buffer.extend(&word.to_le_bytes());
    }
    buffer.extend(&HEADER.seqno.to_le_bytes());
    buffer.extend(&(body.len() as i32).to_le_bytes());
    buffer.extend(body);
    encrypt_data_v2(buffer, key);
}

fn seal(body: &[u8]) -> Pair {
    let (key, mut rng, mut out) = (AuthKey::new(SECRET), rand::rng(), BytesMut::new());
    let their_key = grammers_crypto::AuthKey::from_bytes(SECRET);
    let mut buffer = DequeBuffer::with_capacity(body.len() + 96, FRONT);
    beside(
        || {
            out.clear();
            packet::seal(&key, Side::Client, &HEADER, body, &mut rng, &mut out);
        },
        || sealed_by_grammers(&mut buffer, &their_key, body),
    )
}

fn seal_many(body: &[u8]) -> Pair {
    let (key, mut rng, mut out) = (AuthKey::new(SECRET), rand::rng(), BytesMut::new());
    let their_key = grammers_crypto::AuthKey::from_bytes(SECRET);
    let messages = [Outgoing { key: &key, from: Side::Client, header: HEADER, body }; BATCH];
    let mut buffer = DequeBuffer::with_capacity(body.len() + 96, FRONT);
    beside(
        || {
            out.clear();
            packet::seal_many(&messages, &mut rng, &mut out);
        },
        || (0..BATCH).for_each(|_| sealed_by_grammers(&mut buffer, &their_key, body)),
    )
}

/// A packet of the server.
fn from_server(key: &AuthKey, body: &[u8]) -> BytesMut {
    let mut packet = BytesMut::new();
    packet::seal(key, Side::Server, &HEADER, body, &mut rand::rng(), &mut packet);
    packet
}

/// Both open in place, so both need a fresh copy each time, in a buffer that is used again.
fn open(body: &[u8]) -> Pair {
    let key = AuthKey::new(SECRET);
    let their_key = grammers_crypto::AuthKey::from_bytes(SECRET);
    let packet = from_server(&key, body);
    let (mut received, mut buffer) = (BytesMut::new(), Vec::new());
    beside(
        || {
            received.extend_from_slice(&packet);
            assert!(packet::open(&key, Side::Server, received.split()).is_ok());
        },
        || opened_by_grammers(&mut buffer, &their_key, &packet),
    )
}

fn opened_by_grammers(buffer: &mut Vec<u8>, key: &grammers_crypto::AuthKey, packet: &[u8]) {
    buffer.clear();
    buffer.extend_from_slice(packet);
    assert!(decrypt_data_v2(buffer, key).is_ok());
}

fn open_many(body: &[u8]) -> Pair {
    let key = AuthKey::new(SECRET);
    let their_key = grammers_crypto::AuthKey::from_bytes(SECRET);
    let packet = from_server(&key, body);
    let (mut received, mut buffer, mut results) = (BytesMut::new(), Vec::new(), Vec::new());
    beside(
        || {
            results.clear();
            let batch = (0..BATCH).map(|_| {
                received.extend_from_slice(&packet);
                Incoming { key: &key, from: Side::Server, packet: received.split() }
            });
            packet::open_many(batch, &mut results);
            assert!(results.iter().all(Result::is_ok));
        },
        || (0..BATCH).for_each(|_| opened_by_grammers(&mut buffer, &their_key, &packet)),
    )
}

/// The engines: a query is given an identifier and a number and becomes a packet. Ours also keeps it until its answer,
/// which grammers does elsewhere. Both try to pack what is long enough.
fn engine(body: &[u8]) -> Pair {
    let (query, mut rng, mut out) = (bytes::Bytes::copy_from_slice(body), rand::rng(), BytesMut::new());
    let (conn, mut session, mut asked) = (ConnId(1), begun(), 0);
    let mut theirs = Encrypted::build().finish(SECRET);
    let mut buffer = DequeBuffer::with_capacity(body.len() + 96, 128);
    beside(
        || {
            asked += 1;
            if asked % QUERIES == 0 {
                session = begun();
            }
            assert!(session.submit(query.clone()).is_ok());
            out.clear();
            while let Some(packet) = session.transmit(Monotonic::ZERO, conn, &mut rng) {
                session.seal(&packet, &mut rng, &mut out);
            }
        },
        || {
            buffer.clear();
            assert!(theirs.push(&mut buffer, body).is_some());
            assert!(theirs.finalize(&mut buffer).is_some());
        },
    )
}

fn begun() -> Session {
    let start = Start { session_id: 7, salt: 1, server_time: UnixTime::from_secs(1_800_000_000) };
    let mut session = Session::new(AuthKey::new(SECRET), &start, Profile::STANDARD, Monotonic::ZERO);
    session.attach(Monotonic::ZERO, ConnId(1), Carrier::Stream);
    session
}
