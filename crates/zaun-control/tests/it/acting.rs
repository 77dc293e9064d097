//! Acting and looking as users.

use serde_json::json;

use crate::support::Stage;

#[tokio::test]
async fn two_people_and_a_bot_talk() {
    let stage = Stage::open().await;
    let (anna, ben) = (stage.user("anna").await, stage.user("ben").await);
    let sent = stage.call("send", json!({ "as": "anna", "chat": "ben", "text": "good morning" })).await;
    assert_eq!((&sent["message_id"], &sent["out"]), (&json!(1), &json!(true)));
    let seen = stage.call("messages", json!({ "as": ben, "chat": anna })).await;
    assert_eq!((&seen[0]["text"], &seen[0]["out"]), (&json!("good morning"), &json!(false)));
    assert_eq!(seen[0]["from"]["id"], anna);

    stage.call("edit", json!({ "as": anna, "chat": ben, "message": 1, "text": "good evening" })).await;
    let chats = stage.call("chats", json!({ "as": "ben" })).await;
    assert_eq!((&chats[0]["unread"], &chats[0]["type"]), (&json!(1), &json!("private")));
    assert_eq!(chats[0]["last_message"]["text"], "good evening");
    stage.call("read", json!({ "as": "ben", "chat": "anna" })).await;
    assert_eq!(stage.call("chats", json!({ "as": "ben" })).await[0]["unread"], 0);

    let deleted = stage.call("delete", json!({ "as": anna, "chat": ben, "messages": [1] })).await;
    assert_eq!(deleted["deleted"], 1);
    assert_eq!(stage.call("messages", json!({ "as": ben, "chat": anna })).await, json!([]));
    let refusal = stage.refused("edit", json!({ "as": anna, "chat": ben, "message": 1, "text": "x" })).await;
    assert_eq!((refusal.field.as_deref(), refusal.text.as_str()), (Some("message"), "MESSAGE_ID_INVALID"));
}

#[tokio::test]
async fn a_button_is_pressed_and_the_answer_is_seen() {
    let stage = Stage::open().await;
    stage.user("anna").await;
    let (bot, token) = stage.bot("Shop").await;
    // A bot does not find whom it never met.
    let hello = json!({ "chat_id": 1_000_001, "text": "hello" });
    assert_eq!(stage.bot_api(&token, "sendMessage", hello).await.0, 400);
    stage.call("send", json!({ "as": "anna", "chat": bot, "text": "/start" })).await;
    let menu = json!({
        "chat_id": 1_000_001, "text": "what shall it be?",
        "reply_markup": { "inline_keyboard": [[
            { "text": "Tea", "callback_data": "tea" }, { "text": "Menu", "url": "https://shop.example/" },
        ]] },
    });
    assert_eq!(stage.bot_api(&token, "sendMessage", menu).await.0, 200);
    let seen = stage.call("wait_message", json!({ "as": "anna", "chat": "Shop", "button": "Tea" })).await;
    assert_eq!(
        seen["buttons"],
        json!([[
            { "text": "Tea", "kind": "callback", "data": "tea" },
            { "text": "Menu", "kind": "url", "value": "https://shop.example/" },
        ]])
    );
    let press = json!({ "as": "anna", "chat": "Shop", "button": "Tea", "wait_ms": 0 });
    let press = stage.call("press", press).await;
    assert_eq!(press["answer"], json!(null));
    let (_, updates) = stage.bot_api(&token, "getUpdates", json!({ "timeout": 5, "limit": 1 })).await;
    assert_eq!(updates["result"][0]["message"]["text"], "/start");
    let next = updates["result"][0]["update_id"].as_i64().unwrap() + 1;
    let (_, updates) = stage.bot_api(&token, "getUpdates", json!({ "timeout": 5, "offset": next })).await;
    let query = updates["result"][0]["callback_query"].clone();
    assert_eq!(query["data"], "tea");
    let answer = json!({ "callback_query_id": query["id"], "text": "it is brewing", "show_alert": true });
    assert_eq!(stage.bot_api(&token, "answerCallbackQuery", answer).await.0, 200);
    let answered = stage.call("wait_answer", json!({ "press": press["press"] })).await;
    assert_eq!(
        (&answered["answer"]["text"], &answered["answer"]["alert"]),
        (&json!("it is brewing"), &json!(true))
    );
    let all = stage.call("answers", json!({ "as": "anna" })).await;
    assert_eq!(all, json!([answered]));
    let link = stage.call("press", json!({ "as": "anna", "chat": "Shop", "button": "Menu" })).await;
    assert_eq!(link, json!({ "kind": "url", "value": "https://shop.example/" }));
    let nothing = stage.refused("press", json!({ "as": "anna", "chat": "Shop", "button": "Beer" })).await;
    assert_eq!(nothing.field.as_deref(), Some("button"));
}

#[tokio::test]
async fn a_button_of_a_reply_keyboard_is_said() {
    let stage = Stage::open().await;
    let anna = stage.user("anna").await;
    let (bot, token) = stage.bot("Shop").await;
    stage.call("send", json!({ "as": anna, "chat": bot, "text": "/start" })).await;
    let menu = json!({ "chat_id": anna, "text": "?", "reply_markup": { "keyboard": [["Yes", "No"]] } });
    assert_eq!(stage.bot_api(&token, "sendMessage", menu).await.0, 200);
    let said = stage.call("press", json!({ "as": anna, "chat": bot, "button": "No" })).await;
    assert_eq!((&said["said"]["text"], &said["said"]["out"]), (&json!("No"), &json!(true)));
}

#[tokio::test]
async fn groups_and_channels_have_their_members() {
    let stage = Stage::open().await;
    let (anna, ben) = (stage.user("anna").await, stage.user("ben").await);
    stage.user("cleo").await;
    let (bot, token) = stage.bot("Guard").await;
    let make = |kind: &str, key: &str| json!({ "kind": kind, "title": "Garden", "owner": "anna", "members": ["ben"], "key": key });
    let group = stage.call("create_chat", make("group", "group")).await;
    assert_eq!(
        (&group["type"], &group["members"], &group["id"]),
        (&json!("group"), &json!(2), &json!(-500_000_000))
    );
    let supergroup = stage.call("create_chat", make("supergroup", "super")).await;
    assert_eq!((&supergroup["type"], &supergroup["members"]), (&json!("supergroup"), &json!(2)));
    let channel = json!({
        "kind": "channel", "title": "News", "owner": "anna", "members": ["ben"], "admins": ["Guard"],
        "username": "garden_news", "key": "news",
    });
    let channel = stage.call("create_chat", channel).await;
    assert_eq!((&channel["username"], &channel["members"]), (&json!("garden_news"), &json!(3)));

    for chat in ["group", "super"] {
        stage.call("send", json!({ "as": anna, "chat": chat, "text": "welcome" })).await;
        let seen = json!({ "as": ben, "chat": chat, "text": "welcome", "from": "anna" });
        assert_eq!(
            stage.call("wait_message", seen).await["chat"]["id"],
            stage.call("chats", json!({ "as": ben })).await[0]["id"]
        );
    }
    // The rules hold: only administrators post in a channel.
    let refusal = stage.refused("send", json!({ "as": ben, "chat": "news", "text": "psst" })).await;
    assert_eq!((refusal.status, refusal.text.as_str()), (403, "CHAT_WRITE_FORBIDDEN"));
    let post = json!({ "chat_id": "@garden_news", "text": "rain" });
    assert_eq!(stage.bot_api(&token, "sendMessage", post).await.0, 200);
    let seen = stage.call("wait_message", json!({ "as": "ben", "chat": "news", "text": "rain" })).await;
    assert_eq!(seen["sender_chat"]["title"], "News");

    stage.call("join", json!({ "as": "cleo", "chat": "@garden_news" })).await;
    stage.call("leave", json!({ "as": "ben", "chat": "news" })).await;
    let chats = stage.call("chats", json!({ "as": "cleo" })).await;
    assert_eq!((&chats[0]["title"], &chats[0]["members"]), (&json!("News"), &json!(3)));
    stage.call("leave", json!({ "as": "ben", "chat": "group" })).await;
    let refusal = stage.refused("send", json!({ "as": ben, "chat": "group", "text": "?" })).await;
    assert!(refusal.status >= 400, "{refusal}");
    stage.call("add", json!({ "as": "anna", "chat": "super", "users": ["cleo", bot] })).await;
    let said = json!({ "as": "cleo", "chat": "super", "text": "hello" });
    assert_eq!(stage.call("send", said).await["chat"]["title"], "Garden");
}

#[tokio::test]
async fn codes_are_told() {
    let stage = Stage::open().await;
    let code = stage.call("login_code", json!({ "phone": "+9996631234" })).await;
    assert_eq!(code, json!({ "code": "33333" }));
    let refusal = stage.refused("login_code", json!({ "phone": "+49 30 1234567" })).await;
    assert_eq!(refusal.field.as_deref(), Some("phone"));
    let messenger = stage.sandbox.messenger();
    let nobody = zaun_messenger::Actor { user_id: zaun_model::UserId(0), key_id: 1, session_id: 0 };
    let origin = zaun_messenger::accounts::Origin::default();
    messenger.send_code(nobody, "+49301234567", origin).await.unwrap();
    let code = stage.call("login_code", json!({ "phone": "+49301234567" })).await;
    let digits = code["code"].as_str().unwrap();
    assert!(digits.len() == 5 && digits.bytes().all(|digit| digit.is_ascii_digit()), "{digits}");
}

/// One black pixel.
const PIXEL: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==";

#[tokio::test]
async fn a_bot_gets_photos_and_files() {
    let stage = Stage::open().await;
    stage.user("anna").await;
    let (bot, token) = stage.bot("Shop").await;
    stage.bot_api(&token, "getUpdates", json!({})).await;
    let note = json!({
        "as": "anna", "chat": bot, "document": "dGVhIGxlYXZlcw==", "file_name": "wishes.txt", "mime": "text/plain",
        "text": "my wishes",
    });
    let sent = stage.call("send", note).await;
    assert_eq!((&sent["caption"], &sent["document"]["file_size"]), (&json!("my wishes"), &json!(10)));
    let (_, updates) = stage.bot_api(&token, "getUpdates", json!({ "timeout": 5 })).await;
    let document = &updates["result"][0]["message"]["document"];
    assert_eq!(
        (&document["file_name"], &document["mime_type"]),
        (&json!("wishes.txt"), &json!("text/plain"))
    );
    let (_, file) = stage.bot_api(&token, "getFile", json!({ "file_id": document["file_id"] })).await;
    assert_eq!(file["result"]["file_size"], 10);
    let sent = stage.call("send", json!({ "as": "anna", "chat": bot, "photo": PIXEL })).await;
    assert_eq!((&sent["photo"][0]["width"], &sent["photo"][0]["height"]), (&json!(1), &json!(1)));
    let field = async |call| stage.refused("send", call).await.field.unwrap();
    assert_eq!(field(json!({ "as": "anna", "chat": bot, "photo": "not base64" })).await, "photo");
    assert_eq!(field(json!({ "as": "anna", "chat": bot, "photo": "dGVh" })).await, "photo");
    assert_eq!(field(json!({ "as": "anna", "chat": bot, "file_name": "x" })).await, "document");
}
