//! Server salts (M-243 … M-256).

use zaun_mtproto::packet::Header;
use zaun_probe::{Message, container, object};
use zaun_wire::{functions, types};

use super::check::{Check, Finding, Trouble, expect};
use super::patient::Patient;

/// The checks of this topic.
pub fn checks() -> Vec<Check> {
    vec![
        Check::keyed("M-249", "the salt of the correction works", "pong", adopted),
        Check::keyed(
            "M-247",
            "nothing inside a container with a wrong salt is done",
            "code 48 and no pong",
            nothing_done,
        ),
        Check::keyed("M-253", "future salts come bare and name their query", "future_salts", |p| {
            future(p, 3, named)
        }),
        Check::keyed("M-252", "several future salts come", "two or more of ten", |p| future(p, 10, several)),
        Check::keyed("M-252", "64 future salts may be asked for", "at most 64", |p| future(p, 64, bounded)),
        Check::keyed(
            "M-255",
            "the first future salt is valid now",
            "valid_since <= now < valid_until",
            |p| future(p, 3, current),
        ),
        Check::keyed("M-255", "future salts overlap and follow each other", "half an hour in common", |p| {
            future(p, 10, overlapping)
        }),
    ]
}

async fn adopted(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let header = talk.stamp(true);
    let wrong = Header { salt: !header.salt, ..header };
    talk.0.send_as(&wrong, &object(&functions::Ping { ping_id: 1 })).await?;
    let told = talk.0.wait_for(|m| m.decode::<types::BadServerSalt>()).await?;
    talk.0.session.salt = told.new_server_salt;
    talk.ping().await
}

async fn nothing_done(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let inside = talk.stamp(true);
    let body =
        container(&[Message::new(inside.msg_id, inside.seqno, object(&functions::Ping { ping_id: 2 }))]);
    let header = talk.stamp(false);
    talk.bad(&Header { salt: !header.salt, ..header }, &body, 48).await?;
    talk.ping().await?;
    let done =
        talk.0.inbox.iter().any(|m| m.decode::<types::Pong>().is_some_and(|p| p.msg_id == inside.msg_id));
    expect(!done, "a pong")
}

async fn future(patient: Patient, num: i32, judge: fn(&types::FutureSalts, i64) -> Finding) -> Finding {
    let mut talk = patient.talk().await?;
    let query = talk.0.send(&functions::GetFutureSalts { num }).await?;
    let told = talk.0.wait_for(|m| match m.decode::<types::FutureSalts>() {
        Some(salts) => Some(Ok(salts)),
        None => m.rpc_result().map(|_| Err(Trouble::Seen("an rpc_result".into()))),
    });
    judge(&told.await??, query)
}

fn named(salts: &types::FutureSalts, query: i64) -> Finding {
    expect(salts.req_msg_id == query && !salts.salts.is_empty(), format!("{} salts", salts.salts.len()))
}

fn several(salts: &types::FutureSalts, _: i64) -> Finding {
    expect((2..=10).contains(&salts.salts.len()), format!("{} salts", salts.salts.len()))
}

fn bounded(salts: &types::FutureSalts, _: i64) -> Finding {
    expect((1..=64).contains(&salts.salts.len()), format!("{} salts", salts.salts.len()))
}

fn current(salts: &types::FutureSalts, _: i64) -> Finding {
    let first = salts.salts.first();
    let holds = first.is_some_and(|salt| salt.valid_since <= salts.now && salts.now < salt.valid_until);
    expect(holds, format!("now {}, the first from {:?}", salts.now, first.map(|salt| salt.valid_since)))
}

fn overlapping(salts: &types::FutureSalts, _: i64) -> Finding {
    let pairs = salts.salts.iter().zip(salts.salts.iter().skip(1));
    let holds = pairs
        .clone()
        .all(|(one, two)| one.valid_since < two.valid_since && two.valid_since < one.valid_until);
    let times: Vec<_> = salts.salts.iter().map(|salt| (salt.valid_since, salt.valid_until)).collect();
    expect(holds && times.len() > 1, format!("{times:?}"))
}
