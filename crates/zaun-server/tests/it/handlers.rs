//! What people who build a server with the library can replace, and what they are protected from.

use crate::support::*;
use zaun_probe::{Conversation, Message, SpawnedServer, Wire, container, object};
use zaun_server::{MemoryKeys, Router, RpcError};
use zaun_wire::{functions, types};

async fn talk_to(server: &SpawnedServer<Router>) -> Conversation {
    Conversation::begin(server.address(), Wire::default(), &server.public_key()).await.unwrap()
}

#[tokio::test]
async fn a_server_with_one_method_serves_it() {
    let router = Router::new().method(|_, Call(value): Call<INCREMENT>| async move { Ok(value + 1) });
    let server = SpawnedServer::start(router, MemoryKeys::default()).await.unwrap();
    let mut talk = talk_to(&server).await;
    answers(&mut talk).await;
    increments(&mut talk).await;
}

#[tokio::test]
async fn unknown_methods_and_unreadable_arguments_are_answered() {
    let fixture = Fixture::start().await;
    let mut talk = fixture.talk().await;
    let unheard = talk.send(&Call::<UNHEARD>(1)).await.unwrap();
    let told = error(talk.result_of(unheard).await.unwrap());
    assert_eq!((told.error_code, &*told.error_message), (400, "INPUT_METHOD_INVALID_286326789"), "M-416");
    let cut = object(&Call::<INCREMENT>(1)).slice(..8);
    let query = talk.send_body(true, &cut).await.unwrap();
    assert_eq!(error(talk.result_of(query).await.unwrap()).error_message, "INPUT_FETCH_ERROR", "M-416");
    for body in [&[][..], &[1, 2, 3, 4], &0x347773c5u32.to_le_bytes()] {
        let query = talk.send_body(true, body).await.unwrap();
        assert_eq!(error(talk.result_of(query).await.unwrap()).error_code, 400, "M-417");
    }
    assert_eq!(fixture.runs(), 0);
}

#[tokio::test]
async fn the_answer_to_unknown_methods_can_be_replaced() {
    let router =
        Router::new().unknown(|context, _| Box::pin(async move { context.encode(&(context.msg_id & 3), 0) }));
    let server = SpawnedServer::start(router, MemoryKeys::default()).await.unwrap();
    let mut talk = talk_to(&server).await;
    let query = talk.send(&Call::<UNHEARD>(1)).await.unwrap();
    assert_eq!(number(talk.result_of(query).await.unwrap()), 0);
}

#[tokio::test]
async fn authorization_can_be_replaced() {
    let router = Router::new()
        .method(|_, Call(value): Call<INCREMENT>| async move { Ok(value + 1) })
        .method(|_, Call(value): Call<SLOW>| async move { Ok(value) })
        .authorize(|context, id| {
            assert!(context.dc_hint.is_none() && context.peer.is_local());
            if id == INCREMENT { Ok(()) } else { Err(RpcError::new(401, "AUTH_KEY_UNREGISTERED")) }
        });
    let server = SpawnedServer::start(router, MemoryKeys::default()).await.unwrap();
    let mut talk = talk_to(&server).await;
    increments(&mut talk).await;
    let query = talk.send(&Call::<SLOW>(1)).await.unwrap();
    let told = error(talk.result_of(query).await.unwrap());
    assert_eq!((told.error_code, &*told.error_message), (401, "AUTH_KEY_UNREGISTERED"));
}

#[tokio::test]
async fn a_panic_costs_only_its_query() {
    let fixture = Fixture::start().await;
    let mut talk = fixture.talk().await;
    let late = talk.send(&Call::<PANIC>(1)).await.unwrap();
    let early = talk.send(&Call::<PANIC_EARLY>(1)).await.unwrap();
    increments(&mut talk).await;
    for query in [late, early] {
        assert_eq!(error(talk.result_of(query).await.unwrap()).error_code, 500, "M-297");
    }
    answers(&mut talk).await;
}

#[tokio::test]
async fn slow_queries_hold_nobody_up() {
    let fixture = Fixture::start().await;
    let mut talk = fixture.talk().await;
    let slow = talk.send(&Call::<SLOW>(5)).await.unwrap();
    increments(&mut talk).await;
    answers(&mut talk).await;
    let ack = talk.wait_for(|m| m.decode::<types::MsgsAck>().filter(|a| a.msg_ids.contains(&slow))).await;
    assert!(ack.is_ok(), "M-275, M-276");
    fixture.gate.add_permits(1);
    assert_eq!(number(talk.result_of(slow).await.unwrap()), 5);
}

#[tokio::test]
async fn a_result_that_no_frame_can_carry_is_an_error_and_large_ones_arrive() {
    let fixture = Fixture::start().await;
    let mut talk = fixture.talk().await;
    for length in [1 << 10, 1 << 20, 3 << 20] {
        let query = talk.send(&Bytes1(length)).await.unwrap();
        let result: bytes::Bytes = zaun_tl::from_bytes(talk.result_of(query).await.unwrap()).unwrap();
        assert_eq!(result.len(), usize::try_from(length).unwrap());
    }
    let query = talk.send(&Bytes1(5 << 20)).await.unwrap();
    assert_eq!(error(talk.result_of(query).await.unwrap()).error_code, 500, "M-031, M-297");
    answers(&mut talk).await;
}

#[tokio::test]
async fn every_query_of_a_container_is_answered() {
    let fixture = Fixture::start().await;
    let mut talk = fixture.talk().await;
    let queries: Vec<Message> = (0..500)
        .map(|n| {
            let (msg_id, seqno) = talk.session.stamp(zaun_probe::now(), true);
            let call = object(&Call::<INCREMENT>(n));
            Message::new(msg_id, seqno, if n % 3 == 0 { zaun_probe::gzip(&call) } else { call })
        })
        .collect();
    talk.send_body(false, &container(&queries)).await.unwrap();
    for (n, query) in (0..).zip(&queries) {
        assert_eq!(number(talk.result_of(query.msg_id).await.unwrap()), n + 1, "M-258, M-297");
    }
    assert_eq!(fixture.runs(), 500);
}

#[tokio::test]
async fn pings_and_salts_are_answered_bare() {
    let fixture = Fixture::start().await;
    let mut talk = fixture.talk().await;
    let request = talk.send(&functions::GetFutureSalts { num: 3 }).await.unwrap();
    let salts: types::FutureSalts = talk.wait_for(|m| m.decode()).await.unwrap();
    assert_eq!((salts.req_msg_id, salts.salts.len()), (request, 3), "M-253");
    talk.session.salt = salts.salts[0].salt;
    answers(&mut talk).await;
}
