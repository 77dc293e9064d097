//! Questions about the state of messages, and requests to send them again (M-283 … M-295).

use zaun_probe::Message;
use zaun_wire::{functions, types};

use super::check::{Check, Finding, Trouble, expect};
use super::patient::{Patient, Talk};

/// The checks of this topic.
pub fn checks() -> Vec<Check> {
    vec![
        Check::keyed(
            "M-284",
            "a state request is answered bare, with its own msg_id",
            "msgs_state_info",
            answered,
        ),
        Check::keyed("M-285", "one byte for every msg_id asked", "three bytes for three", counted),
        Check::keyed("M-286", "a received message is said to be received", "4 in the low bits", received),
        Check::keyed(
            "M-286",
            "a message that never was is said not to be received",
            "2 in the low bits",
            skipped,
        ),
        Check::keyed("M-286", "a msg_id above all seen ones is too high", "3 in the low bits", too_high),
        Check::keyed("M-293", "an answer is sent again when asked for", "the same msg_id", resent),
        Check::keyed("M-294", "for an unknown message a state comes instead", "msgs_state_info", unknown),
        Check::keyed("M-274", "acknowledgements of unknown messages are ignored", "pong", unknown_acks),
    ]
}

async fn states(talk: &mut Talk, msg_ids: Vec<i64>) -> Result<(i64, types::MsgsStateInfo), Trouble> {
    let query = talk.0.send(&types::MsgsStateReq { msg_ids }).await?;
    let told = talk.0.wait_for(|m| match m.decode::<types::MsgsStateInfo>() {
        Some(info) => Some(Ok(info)),
        None => m.rpc_result().map(|_| Err(Trouble::Seen("an rpc_result".into()))),
    });
    Ok((query, told.await??))
}

async fn answered(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let (query, info) = states(&mut talk, vec![4]).await?;
    expect(info.req_msg_id == query, "another req_msg_id")
}

async fn counted(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let (_, info) = states(&mut talk, vec![4, 8, 12]).await?;
    expect(info.info.len() == 3, format!("{} bytes", info.info.len()))
}

/// The low three bits for one msg_id.
async fn state_of(talk: &mut Talk, msg_id: i64) -> Result<u8, Trouble> {
    let (_, info) = states(talk, vec![msg_id]).await?;
    info.info.first().map(|state| state & 7).ok_or_else(|| Trouble::Seen("no byte".into()))
}

async fn received(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let ping = talk.0.send(&functions::Ping { ping_id: 5 }).await?;
    talk.pong(ping).await?;
    let state = state_of(&mut talk, ping).await?;
    expect(state == 4, format!("state {state}"))
}

async fn skipped(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let never = talk.stamp(false);
    talk.ping().await?;
    let state = state_of(&mut talk, never.msg_id).await?;
    // A server that keeps only some msg_ids may have forgotten the range (1).
    expect(state == 2 || state == 1, format!("state {state}"))
}

async fn too_high(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let later = talk.stamp(false).msg_id + (10 << 32);
    let state = state_of(&mut talk, later).await?;
    expect(state == 3, format!("state {state}"))
}

async fn resent(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let (query, _) = talk.unknown_method().await?;
    let (answer, _) = talk.result(query.msg_id).await?;
    talk.0.send(&types::MsgResendReq { msg_ids: vec![answer.msg_id] }).await?;
    let again = talk.0.wait_for(|m: &Message| {
        if let Some(info) = m.decode::<types::MsgsStateInfo>() {
            return Some(Err(Trouble::Seen(format!("a state instead: {:?}", info.info))));
        }
        m.rpc_result().filter(|(id, _)| *id == query.msg_id).map(|_| Ok(m.msg_id))
    });
    let again = again.await??;
    expect(again == answer.msg_id, "another msg_id")
}

async fn unknown(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let query = talk.0.send(&types::MsgResendReq { msg_ids: vec![5, 9] }).await?;
    let info = talk.0.wait_for(|m| m.decode::<types::MsgsStateInfo>()).await?;
    expect(info.req_msg_id == query && info.info.len() == 2, format!("{} bytes", info.info.len()))
}

async fn unknown_acks(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    talk.0.send_even(&types::MsgsAck { msg_ids: vec![1, 5, i64::MAX] }).await?;
    talk.ping().await
}
