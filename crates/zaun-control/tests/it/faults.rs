//! Faults on purpose, over both interfaces.

use serde_json::json;
use zaun_schema::api::functions::{help, messages, updates};
use zaun_testkit::{ApiClient, Conversation, Error, Wire};

use crate::support::Stage;

async fn connect(stage: &Stage) -> ApiClient {
    let key = stage.sandbox.public_key();
    let talk = Conversation::begin(stage.sandbox.address(), Wire::default(), &key).await.unwrap();
    let mut client = ApiClient::new(talk);
    client.introduce().await.unwrap();
    client
}

#[tokio::test]
async fn a_bot_is_told_to_wait_as_often_as_planned() {
    let stage = Stage::open().await;
    let (shop, token) = stage.bot("Shop").await;
    let (_, other) = stage.bot("Guard").await;
    let rule = json!({ "method": "getMe", "kind": "flood_wait", "seconds": 7, "times": 2, "bot": shop });
    stage.call("fault", rule).await;
    assert_eq!(stage.bot_api(&other, "getMe", json!({})).await.0, 200);
    for _ in 0..2 {
        let (status, answer) = stage.bot_api(&token, "getMe", json!({})).await;
        assert_eq!((status, &answer["parameters"]["retry_after"]), (429, &json!(7)));
        assert_eq!(answer["description"], "Too Many Requests: retry after 7");
    }
    assert_eq!(stage.bot_api(&token, "getMe", json!({})).await.0, 200);
    assert_eq!(stage.call("faults", json!({})).await[0]["hits"], 2);
}

#[tokio::test]
async fn a_call_of_a_bot_runs_or_not_before_its_connection_breaks() {
    let stage = Stage::open().await;
    stage.user("anna").await;
    let (bot, token) = stage.bot("Shop").await;
    stage.call("send", json!({ "as": "anna", "chat": bot, "text": "/start" })).await;
    for (kind, text) in [("lost", "one"), ("cut", "two")] {
        stage.call("fault", json!({ "method": "sendMessage", "kind": kind })).await;
        let body = json!({ "chat_id": 1_000_001, "text": text });
        let (_, answer) = stage.bot_api(&token, "sendMessage", body).await;
        assert_eq!(answer, json!(null), "{kind}");
    }
    let error =
        json!({ "method": "sendMessage", "kind": "error", "code": 500, "text": "Internal Server Error" });
    stage.call("fault", error).await;
    let body = json!({ "chat_id": 1_000_001, "text": "three" });
    assert_eq!(stage.bot_api(&token, "sendMessage", body.clone()).await.0, 500);
    assert_eq!(stage.bot_api(&token, "sendMessage", body).await.0, 200);
    let seen = stage.call("messages", json!({ "as": "anna", "chat": bot })).await;
    let texts: Vec<&str> =
        seen.as_array().unwrap().iter().map(|message| message["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["/start", "one", "three"]);
}

#[tokio::test]
async fn a_client_is_told_to_wait_and_gets_late_answers() {
    let stage = Stage::open().await;
    let mut client = connect(&stage).await;
    let rule = json!({ "method": "help.getConfig", "kind": "flood_wait", "seconds": 3 });
    stage.call("fault", rule).await;
    let error = client.call(&help::GetConfig {}).await.unwrap_err();
    assert!(matches!(&error, Error::Rpc { code: 420, text } if text == "FLOOD_WAIT_3"), "{error:?}");
    client.call(&help::GetConfig {}).await.unwrap();
    stage.call("fault", json!({ "method": "help.getConfig", "kind": "delay", "ms": 80 })).await;
    let start = std::time::Instant::now();
    client.call(&help::GetConfig {}).await.unwrap();
    assert!(start.elapsed() >= std::time::Duration::from_millis(80));
    let rule =
        json!({ "method": "help.getConfig", "kind": "error", "code": 500, "text": "OUT_OF_TEA", "times": 0 });
    let number = stage.call("fault", rule).await["fault"].clone();
    for _ in 0..3 {
        let error = client.call(&help::GetConfig {}).await.unwrap_err();
        assert!(matches!(&error, Error::Rpc { code: 500, text } if text == "OUT_OF_TEA"), "{error:?}");
    }
    stage.call("clear_faults", json!({ "fault": number })).await;
    client.call(&help::GetConfig {}).await.unwrap();
}

#[tokio::test]
async fn a_method_gets_an_answer_of_the_tests_own() {
    let stage = Stage::open().await;
    let (_, token) = stage.bot("Shop").await;
    assert_eq!(stage.bot_api(&token, "createInvoiceLink", json!({})).await.0, 400);
    let rule = json!({ "method": "createInvoiceLink", "kind": "answer", "result": "https://pay.example/1", "times": 0 });
    stage.call("fault", rule).await;
    let (status, answer) = stage.bot_api(&token, "createInvoiceLink", json!({})).await;
    assert_eq!((status, &answer["result"]), (200, &json!("https://pay.example/1")));
    let rule = json!({ "method": "help.getConfig", "kind": "answer", "result": {} });
    assert_eq!(stage.refused("fault", rule).await.field.as_deref(), Some("kind"));
}

#[tokio::test]
async fn wrong_rules_are_refused() {
    let stage = Stage::open().await;
    let field = async |rule| stage.refused("fault", rule).await.field.unwrap();
    assert_eq!(field(json!({ "method": "help.getCoffee", "kind": "cut" })).await, "method");
    assert_eq!(field(json!({ "method": "getMe", "kind": "explode" })).await, "kind");
    assert_eq!(field(json!({ "method": "getMe", "kind": "double" })).await, "kind");
    assert_eq!(field(json!({ "method": "getMe", "kind": "delay" })).await, "ms");
    assert_eq!(field(json!({ "method": "getMe", "kind": "cut", "times": -1 })).await, "times");
    assert_eq!(stage.call("faults", json!({})).await, json!([]));
}

#[tokio::test]
async fn connections_are_cut_and_what_is_missing_is_noted() {
    let stage = Stage::open().await;
    let mut client = connect(&stage).await;
    client.log_in("9996621234").await.unwrap();
    assert_eq!(stage.call("missing", json!({})).await, json!({ "mtproto": {}, "bot_api": {} }));
    let (_, token) = stage.bot("Shop").await;
    stage.bot_api(&token, "sendPaidMedia", json!({})).await;
    let absent = messages::GetEmojiKeywords { lang_code: "en".into() };
    client.call(&absent).await.unwrap_err();
    let missing = stage.call("missing", json!({})).await;
    let wanted = json!({ "mtproto": { "messages.getEmojiKeywords": 1 }, "bot_api": { "sendPaidMedia": 1 } });
    assert_eq!(missing, wanted);
    client.call(&updates::GetState {}).await.unwrap();
    stage.call("cut", json!({})).await;
    assert!(client.call(&updates::GetState {}).await.is_err());
}
