//! Waiting and the clock.

use serde_json::json;

use crate::support::Stage;

#[tokio::test]
async fn a_wait_ends_when_the_message_is_there() {
    let stage = Stage::open().await;
    let (anna, ben) = (stage.user("anna").await, stage.user("ben").await);
    let wanted = json!({ "as": ben, "chat": anna, "contains": "lunch", "from": anna });
    let (seen, _) = tokio::join!(stage.call("wait_message", wanted), async {
        stage.call("send", json!({ "as": anna, "chat": ben, "text": "hello" })).await;
        stage.call("send", json!({ "as": anna, "chat": ben, "text": "is it lunch yet?" })).await
    });
    assert_eq!((&seen["text"], &seen["message_id"]), (&json!("is it lunch yet?"), &json!(2)));
    // An edit is waited for by the number of its message.
    let wanted = json!({ "as": ben, "chat": anna, "message": 1, "text": "good day" });
    let (seen, _) = tokio::join!(
        stage.call("wait_message", wanted),
        stage.call("edit", json!({ "as": anna, "chat": ben, "message": 1, "text": "good day" }))
    );
    assert!(seen["edit_date"].is_i64(), "{seen}");
}

#[tokio::test]
async fn a_wait_ends_when_the_message_is_gone() {
    let stage = Stage::open().await;
    let (anna, ben) = (stage.user("anna").await, stage.user("ben").await);
    stage.call("send", json!({ "as": anna, "chat": ben, "text": "hello" })).await;
    let gone = json!({ "as": ben, "chat": anna, "message": 1, "wait_ms": 20 });
    let refusal = stage.refused("wait_gone", gone).await;
    assert_eq!((refusal.status, &refusal.seen.unwrap()[0]["text"]), (408, &json!("hello")));
    tokio::join!(
        stage.call("wait_gone", json!({ "as": ben, "chat": anna, "message": 1 })),
        stage.call("delete", json!({ "as": anna, "chat": ben, "messages": [1] }))
    );
}

#[tokio::test]
async fn a_wait_in_vain_says_what_was_there() {
    let stage = Stage::open().await;
    let (anna, ben) = (stage.user("anna").await, stage.user("ben").await);
    stage.call("send", json!({ "as": anna, "chat": ben, "text": "hello" })).await;
    let wanted = json!({ "as": ben, "chat": anna, "text": "goodbye", "wait_ms": 20 });
    let refusal = stage.refused("wait_message", wanted).await;
    assert_eq!((refusal.status, &refusal.seen.unwrap()[0]["text"]), (408, &json!("hello")));
    let refusal = stage.refused("wait_message", json!({ "as": ben, "chat": anna, "wait_ms": 60_001 })).await;
    assert_eq!(refusal.field.as_deref(), Some("wait_ms"));
}

#[tokio::test]
async fn a_bot_is_idle_when_it_has_confirmed_everything() {
    let stage = Stage::open().await;
    stage.user("anna").await;
    let (bot, token) = stage.bot("Shop").await;
    stage.bot_api(&token, "getUpdates", json!({})).await;
    stage.call("send", json!({ "as": "anna", "chat": bot, "text": "/start" })).await;
    let (_, updates) = stage.bot_api(&token, "getUpdates", json!({ "timeout": 5 })).await;
    let refusal = stage.refused("wait_idle", json!({ "bot": bot, "wait_ms": 0 })).await;
    assert_eq!((refusal.status, refusal.seen.unwrap()), (408, json!({ "waiting": 1 })));
    let next = updates["result"][0]["update_id"].as_i64().unwrap() + 1;
    let (idle, _) = tokio::join!(
        stage.call("wait_idle", json!({ "bot": bot })),
        stage.bot_api(&token, "getUpdates", json!({ "offset": next }))
    );
    assert_eq!(idle["waiting"], 0);
}

#[tokio::test]
async fn time_passes_when_it_is_told_to() {
    let stage = Stage::open().await;
    let (anna, ben) = (stage.user("anna").await, stage.user("ben").await);
    let first = stage.call("send", json!({ "as": anna, "chat": ben, "text": "today" })).await;
    let before = stage.call("now", json!({})).await["now"].as_i64().unwrap();
    let after = stage.call("advance", json!({ "seconds": 86_400 })).await["now"].as_i64().unwrap();
    assert!((86_400..86_410).contains(&(after - before)), "{before} {after}");
    let second = stage.call("send", json!({ "as": anna, "chat": ben, "text": "tomorrow" })).await;
    let dates = (first["date"].as_i64().unwrap(), second["date"].as_i64().unwrap());
    assert!((86_400..86_410).contains(&(dates.1 - dates.0)), "{dates:?}");
    assert_eq!(stage.refused("advance", json!({ "seconds": 0 })).await.field.as_deref(), Some("seconds"));
}
