//! Queries and what becomes of their answers (M-296 … M-305).

use zaun_wire::{enums, functions, types};

use super::check::{Check, Finding, Trouble, expect};
use super::patient::{Patient, Talk};

/// The checks of this topic.
pub fn checks() -> Vec<Check> {
    vec![
        Check::keyed("M-297", "an unknown method is answered", "rpc_error, not silence", unknown_method),
        Check::keyed(
            "M-302",
            "dropping the answer of an unknown query",
            "rpc_answer_unknown",
            dropped_unknown,
        ),
        Check::keyed(
            "M-304",
            "dropping an answer that is ready",
            "rpc_answer_dropped with its msg_id",
            dropped_ready,
        ),
        Check::keyed(
            "M-303",
            "dropping the answer of a running query",
            "rpc_answer_dropped_running",
            |_| async { Err(Trouble::NotTried("no query that every server has takes long".into())) },
        ),
        Check::keyed(
            "M-305",
            "a dropped answer does not come again",
            "no second answer on a new connection",
            not_again,
        ),
        Check::keyed(
            "M-278",
            "an answer that was not acknowledged comes on the next connection",
            "the same msg_id",
            next_connection,
        ),
        Check::keyed("M-277", "an acknowledged answer does not come again", "no second answer", acknowledged),
        Check::keyed(
            "M-281",
            "a query that is repeated on another connection is answered from memory",
            "the same answer",
            elsewhere,
        ),
    ]
}

async fn unknown_method(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let (query, _) = talk.unknown_method().await?;
    let (message, result) = talk.result(query.msg_id).await?;
    let error = zaun_tl::from_bytes::<types::RpcError>(result);
    expect(error.is_ok() && message.content_related(), "no rpc_error, or with an even seqno (M-231)")
}

async fn drop_answer(talk: &mut Talk, req_msg_id: i64) -> Result<enums::RpcDropAnswer, Trouble> {
    let query = talk.0.send(&functions::RpcDropAnswer { req_msg_id }).await?;
    let (_, result) = talk.result(query).await?;
    zaun_tl::from_bytes(result).map_err(|_| Trouble::Seen("no RpcDropAnswer".into()))
}

async fn dropped_unknown(patient: Patient) -> Finding {
    let told = drop_answer(&mut patient.talk().await?, 4).await?;
    expect(matches!(told, enums::RpcDropAnswer::RpcAnswerUnknown), format!("{told:?}"))
}

async fn dropped_ready(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let (query, _) = talk.unknown_method().await?;
    let (answer, _) = talk.result(query.msg_id).await?;
    match drop_answer(&mut talk, query.msg_id).await? {
        enums::RpcDropAnswer::RpcAnswerDropped(dropped) => {
            expect(dropped.msg_id == answer.msg_id, format!("{dropped:?}"))
        }
        other => Err(Trouble::Seen(format!("{other:?}"))),
    }
}

/// Goes on with the session on another connection; whether the answer of `query` came there before a pong, which is
/// the last thing asked.
async fn comes_again(patient: &Patient, talk: Talk, query: i64) -> Result<Option<i64>, Trouble> {
    let session = talk.0.session.clone();
    drop(talk);
    let mut next = patient.resume(session).await?;
    next.ping().await?;
    // What is sent again may follow the pong; the answer to a second ping is behind all of it.
    next.ping().await?;
    let again = |m: &zaun_probe::Message| m.rpc_result().filter(|(id, _)| *id == query).map(|_| m.msg_id);
    Ok(next.0.inbox.iter().find_map(again))
}

async fn not_again(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let (query, _) = talk.unknown_method().await?;
    talk.result(query.msg_id).await?;
    drop_answer(&mut talk, query.msg_id).await?;
    let again = comes_again(&patient, talk, query.msg_id).await?;
    expect(again.is_none(), "it came")
}

async fn next_connection(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let (query, _) = talk.unknown_method().await?;
    let (answer, _) = talk.result(query.msg_id).await?;
    let again = comes_again(&patient, talk, query.msg_id).await?;
    expect(again == Some(answer.msg_id), if again.is_some() { "another msg_id" } else { "it did not come" })
}

async fn acknowledged(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let (query, _) = talk.unknown_method().await?;
    let (answer, _) = talk.result(query.msg_id).await?;
    talk.0.send_even(&types::MsgsAck { msg_ids: vec![answer.msg_id] }).await?;
    talk.ping().await?;
    let again = comes_again(&patient, talk, query.msg_id).await?;
    expect(again.is_none(), "it came")
}

async fn elsewhere(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let (header, body) = talk.unknown_method().await?;
    let (first, _) = talk.result(header.msg_id).await?;
    let session = talk.0.session.clone();
    drop(talk);
    let mut next = patient.resume(session).await?;
    next.0.send_as(&header, &body).await?;
    let (again, _) = next.result(header.msg_id).await?;
    expect(again.msg_id == first.msg_id, "another answer")
}
