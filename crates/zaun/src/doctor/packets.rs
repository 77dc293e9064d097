//! Encrypted packets with right keys and wrong lengths (M-171 … M-181), and quick acknowledgements that are not due.

use bytes::{BufMut, BytesMut};
use zaun_crypto::{Side, kdf};
use zaun_probe::{Message, Received, container, object};
use zaun_wire::functions;

use super::check::{Check, Finding, Trouble, expect};
use super::patient::{Patient, Talk, refused};

const TURNED_AWAY: &str = "transport error -404, or the end of the connection";

/// One more than a container may hold (M-260).
const TOO_MANY: usize = 1025;

/// The checks of this topic.
pub fn checks() -> Vec<Check> {
    vec![
        Check::keyed("M-178", "a packet with 4 bytes of padding", TURNED_AWAY, |p| padded(p, 4, 0)),
        Check::keyed("M-178", "a packet with 1028 bytes of padding", TURNED_AWAY, |p| padded(p, 1028, 0)),
        Check::keyed("M-177", "a length beyond the packet", TURNED_AWAY, |p| padded(p, 20, 4096)),
        Check::keyed("M-171", "a ciphertext of broken blocks", TURNED_AWAY, broken_blocks),
        Check::keyed("M-180", "the session outlives a packet that was turned away", "pong", outlives),
        Check::keyed(
            "M-046",
            "a refused packet that asks for a quick acknowledgement",
            "the notification only",
            unacknowledged,
        ),
        Check::keyed("M-260", "a container of 1025 messages", "transport error -429", crowded),
        Check::keyed(
            "M-237",
            "a refused container is refused as a whole",
            "no pong for the ping in it",
            no_effect,
        ),
    ]
}

/// A packet with so much padding whose length field says so much too much; everything else is right.
async fn padded(patient: Patient, padding: usize, beyond: u32) -> Finding {
    let mut talk = patient.talk().await?;
    let header = talk.stamp(true);
    let body = object(&functions::Ping { ping_id: 5 });
    let mut plain = BytesMut::new();
    plain.put_i64_le(header.salt);
    plain.put_i64_le(header.session_id);
    plain.put_i64_le(header.msg_id);
    plain.put_i32_le(header.seqno);
    // Constructor and ping_id.
    plain.put_u32_le(12 + beyond);
    plain.put_slice(&body);
    plain.put_bytes(0x5a, padding);
    let key = &talk.0.session.key;
    let msg_key = kdf::msg_key_v2(key, Side::Client, &plain);
    let sealed = kdf::v2(key, &msg_key, Side::Client).encrypt(&mut plain);
    sealed.map_err(|_| Trouble::NotTried("our own packet has no whole blocks".into()))?;
    let mut packet = BytesMut::new();
    packet.put_i64_le(key.id());
    packet.put_slice(&msg_key);
    packet.put_slice(&plain);
    turned_away(&mut talk, &packet).await
}

async fn turned_away(talk: &mut Talk, packet: &[u8]) -> Finding {
    talk.0.client.send(packet).await?;
    match talk.0.client.receive().await? {
        Received::Closed | Received::Error(-404) => Ok(()),
        Received::Payload(_) => Err(Trouble::Seen("an encrypted answer".into())),
        other => Err(Trouble::Seen(format!("{other:?}"))),
    }
}

/// A correct ping.
fn ping(talk: &mut Talk) -> BytesMut {
    let header = talk.stamp(true);
    talk.0.session.seal(&header, &object(&functions::Ping { ping_id: 6 }))
}

async fn broken_blocks(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let mut packet = ping(&mut talk);
    packet.truncate(packet.len() - 4);
    turned_away(&mut talk, &packet).await
}

async fn outlives(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let mut packet = ping(&mut talk);
    packet.truncate(packet.len() - 16);
    turned_away(&mut talk, &packet).await?;
    patient.resume(talk.0.session).await?.ping().await
}

async fn unacknowledged(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    talk.0.session.salt = !talk.0.session.salt;
    let packet = ping(&mut talk);
    talk.0.client.send_for_quick_ack(&packet).await?;
    match talk.0.client.receive().await? {
        Received::Payload(_) => Ok(()),
        other => Err(Trouble::Seen(format!("{other:?}"))),
    }
}

async fn crowded(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let body = object(&functions::Ping { ping_id: 8 });
    let mut inside = Vec::new();
    for _ in 0..TOO_MANY {
        let header = talk.stamp(true);
        inside.push(Message::new(header.msg_id, header.seqno, body.clone()));
    }
    talk.0.send_body(false, &container(&inside)).await?;
    refused(&mut talk.0.client, -429).await
}

/// A ping beside a query with an even seqno (M-222), for which the container is refused (M-236).
async fn no_effect(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let (good, bad) = (talk.stamp(true), talk.stamp(false));
    let unknown = super::patient::UNKNOWN_METHOD.to_le_bytes().to_vec();
    let inside = [
        Message::new(good.msg_id, good.seqno, object(&functions::Ping { ping_id: 9 })),
        Message::new(bad.msg_id, bad.seqno, unknown),
    ];
    let header = talk.stamp(false);
    talk.bad(&header, &container(&inside), 35).await?;
    talk.ping().await?;
    let pong = |m: &Message| m.decode::<zaun_wire::types::Pong>();
    let done = talk.0.inbox.iter().filter_map(pong).any(|pong| pong.msg_id == good.msg_id);
    expect(!done, "its pong")
}
