//! Identifiers and sequence numbers (M-205 … M-242).

use zaun_mtproto::packet::Header;
use zaun_probe::{Message, container, object};
use zaun_wire::{functions, types};

use super::check::{Check, Finding, Trouble, expect};
use super::patient::Patient;

/// The checks of this topic.
pub fn checks() -> Vec<Check> {
    vec![
        Check::keyed("M-205", "a msg_id that is not divisible by four", "code 18", |p| {
            refused(p, 18, |h| Header { msg_id: h.msg_id | 1, ..h })
        }),
        Check::keyed("M-209", "a msg_id older than five minutes", "code 16", |p| {
            refused(p, 16, |h| Header { msg_id: h.msg_id - (400 << 32), ..h })
        }),
        Check::keyed("M-209", "a msg_id far in the future", "code 17", |p| {
            refused(p, 17, |h| Header { msg_id: h.msg_id + (90 << 32), ..h })
        }),
        Check::keyed("M-246", "a wrong salt", "code 48", |p| {
            refused(p, 48, |h| Header { salt: !h.salt, ..h })
        }),
        Check::keyed("M-222", "a query with an even seqno", "code 35", even_query),
        Check::keyed("M-223", "a container with an odd seqno", "code 34", odd_container),
        Check::keyed("M-225", "a ping with an even seqno is taken", "pong", even_ping),
        Check::keyed("M-227", "a seqno below that of an older message", "code 32", low_seqno),
        Check::keyed("M-227", "a seqno above that of a newer message", "code 33", high_seqno),
        Check::keyed(
            "M-206",
            "the server's msg_ids are odd, those of answers 1 modulo 4",
            "1 and 3",
            residues,
        ),
        Check::keyed("M-207", "the server's msg_ids rise", "each above the one before", rising),
        Check::keyed("M-208", "the server's msg_ids carry its time", "within 15 s of the query's", timely),
        Check::keyed("M-237", "after a refusal the session goes on", "pong", goes_on),
    ]
}

fn ping() -> bytes::Bytes {
    object(&functions::Ping { ping_id: 1 })
}

async fn refused(patient: Patient, code: i32, change: impl Fn(Header) -> Header) -> Finding {
    let mut talk = patient.talk().await?;
    let header = change(talk.stamp(true));
    talk.bad(&header, &ping(), code).await
}

async fn even_query(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let header = talk.stamp(false);
    talk.bad(&header, &super::patient::UNKNOWN_METHOD.to_le_bytes(), 35).await
}

async fn odd_container(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let inner = talk.stamp(true);
    let header = talk.stamp(true);
    let body = container(&[Message::new(inner.msg_id, inner.seqno, ping())]);
    talk.bad(&header, &body, 34).await
}

async fn even_ping(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let header = talk.stamp(false);
    talk.0.send_as(&header, &ping()).await?;
    talk.pong(header.msg_id).await
}

async fn low_seqno(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    talk.0.session.content_sent += 10;
    talk.ping().await?;
    talk.0.session.content_sent -= 6;
    let header = talk.stamp(true);
    talk.bad(&header, &ping(), 32).await
}

async fn high_seqno(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let early = talk.stamp(true);
    talk.ping().await?;
    let header = Header { seqno: early.seqno + 40, ..early };
    talk.bad(&header, &ping(), 33).await
}

async fn residues(patient: Patient) -> Finding {
    let mut talk = patient.stranger().await?;
    let query = talk.0.send(&functions::Ping { ping_id: 3 }).await?;
    let (mut answer, mut other) = (None, None);
    while answer.is_none() {
        let message = talk.0.receive().await?;
        let residue = message.msg_id & 3;
        if message.decode::<types::Pong>().is_some_and(|pong| pong.msg_id == query) {
            answer = Some(residue);
        } else {
            other = Some(residue);
        }
    }
    expect(answer == Some(1) && other.is_none_or(|r| r == 3), format!("answer {answer:?}, other {other:?}"))
}

/// Msg_ids of a few pongs, each behind the one of its ping.
async fn pongs(patient: Patient) -> Result<Vec<(i64, i64)>, Trouble> {
    let mut talk = patient.talk().await?;
    let mut seen = Vec::new();
    for ping_id in 0..5 {
        let query = talk.0.send(&functions::Ping { ping_id }).await?;
        let is_pong = |m: &Message| m.decode::<types::Pong>().filter(|p| p.msg_id == query).map(|_| m.msg_id);
        seen.push((query, talk.0.wait_for(is_pong).await?));
    }
    Ok(seen)
}

async fn rising(patient: Patient) -> Finding {
    let seen = pongs(patient).await?;
    let rises = seen.iter().zip(seen.iter().skip(1)).all(|(one, two)| one.1 < two.1);
    expect(rises, format!("{seen:?}"))
}

async fn timely(patient: Patient) -> Finding {
    let seen = pongs(patient).await?;
    let worst = seen.iter().map(|(query, answer)| ((answer >> 32) - (query >> 32)).abs()).max().unwrap_or(0);
    expect(worst < 15, format!("{worst} s apart"))
}

async fn goes_on(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let header = talk.stamp(true);
    talk.bad(&Header { msg_id: header.msg_id | 2, ..header }, &ping(), 18).await?;
    talk.ping().await
}
