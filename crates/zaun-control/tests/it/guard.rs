//! Who may make calls, and what happens with wrong ones.

use serde_json::json;

use crate::support::Stage;

#[tokio::test]
async fn strangers_are_refused() {
    let stage = Stage::open().await;
    let token = format!("Authorization: Bearer {}\r\n", stage.sandbox.control().token());
    let (status, now) = stage.http("/control/now", &token, "").await;
    assert_eq!(status, 200);
    assert!(now["now"].as_i64().unwrap() > 1_700_000_000);

    assert_eq!(stage.http("/control/now", "", "").await.0, 401);
    assert_eq!(stage.http("/control/now", "Authorization: Bearer 0123\r\n", "").await.0, 401);
    let elsewhere = format!("Host: evil.example\r\n{token}");
    assert_eq!(stage.http("/control/now", &elsewhere, "").await.0, 403);
    let site = format!("Sec-Fetch-Site: cross-site\r\n{token}");
    assert_eq!(stage.http("/control/now", &site, "").await.0, 403);
}

#[tokio::test]
async fn a_wrong_field_is_named_and_nothing_happens() {
    let stage = Stage::open().await;
    let token = format!("Authorization: Bearer {}\r\n", stage.sandbox.control().token());
    let call = |name: &'static str, body: String| {
        let (stage, token) = (&stage, &token);
        async move { stage.http(&format!("/control/{name}"), token, &body).await }
    };
    let (status, refusal) = call("create_user", "{}".into()).await;
    assert_eq!((status, &refusal["field"]), (400, &json!("first_name")));
    let (status, refusal) = call("create_user", r#"{"first_name":"Anna","phne":"+999661"}"#.into()).await;
    assert_eq!((status, &refusal["field"]), (400, &json!("phne")));
    let (_, refusal) = call("create_user", r#"{"first_name":"Anna","phone":"12"}"#.into()).await;
    assert_eq!((&refusal["field"], &refusal["error"]), (&json!("phone"), &json!("PHONE_NUMBER_INVALID")));
    let (_, refusal) = call("create_user", r#"{"first_name":"Anna","username":"x"}"#.into()).await;
    assert_eq!(refusal["field"], "username");
    assert_eq!(call("create_user", "[1]".into()).await.0, 400);
    assert_eq!(call("create_user", "{".into()).await.0, 400);
    assert_eq!(call("no_such_call", "{}".into()).await.0, 404);
    let long = format!(r#"{{"first_name":"{}"}}"#, "x".repeat(zaun_control::limits::MAX_BODY_BYTES));
    assert_eq!(call("create_user", long).await.0, 413);

    // None of these made a user: the next one has the first id and the first phone.
    let anna = stage.call("create_user", json!({ "first_name": "Anna", "key": "anna" })).await;
    assert_eq!((&anna["id"], &anna["phone"]), (&json!(1_000_001), &json!("+9996620001")));
    let refusal = stage.refused("create_user", json!({ "first_name": "Ben", "key": "anna" })).await;
    assert_eq!(refusal.field.as_deref(), Some("key"));
    let group = json!({
        "kind": "supergroup", "title": "Garden", "owner": "anna", "members": ["anna", "nobody"], "key": "garden",
    });
    assert_eq!(stage.refused("create_chat", group).await.field.as_deref(), Some("members[1]"));
    assert_eq!(stage.call("chats", json!({ "as": "anna" })).await, json!([]));
}

#[test]
fn every_call_is_described() {
    let described = include_str!("../../../../docs/SANDBOX.md");
    for call in zaun_control::CALLS {
        assert!(described.contains(&format!("| `{call}` |")), "docs/SANDBOX.md lacks {call}");
    }
}
