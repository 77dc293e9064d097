//! Reset, snapshots, and what is left of the time after them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use zaun_testkit::{ApiClient, Conversation, Wire};

use crate::support::Stage;

/// Everything that a user sees, with every message.
async fn all_of(stage: &Stage, user: &str) -> Value {
    let chats = stage.call("chats", json!({ "as": user })).await;
    let mut all = Vec::new();
    for chat in chats.as_array().unwrap() {
        all.push(stage.call("messages", json!({ "as": user, "chat": chat["id"] })).await);
    }
    json!({ "chats": chats, "messages": all })
}

async fn scene(stage: &Stage) -> Value {
    stage.user("anna").await;
    stage.user("ben").await;
    let (bot, _) = stage.bot("Shop").await;
    let group =
        json!({ "kind": "supergroup", "title": "Garden", "owner": "anna", "members": ["ben"], "key": "g" });
    let group = stage.call("create_chat", group).await;
    stage.call("send", json!({ "as": "anna", "chat": "ben", "text": "hello" })).await;
    stage.call("send", json!({ "as": "ben", "chat": "g", "text": "rain again" })).await;
    stage.call("send", json!({ "as": "anna", "chat": bot, "text": "/start" })).await;
    json!([bot, group["id"]])
}

#[tokio::test]
async fn after_a_reset_the_same_calls_give_the_same_ids() {
    let stage = Stage::open().await;
    let before = stage.call("now", json!({})).await["now"].as_i64().unwrap();
    let first = scene(&stage).await;
    stage.call("advance", json!({ "seconds": 1_000_000 })).await;
    stage.call("reset", json!({})).await;
    let after = stage.call("now", json!({})).await["now"].as_i64().unwrap();
    assert!((0..10).contains(&(after - before)), "the clock went back");
    assert_eq!(stage.refused("chats", json!({ "as": 1_000_001 })).await.field.as_deref(), Some("as"));
    assert_eq!(stage.refused("chats", json!({ "as": "anna" })).await.field.as_deref(), Some("as"));
    assert_eq!(scene(&stage).await, first);
}

#[tokio::test]
async fn a_snapshot_restored_equals_the_original() {
    let stage = Stage::open().await;
    scene(&stage).await;
    let (anna, ben) = (all_of(&stage, "anna").await, all_of(&stage, "ben").await);
    stage.call("snapshot", json!({ "name": "morning" })).await;
    stage.call("send", json!({ "as": "ben", "chat": "anna", "text": "bye" })).await;
    stage.call("leave", json!({ "as": "ben", "chat": "g" })).await;
    stage.user("cleo").await;
    assert_ne!(all_of(&stage, "ben").await, ben);
    stage.call("restore", json!({ "name": "morning" })).await;
    assert_eq!((all_of(&stage, "anna").await, all_of(&stage, "ben").await), (anna, ben));
    // Phones are given out as they were from there.
    let cleo = stage.call("create_user", json!({ "first_name": "Cleo", "key": "cleo" })).await;
    assert_eq!(cleo["phone"], "+9996620003");
    let refusal = stage.refused("restore", json!({ "name": "evening" })).await;
    assert_eq!(refusal.field.as_deref(), Some("name"));
}

#[tokio::test]
async fn a_bot_that_polls_goes_on_after_going_back() {
    let stage = Stage::open().await;
    stage.user("anna").await;
    let (bot, token) = stage.bot("Shop").await;
    stage.bot_api(&token, "getUpdates", json!({})).await;
    stage.call("snapshot", json!({ "name": "ready" })).await;
    let ended = std::cell::Cell::new(false);
    let poll = async {
        let answer = stage.bot_api(&token, "getUpdates", json!({ "timeout": 50 })).await;
        ended.set(true);
        answer
    };
    // Nothing says that the poll has begun, so it is gone back until it has ended.
    let go_back = async {
        while !ended.get() {
            stage.call("restore", json!({ "name": "ready" })).await;
        }
    };
    let ((status, updates), ()) = tokio::join!(poll, go_back);
    assert_eq!((status, &updates["result"]), (200, &json!([])));
    stage.call("send", json!({ "as": "anna", "chat": bot, "text": "/start" })).await;
    let (_, updates) = stage.bot_api(&token, "getUpdates", json!({ "timeout": 5 })).await;
    assert_eq!(updates["result"][0]["message"]["text"], "/start");
    stage.call("reset", json!({})).await;
    // The token of a bot that is gone makes a new one in a sandbox, of the same id, which anna never met.
    let (_, chat) = stage.bot_api(&token, "getChat", json!({ "chat_id": 1_000_001 })).await;
    assert_eq!(chat["ok"], false);
}

async fn connect(stage: &Stage) -> ApiClient {
    let key = stage.sandbox.public_key();
    let talk = Conversation::begin(stage.sandbox.address(), Wire::default(), &key).await.unwrap();
    let mut client = ApiClient::new(talk);
    client.introduce().await.unwrap();
    client
}

#[tokio::test]
async fn a_thousand_resets_leave_nothing_behind() {
    let stage = Stage::open().await;
    let _client = connect(&stage).await;
    let times = 1_000;
    let (mut slowest, mut all) = (Duration::ZERO, Duration::ZERO);
    let mut files = None;
    for _ in 0..times {
        stage.user("anna").await;
        stage.user("ben").await;
        stage.call("send", json!({ "as": "anna", "chat": "ben", "text": "hello" })).await;
        let start = Instant::now();
        stage.call("reset", json!({})).await;
        slowest = slowest.max(start.elapsed());
        all += start.elapsed();
        let open = std::fs::read_dir("/proc/self/fd").unwrap().count();
        assert!(open < *files.get_or_insert(open) + 50, "descriptors are left open");
    }
    println!("{times} resets: {:?} each, {slowest:?} the slowest", all / times);
    let deadline = Instant::now() + Duration::from_secs(5);
    while stage.sandbox.handle().connections() > 0 {
        assert!(Instant::now() < deadline, "the connection was not cut");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
