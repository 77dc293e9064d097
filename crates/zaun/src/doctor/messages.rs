//! Containers, copies, gzip, repeats (M-213 … M-217, M-258 … M-273).

use bytes::Bytes;
use zaun_probe::{MSG_CONTAINER, Message, container, gzip, msg_copy, object};
use zaun_schema::LAYER;
use zaun_schema::api::functions as api;
use zaun_tl::RawObject;
use zaun_wire::{functions, types};

use super::check::{Check, Finding, Trouble, expect};
use super::patient::{Patient, Talk};

/// The checks of this topic.
pub fn checks() -> Vec<Check> {
    vec![
        Check::keyed("M-258", "every message of a container is answered", "two pongs", two_pings),
        Check::keyed("M-262", "an empty container is taken", "pong to the next ping", empty_container),
        Check::keyed("M-261", "a container inside a container", "code 64", nested),
        Check::keyed("M-217", "a message that is younger than its container", "code 64", young_inside),
        Check::keyed("M-259", "a container that says more than it holds", "code 64", short),
        Check::keyed("M-216", "a container with a msg_id that was seen", "code 19", seen_container),
        Check::keyed("M-210", "a message inside a container may be old", "pong", old_inside),
        Check::keyed("M-268", "msg_copy is unpacked", "pong to the message inside", copied),
        Check::keyed("M-269", "gzip_packed is unpacked", "rpc_error for the method inside", zipped),
        Check::keyed("M-273", "gzip_packed inside gzip_packed is refused", "rpc_error", zipped_twice),
        Check::keyed(
            "M-213 M-214",
            "a repeated query is answered from memory",
            "the same msg_id again",
            repeated,
        ),
    ]
}

fn ping(talk: &mut Talk) -> Message {
    let header = talk.stamp(true);
    Message::new(header.msg_id, header.seqno, object(&functions::Ping { ping_id: header.msg_id }))
}

async fn two_pings(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let inside = [ping(&mut talk), ping(&mut talk)];
    talk.0.send_body(false, &container(&inside)).await?;
    for message in &inside {
        talk.pong(message.msg_id).await?;
    }
    Ok(())
}

async fn empty_container(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    talk.0.send_body(false, &container(&[])).await?;
    talk.ping().await
}

async fn refused(talk: &mut Talk, body: Bytes, code: i32) -> Finding {
    let header = talk.stamp(false);
    talk.bad(&header, &body, code).await
}

async fn nested(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let inside = ping(&mut talk);
    let header = talk.stamp(false);
    let middle = Message::new(header.msg_id, header.seqno, container(&[inside]));
    refused(&mut talk, container(&[middle]), 64).await
}

async fn young_inside(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let header = talk.stamp(false);
    let inside = ping(&mut talk);
    talk.bad(&header, &container(&[inside]), 64).await
}

async fn short(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let mut body = container(&[ping(&mut talk)]).to_vec();
    // The count, behind the constructor.
    if let Some(count) = body.get_mut(4) {
        *count = 2;
    }
    debug_assert!(body.starts_with(&MSG_CONTAINER.to_le_bytes()));
    refused(&mut talk, body.into(), 64).await
}

async fn seen_container(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let inside = ping(&mut talk);
    let header = talk.stamp(false);
    let body = container(std::slice::from_ref(&inside));
    talk.0.send_as(&header, &body).await?;
    talk.pong(inside.msg_id).await?;
    talk.bad(&header, &body, 19).await
}

async fn old_inside(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let mut inside = ping(&mut talk);
    inside.msg_id -= 400 << 32;
    // Of no session that lived then: below everything seen, but content that nobody counts.
    inside.seqno = 0;
    talk.0.send_body(false, &container(std::slice::from_ref(&inside))).await?;
    talk.pong(inside.msg_id).await
}

async fn copied(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let inside = ping(&mut talk);
    talk.0.send_body(false, &msg_copy(&inside)).await?;
    talk.pong(inside.msg_id).await
}

async fn zipped(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let body = gzip(&super::patient::UNKNOWN_METHOD.to_le_bytes());
    let query = talk.0.send_body(true, &body).await?;
    let (_, result) = talk.result(query).await?;
    let error = zaun_tl::from_bytes::<types::RpcError>(result);
    expect(error.is_ok(), "a result that is no rpc_error")
}

/// Only a method that exists tells a refusal from the error for what is inside.
async fn zipped_twice(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let known = zaun_tl::to_bytes(&api::help::GetNearestDc {}, LAYER).unwrap_or_default();
    let wrapped = api::InvokeWithLayer { layer: LAYER, query: RawObject(known.into()) };
    let body = zaun_tl::to_bytes(&wrapped, LAYER).unwrap_or_default();
    let mut refused = Vec::new();
    for body in [Bytes::from(body.clone()), gzip(&gzip(&body))] {
        let query = talk.0.send_body(true, &body).await?;
        refused.push(zaun_probe::check(&talk.result(query).await?.1).is_err());
    }
    match refused[..] {
        [false, refused] => expect(refused, "the result of the method inside"),
        _ => Err(Trouble::NotTried("the server does not know help.getNearestDc".into())),
    }
}

async fn repeated(patient: Patient) -> Finding {
    let mut talk = patient.talk().await?;
    let (header, body) = talk.unknown_method().await?;
    let (first, _) = talk.result(header.msg_id).await?;
    talk.0.send_as(&header, &body).await?;
    let told = talk.0.wait_for(|m| {
        let again = m.rpc_result().filter(|(id, _)| *id == header.msg_id).map(|_| m.msg_id);
        again.or_else(|| m.decode::<types::MsgDetailedInfo>().map(|info| info.answer_msg_id))
    });
    let again = told.await.map_err(Trouble::from)?;
    expect(again == first.msg_id, "another answer")
}
