//! Wrappers around queries (M-403, M-409 … M-415).

use crate::support::*;
use zaun_schema::LAYER;
use zaun_schema::api::{enums, functions};
use zaun_testkit::{ApiClient, Message, Sandbox, container};
use zaun_tl::{Encode, RawObject};

fn raw(value: &impl Encode) -> RawObject {
    RawObject(zaun_tl::to_bytes(value, LAYER).unwrap().into())
}

fn state() -> RawObject {
    raw(&functions::updates::GetState {})
}

async fn logged_in() -> (Sandbox, ApiClient) {
    let sandbox = Sandbox::start().await.unwrap();
    let mut client = client(sandbox.address()).await;
    client.log_in("9996610001").await.unwrap();
    (sandbox, client)
}

#[tokio::test]
async fn m409_m410_a_query_waits_for_others_and_fails_with_them() {
    let (_sandbox, mut client) = logged_in().await;
    let good = client.send(&functions::updates::GetState {}).await.unwrap();
    let after = client.send(&functions::InvokeAfterMsg { msg_id: good, query: state() }).await.unwrap();
    client.result_of(after).await.unwrap();
    let bad = client.send(&functions::messages::SetTyping::default()).await.unwrap();
    let after = client.send(&functions::InvokeAfterMsg { msg_id: bad, query: state() }).await.unwrap();
    assert_eq!(text(client.result_of(after).await), "400 MSG_WAIT_FAILED", "M-410");
    let chain = client
        .send(&functions::InvokeAfterMsgs { msg_ids: vec![good, after], query: state() })
        .await
        .unwrap();
    assert_eq!(text(client.result_of(chain).await), "400 MSG_WAIT_FAILED", "M-410: the whole chain");
    let unknown = client.send(&functions::InvokeAfterMsg { msg_id: 4, query: state() }).await.unwrap();
    assert_eq!(text(client.result_of(unknown).await), "400 MSG_WAIT_FAILED", "M-412");
}

#[tokio::test]
async fn m409_the_named_query_may_be_in_the_same_container_and_in_any_place() {
    let (_sandbox, mut client) = logged_in().await;
    let session = &mut client.conversation.session;
    let (first, first_seqno) = session.stamp(zaun_testkit::now(), true);
    let (second, second_seqno) = session.stamp(zaun_testkit::now(), true);
    let after = functions::InvokeAfterMsg { msg_id: first, query: state() };
    let messages =
        [Message::new(second, second_seqno, raw(&after).0), Message::new(first, first_seqno, state().0)];
    client.conversation.send_body(false, &container(&messages)).await.unwrap();
    client.result_of(second).await.expect("M-263");
    client.result_of(first).await.unwrap();
}

#[tokio::test]
async fn m413_invoke_after_may_be_outside_or_inside_the_layer() {
    let (_sandbox, mut client) = logged_in().await;
    let named = client.send(&functions::updates::GetState {}).await.unwrap();
    let after = functions::InvokeAfterMsg { msg_id: named, query: state() };
    let inside = functions::InvokeWithLayer { layer: LAYER, query: raw(&after) };
    client.call_raw(&inside).await.unwrap();
    let layered = functions::InvokeWithLayer { layer: LAYER, query: state() };
    client.call_raw(&functions::InvokeAfterMsg { msg_id: named, query: raw(&layered) }).await.unwrap();
}

#[tokio::test]
async fn m415_a_takeout_has_to_be_one_that_was_begun() {
    let (_sandbox, mut client) = logged_in().await;
    let invoke = |takeout_id| functions::InvokeWithTakeout { takeout_id, query: state() };
    assert_eq!(text(client.call_raw(&invoke(5)).await), "400 TAKEOUT_INVALID");
    let takeout = client.call(&functions::account::InitTakeoutSession::default()).await.unwrap();
    client.call_raw(&invoke(takeout.id)).await.unwrap();
    assert!(client.call(&functions::account::FinishTakeoutSession { success: true }).await.unwrap());
    assert_eq!(text(client.call_raw(&invoke(takeout.id)).await), "400 TAKEOUT_INVALID");
    let finish = functions::account::FinishTakeoutSession { success: true };
    assert_eq!(text(client.call(&finish).await), "403 TAKEOUT_REQUIRED");
}

#[tokio::test]
async fn m373_without_updates_a_session_is_not_pushed_to() {
    let (sandbox, mut bob) = logged_in().await;
    let mut alice = client(sandbox.address()).await;
    alice.log_in("9996610002").await.unwrap();
    // A second session of Bob's that only ever asks for no updates.
    let mut quiet = bob.conversation.session.clone();
    quiet.session_id ^= 1;
    quiet.content_sent = 0;
    let address = sandbox.address();
    let resumed =
        zaun_testkit::Conversation::resume(address, zaun_testkit::Wire::default(), quiet).await.unwrap();
    let mut quiet = ApiClient::new(resumed);
    quiet.call_raw(&functions::InvokeWithoutUpdates { query: state() }).await.unwrap();
    let to_bob = alice.befriend("9996610001").await.unwrap();
    let message = functions::messages::SendMessage {
        peer: to_bob,
        message: "hello".into(),
        random_id: 1,
        ..functions::messages::SendMessage::default()
    };
    alice.call(&message).await.unwrap();
    let is_update = |m: &Message| m.decode::<enums::Updates>().is_some().then_some(());
    bob.conversation.wait_for(is_update).await.unwrap();
    quiet.call_raw(&functions::InvokeWithoutUpdates { query: state() }).await.unwrap();
    assert!(quiet.conversation.inbox.iter().all(|m| is_update(m).is_none()), "M-373");
}
