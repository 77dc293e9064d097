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

#[tokio::test]
async fn people_react_vote_and_follow_links() {
    let stage = Stage::open().await;
    stage.user("anna").await;
    stage.user("ben").await;
    let (bot, token) = stage.bot("Shop").await;
    let club =
        json!({ "kind": "supergroup", "title": "Club", "owner": "anna", "members": [bot], "admins": [bot] });
    let club = stage.call("create_chat", club).await["id"].clone();
    let link = stage.bot_api(&token, "createChatInviteLink", json!({ "chat_id": club })).await.1;
    let followed = json!({ "as": "ben", "link": link["result"]["invite_link"] });
    assert_eq!(stage.call("follow", followed).await["chat"]["id"], club);
    let wrong = stage.refused("follow", json!({ "as": "ben", "link": "https://t.me/+nowhere" })).await;
    assert_eq!(wrong.field.as_deref(), Some("link"));

    let poll =
        json!({ "chat_id": club, "question": "Tea?", "options": ["yes", "no"], "is_anonymous": false });
    let poll = stage.bot_api(&token, "sendPoll", poll).await.1["result"]["message_id"].clone();
    let vote = |options: serde_json::Value| json!({ "as": "ben", "chat": club, "message": poll, "options": options });
    let voted = stage.call("vote", vote(json!(["yes"]))).await;
    assert_eq!(voted["poll"]["options"][0]["voter_count"], 1, "{voted}");
    let wrong = stage.refused("vote", vote(json!(["perhaps"]))).await;
    assert_eq!(wrong.field.as_deref(), Some("options[0]"));
    assert_eq!(stage.call("vote", vote(json!([]))).await["poll"]["total_voter_count"], 0);

    let react = json!({ "as": "ben", "chat": club, "message": poll, "emoji": "👍" });
    stage.call("react", react).await;
    let wrong = json!({ "as": "ben", "chat": club, "message": poll, "emoji": "🤦" });
    assert_eq!(stage.refused("react", wrong).await.field.as_deref(), Some("emoji"));
}

/// B-127 … B-142: a bot sells, is asked, and is paid; in stars as well as by card.
#[tokio::test]
async fn a_bot_is_paid() {
    let stage = Stage::open().await;
    stage.user("anna").await;
    let (bot, token) = stage.bot("Shop").await;
    stage.call("send", json!({ "as": "anna", "chat": bot, "text": "/start" })).await;
    let api = async |method: &str, params: serde_json::Value| stage.bot_api(&token, method, params).await;
    let invoice = |currency: &str, provider: &str| {
        json!({
            "chat_id": 1_000_001, "title": "Tea", "description": "A cup", "payload": "tea-1", "currency": currency,
            "provider_token": provider, "prices": [{ "label": "Tea", "amount": 250 }],
        })
    };
    assert_eq!(
        api("sendInvoice", invoice("EUR", "")).await.1["description"],
        "Bad Request: PAYMENT_PROVIDER_INVALID"
    );
    let sent = api("sendInvoice", invoice("EUR", "1:TEST:2")).await.1["result"].clone();
    assert_eq!(
        (&sent["invoice"]["total_amount"], &sent["invoice"]["currency"]),
        (&json!(250), &json!("EUR"))
    );
    assert_eq!(sent["reply_markup"]["inline_keyboard"][0][0]["pay"], true);

    // The bot's answers, whatever it is asked.
    let offset = std::cell::Cell::new(0);
    let answers = async |ok: bool| {
        loop {
            let (_, got) = api("getUpdates", json!({ "timeout": 5, "offset": offset.get() })).await;
            for update in got["result"].as_array().unwrap() {
                offset.set(update["update_id"].as_i64().unwrap() + 1);
                if update["pre_checkout_query"].is_object() {
                    let query = update["pre_checkout_query"].clone();
                    let answer = json!({
                        "pre_checkout_query_id": query["id"], "ok": ok, "error_message": "sold out",
                    });
                    assert_eq!(api("answerPreCheckoutQuery", answer).await.0, 200);
                    return query;
                }
            }
        }
    };
    let seen =
        stage.call("wait_message", json!({ "as": "anna", "chat": bot, "button": "Pay 2.50 EUR" })).await;
    let pay = |card: &str| json!({ "as": "anna", "chat": bot, "message": seen["message_id"], "card": card });
    let refused = stage.refused("pay", pay("4000000000000002")).await;
    assert_eq!(refused.text, "PAYMENT_FAILED", "B-131");
    let (refused, _) = tokio::join!(stage.refused("pay", pay("4242 4242 4242 4242")), answers(false));
    assert_eq!(refused.text, "BOT_PRECHECKOUT_FAILED", "B-134");
    let (paid, query) = tokio::join!(stage.call("pay", pay("4242 4242 4242 4242")), answers(true));
    assert_eq!((&query["invoice_payload"], &query["total_amount"]), (&json!("tea-1"), &json!(250)));
    let (_, got) = api("getUpdates", json!({ "timeout": 5, "offset": -1 })).await;
    let told = &got["result"][0]["message"]["successful_payment"];
    assert_eq!(told["telegram_payment_charge_id"], paid["charge"], "B-138: {got}");

    // B-133, B-141, B-142, B-144
    let link = api("createInvoiceLink", invoice("XTR", "")).await.1["result"].clone();
    let pay = json!({ "as": "anna", "link": link });
    assert_eq!(stage.refused("pay", pay.clone()).await.text, "BALANCE_TOO_LOW");
    assert_eq!(stage.call("give_stars", json!({ "user": "anna", "amount": 300 })).await["balance"], 300);
    let (paid, _) = tokio::join!(stage.call("pay", pay), answers(true));
    assert_eq!(api("getMyStarBalance", json!({})).await.1["result"]["amount"], 250);
    let refund = json!({ "user_id": 1_000_001, "telegram_payment_charge_id": paid["charge"] });
    assert_eq!(api("refundStarPayment", refund.clone()).await.0, 200);
    let again = api("refundStarPayment", refund).await.1;
    assert_eq!(again["description"], "Bad Request: CHARGE_ALREADY_REFUNDED");
    let list = api("getStarTransactions", json!({})).await.1["result"]["transactions"].clone();
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert_eq!((&list[0]["id"], &list[0]["source"]["invoice_payload"]), (&paid["charge"], &json!("tea-1")));
    assert_eq!(api("getMyStarBalance", json!({})).await.1["result"]["amount"], 0);
}
