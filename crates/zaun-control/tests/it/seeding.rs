//! Scenarios.

use serde_json::json;

use crate::support::Stage;

#[tokio::test]
async fn a_scenario_is_made_in_one_call() {
    let stage = Stage::open().await;
    let scenario = json!({
        "users": [{ "key": "anna", "first_name": "Anna" }, { "key": "ben", "first_name": "Ben" }],
        "bots": [{ "key": "shop", "first_name": "Shop", "username": "tea_shop_bot" }],
        "chats": [{
            "key": "garden", "kind": "supergroup", "title": "Garden", "owner": "anna", "members": ["ben", "shop"],
        }],
        "messages": [
            { "as": "anna", "chat": "garden", "text": "welcome" },
            { "as": "ben", "chat": "shop", "text": "/start" },
        ],
        "faults": [{ "method": "getMe", "kind": "flood_wait", "seconds": 3 }],
    });
    let made = stage.call("seed", scenario).await;
    assert_eq!((&made["users"][1]["id"], &made["chats"][0]["members"]), (&json!(1_000_002), &json!(3)));
    let token = made["bots"][0]["token"].as_str().unwrap();
    assert_eq!(stage.bot_api(token, "getMe", json!({})).await.0, 429);
    let seen = stage.call("wait_message", json!({ "as": "ben", "chat": "garden", "text": "welcome" })).await;
    assert_eq!(seen["from"]["first_name"], "Anna");
}

#[tokio::test]
async fn a_wrong_scenario_makes_nothing() {
    let stage = Stage::open().await;
    let scenario = json!({
        "users": [{ "key": "anna", "first_name": "Anna" }],
        "messages": [{ "as": "anna", "chat": "bne", "text": "hello" }],
    });
    assert_eq!(stage.refused("seed", scenario).await.field.as_deref(), Some("messages[0].chat"));
    let scenario = json!({ "users": [{ "first_name": "Anna" }, { "first_name": "" }] });
    assert_eq!(stage.refused("seed", scenario).await.field.as_deref(), Some("users[1].first_name"));
    assert_eq!(stage.refused("seed", json!({ "user": [] })).await.field.as_deref(), Some("user"));
    assert_eq!(stage.user("anna").await, 1_000_001);
}

#[tokio::test]
async fn faults_come_back_with_a_snapshot() {
    let stage = Stage::open().await;
    stage.call("fault", json!({ "method": "getMe", "kind": "cut", "times": 0 })).await;
    stage.call("snapshot", json!({ "name": "spoilt" })).await;
    stage.call("reset", json!({})).await;
    assert_eq!(stage.call("faults", json!({})).await, json!([]));
    stage.call("restore", json!({ "name": "spoilt" })).await;
    assert_eq!(stage.call("faults", json!({})).await[0]["method"], "getMe");
}
