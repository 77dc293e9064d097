//! Sessions, pings, and the end of connections (M-188 … M-202, M-306 … M-308).

use std::time::{Duration, Instant};

use zaun_probe::{Message, Received};
use zaun_wire::{enums, functions, types};

use super::check::{Check, Finding, Trouble, expect};
use super::patient::{Patient, Talk};

/// The delay asked of ping_delay_disconnect, in seconds.
const DELAY: i32 = 1;

/// The checks of this topic.
pub fn checks() -> Vec<Check> {
    vec![
        Check::keyed(
            "M-192 M-193",
            "a new session is announced",
            "new_session_created with the first msg_id",
            announced,
        ),
        Check::keyed("M-197", "and announced once", "one new_session_created", once),
        Check::keyed(
            "M-201",
            "an unknown session cannot be destroyed",
            "destroy_session_none",
            destroy_unknown,
        ),
        Check::keyed(
            "M-201",
            "another session of the key can be destroyed",
            "destroy_session_ok",
            destroy_other,
        ),
        Check::keyed("M-202", "the own session cannot be destroyed", "destroy_session_none", destroy_own),
        Check::keyed("M-306", "a ping is answered bare, with its ping_id", "pong", pinged),
        Check::keyed(
            "M-307",
            "ping_delay_disconnect closes after its delay",
            "pong, then the end after 1 s",
            closes,
        ),
        Check::keyed("M-308", "and the session outlives it", "no second new_session_created", outlives),
        Check::keyed("M-034", "one connection carries two sessions", "a pong in each", two_sessions),
    ]
}

fn created(message: &Message) -> Option<types::NewSessionCreated> {
    message.decode()
}

async fn announced(patient: Patient) -> Finding {
    let mut talk = patient.stranger().await?;
    let first = talk.0.send(&functions::Ping { ping_id: 1 }).await?;
    let told = talk.0.wait_for(created).await?;
    expect(told.first_msg_id == first, "another first_msg_id")
}

async fn once(patient: Patient) -> Finding {
    let mut talk = patient.stranger().await?;
    for _ in 0..3 {
        talk.ping().await?;
    }
    let count = talk.0.inbox.iter().filter(|m| created(m).is_some()).count();
    expect(count == 1, format!("{count} of them"))
}

async fn destroy(talk: &mut Talk, session_id: i64) -> Result<enums::DestroySessionRes, Trouble> {
    talk.0.send(&functions::DestroySession { session_id }).await?;
    let told = talk.0.wait_for(|m| match m.decode::<enums::DestroySessionRes>() {
        Some(told) => Some(Ok(told)),
        None => m.rpc_result().map(|_| Err(Trouble::Seen("an rpc_result (M-300)".into()))),
    });
    told.await?
}

async fn destroy_unknown(patient: Patient) -> Finding {
    let told = destroy(&mut patient.talk().await?, 77).await?;
    expect(matches!(told, enums::DestroySessionRes::DestroySessionNone(_)), format!("{told:?}"))
}

async fn destroy_other(patient: Patient) -> Finding {
    let (mut talk, other) = (patient.talk().await?, patient.talk().await?);
    let told = destroy(&mut talk, other.0.session.session_id).await?;
    expect(matches!(told, enums::DestroySessionRes::DestroySessionOk(_)), format!("{told:?}"))
}

async fn destroy_own(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let own = talk.0.session.session_id;
    let told = destroy(&mut talk, own).await?;
    expect(matches!(told, enums::DestroySessionRes::DestroySessionNone(_)), format!("{told:?}"))
}

async fn pinged(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let query = talk.0.send(&functions::Ping { ping_id: -99 }).await?;
    let pong = talk.0.wait_for(|m| match m.decode::<types::Pong>() {
        Some(pong) => Some(Ok(pong)),
        None => m.rpc_result().map(|_| Err(Trouble::Seen("an rpc_result (M-300)".into()))),
    });
    let pong = pong.await??;
    expect((pong.msg_id, pong.ping_id) == (query, -99), format!("{pong:?}"))
}

/// Lets ping_delay_disconnect end the connection; how long it took after the pong.
async fn disconnected(talk: &mut Talk) -> Result<Duration, Trouble> {
    let query = talk.0.send(&functions::PingDelayDisconnect { ping_id: 4, disconnect_delay: DELAY }).await?;
    talk.pong(query).await?;
    let began = Instant::now();
    loop {
        match talk.0.client.receive().await? {
            Received::Closed => return Ok(began.elapsed()),
            Received::Error(code) => return Err(Trouble::Seen(format!("transport error {code}"))),
            Received::Payload(_) | Received::QuickAck(_) => {}
        }
    }
}

async fn closes(patient: Patient) -> Finding {
    let took = disconnected(&mut patient.talk().await?).await?;
    expect(
        took > Duration::from_millis(500) && took < Duration::from_secs(4),
        format!("the end after {took:.1?}"),
    )
}

async fn outlives(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let seen: Vec<i64> = talk.0.inbox.iter().map(|m| m.msg_id).collect();
    talk.0.send_even(&types::MsgsAck { msg_ids: seen }).await?;
    disconnected(&mut talk).await?;
    let mut next = patient.resume(talk.0.session.clone()).await?;
    next.ping().await?;
    expect(next.0.inbox.iter().all(|m| created(m).is_none()), "the session was created anew")
}

async fn two_sessions(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    talk.0.session = patient.session().await?;
    talk.0.inbox.clear();
    talk.ping().await
}
