//! Layers, introductions, errors, results (M-270, M-299, M-401 … M-437).

use crate::support::*;
use zaun_schema::LAYER;
use zaun_schema::api::{enums, functions, types};
use zaun_testkit::{ApiClient, Conversation, Sandbox, Wire, gzip, public_key};
use zaun_tl::{Encode, RawObject};

fn raw(value: &impl Encode) -> RawObject {
    RawObject(zaun_tl::to_bytes(value, LAYER).unwrap().into())
}

fn nearest() -> RawObject {
    raw(&functions::help::GetNearestDc {})
}

fn init(api_id: i32, query: RawObject) -> functions::InitConnection {
    functions::InitConnection {
        api_id,
        device_model: "test".into(),
        system_version: "1".into(),
        app_version: "1".into(),
        system_lang_code: "en".into(),
        lang_code: "en".into(),
        query,
        ..functions::InitConnection::default()
    }
}

async fn stranger(sandbox: &Sandbox) -> ApiClient {
    ApiClient::new(Conversation::begin(sandbox.address(), Wire::default(), &public_key()).await.unwrap())
}

#[tokio::test]
async fn m401_to_m405_a_client_says_its_layer_once_and_may_say_it_again() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut client = stranger(&sandbox).await;
    let bare = functions::help::GetNearestDc {};
    assert_eq!(text(client.call(&bare).await), "400 CONNECTION_NOT_INITED", "M-404");
    let layer = |layer, query| functions::InvokeWithLayer { layer, query };
    assert_eq!(text(client.call_raw(&layer(0, nearest())).await), "400 CONNECTION_LAYER_INVALID", "M-404");
    let wrong = layer(LAYER, raw(&init(0, nearest())));
    assert_eq!(text(client.call_raw(&wrong).await), "400 CONNECTION_API_ID_INVALID", "M-405");
    client.call_raw(&layer(LAYER, raw(&init(1, nearest())))).await.unwrap();
    client.call(&bare).await.expect("M-402");
    client.call_raw(&layer(LAYER, raw(&init(1, nearest())))).await.expect("M-403");
    // Another connection and session of the same key: the layer is the key's (M-401).
    let mut session = client.conversation.session.clone();
    (session.session_id, session.content_sent) = (session.session_id ^ 1, 0);
    let resumed = Conversation::resume(sandbox.address(), Wire::default(), session).await.unwrap();
    ApiClient::new(resumed).call(&bare).await.expect("M-401");
    client.call_raw(&layer(LAYER + 50, nearest())).await.expect("M-406: served with our newest");
}

#[tokio::test]
async fn a_client_older_than_every_layer_is_told_to_update() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut client = stranger(&sandbox).await;
    // What is inside need not be readable.
    let query = raw(&init(1, RawObject(vec![1, 2, 3, 4].into())));
    let old = functions::InvokeWithLayer { layer: zaun_schema::MIN_LAYER - 1, query };
    assert_eq!(text(client.call_raw(&old).await), "406 UPDATE_APP_TO_LOGIN");
    let bare = functions::InvokeWithLayer { layer: 1, query: nearest() };
    assert_eq!(text(client.call_raw(&bare).await), "406 UPDATE_APP_TO_LOGIN");
    let oldest =
        functions::InvokeWithLayer { layer: zaun_schema::MIN_LAYER, query: raw(&init(1, nearest())) };
    client.call_raw(&oldest).await.expect("the oldest layer is served");
}

#[tokio::test]
async fn a_method_that_ended_without_a_successor_is_named_as_absent() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut client = stranger(&sandbox).await;
    // help.getAppChangelog, which ended with layer 167.
    let mut changelog = 0x9010_ef6f_u32.to_le_bytes().to_vec();
    changelog.extend([3, b'1', b'.', b'0']);
    let query = raw(&init(1, RawObject(changelog.into())));
    let call = functions::InvokeWithLayer { layer: 160, query };
    assert_eq!(text(client.call_raw(&call).await), "400 METHOD_NOT_IMPLEMENTED");
}

#[tokio::test]
async fn m407_m408_an_answer_is_written_in_the_layer_of_the_client() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut client = stranger(&sandbox).await;
    let ask = |layer| {
        let query = raw(&init(1, raw(&functions::help::GetConfig {})));
        functions::InvokeWithLayer { layer, query }
    };
    let id = |bytes: bytes::Bytes| u32::from_le_bytes(*bytes.first_chunk().unwrap());
    for layer in [133, 158, 181, 198, 214, LAYER] {
        let answer = client.call_raw(&ask(layer)).await.unwrap();
        let config: types::Config = zaun_tl::from_bytes(answer.clone()).unwrap();
        let again = zaun_tl::to_bytes(&config, layer).unwrap();
        assert_eq!(answer, again, "M-407 {layer}");
        assert_eq!(zaun_schema::api::constructor_name(id(answer)), Some("config"), "M-408");
    }
}

#[tokio::test]
async fn m270_a_packed_query_may_stand_inside_wrappers() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut client = stranger(&sandbox).await;
    let packed = RawObject(gzip(&nearest().0));
    let query = raw(&init(1, packed.clone()));
    client.call_raw(&functions::InvokeWithLayer { layer: LAYER, query }).await.expect("in initConnection");
    let named = client.send(&functions::help::GetNearestDc {}).await.unwrap();
    let after = functions::InvokeAfterMsg { msg_id: named, query: packed };
    client.call_raw(&after).await.expect("in invokeAfterMsg");
}

#[tokio::test]
async fn m299_vectors_and_bools_are_boxed() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut client = client(sandbox.address()).await;
    client.log_in("9996610001").await.unwrap();
    let users = functions::users::GetUsers { id: vec![enums::InputUser::InputUserSelf] };
    let vector = client.call_raw(&users).await.unwrap();
    assert_eq!(vector[..8], [0x15, 0xc4, 0xb5, 0x1c, 1, 0, 0, 0], "M-299");
    let status = client.call_raw(&functions::account::UpdateStatus { offline: false }).await.unwrap();
    assert_eq!(status[..], [0xb5, 0x75, 0x72, 0x99], "M-299: boolTrue");
}

#[tokio::test]
async fn m411_a_wait_that_takes_too_long_times_out_and_m414_others_do_not_wait() {
    let faults = zaun_server::Faults::new();
    let for_server = faults.clone();
    let sandbox = Sandbox::with(|options| options, |builder| builder.middleware(for_server)).await.unwrap();
    let mut client = client(sandbox.address()).await;
    let slow = <functions::help::GetCdnConfig as zaun_tl::Function>::ID;
    faults.plan(slow, [zaun_server::Fault::Late(std::time::Duration::from_millis(1500))]);
    let named = client.send(&functions::help::GetCdnConfig {}).await.unwrap();
    let after = client.send(&functions::InvokeAfterMsg { msg_id: named, query: nearest() }).await.unwrap();
    let free = client.send(&functions::help::GetNearestDc {}).await.unwrap();
    client.result_of(free).await.expect("M-414");
    assert!(client.conversation.inbox.iter().all(|m| m.rpc_result().is_none()), "M-414: it overtook both");
    assert_eq!(text(client.result_of(after).await), "400 MSG_WAIT_TIMEOUT", "M-411");
    client.result_of(named).await.unwrap();
}

#[tokio::test]
async fn m418_m420_m421_m437_errors_have_their_form() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut client = client(sandbox.address()).await;
    // M-437, M-454: what needs a user says 401 and nothing else.
    assert_eq!(text(client.call(&functions::updates::GetState {}).await), "401 AUTH_KEY_UNREGISTERED");
    client.log_in("9996610001").await.unwrap();
    let empty = functions::messages::SendMessage {
        peer: enums::InputPeer::InputPeerSelf,
        random_id: 1,
        ..functions::messages::SendMessage::default()
    };
    let refusals = [
        text(client.call(&empty).await),
        text(client.call(&functions::messages::SetTyping::default()).await),
        text(client.call(&functions::payments::GetStarsStatus { ..Default::default() }).await),
        text(client.call_raw(&zaun_wire::types::Pong { msg_id: 0, ping_id: 0 }).await),
    ];
    for refusal in refusals {
        let (code, name) = refusal.split_once(' ').unwrap();
        assert_eq!(code, "400", "M-420: {refusal}");
        assert!(
            name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_'),
            "M-418: {refusal}"
        );
    }
}

#[tokio::test]
async fn m421_m422_m457_a_session_that_was_ended_elsewhere_is_told_so() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut first = client(sandbox.address()).await;
    first.log_in("9996610001").await.unwrap();
    let mut second = client(sandbox.address()).await;
    second.log_in("9996610001").await.unwrap();
    assert!(second.call(&functions::auth::ResetAuthorizations {}).await.unwrap());
    assert_eq!(text(first.call(&functions::updates::GetState {}).await), "401 SESSION_REVOKED", "M-421");
    second.call(&functions::updates::GetState {}).await.expect("M-422: the other one is certain of itself");
}
