//! Bots over MTProto (B-001 … B-100).

use crate::support::*;
use zaun_schema::api::{enums, functions, types};
use zaun_testkit::{ApiClient, Message, Sandbox};

const TOKEN: &str = "4242:AAtestTESTtestTESTtestTESTtestTEST_1";
const ALICE: &str = "9996610001";

struct World {
    sandbox: Sandbox,
    alice: ApiClient,
    alice_id: i64,
    bot: ApiClient,
    to_bot: enums::InputPeer,
}

async fn log_in(client: &mut ApiClient, token: &str) -> Result<types::User, zaun_testkit::Error> {
    let request = functions::auth::ImportBotAuthorization {
        api_id: 1,
        api_hash: "hash".into(),
        bot_auth_token: token.into(),
        ..Default::default()
    };
    let enums::auth::Authorization::Authorization(done) = client.call(&request).await? else {
        panic!("a bot is asked to sign up")
    };
    let enums::User::User(user) = done.user else { panic!("an empty user") };
    client.call(&functions::updates::GetState {}).await?;
    Ok(*user)
}

async fn world() -> World {
    let sandbox = Sandbox::start().await.unwrap();
    let mut alice = client(sandbox.address()).await;
    alice.log_in(ALICE).await.unwrap();
    let mut bot = client(sandbox.address()).await;
    let user = log_in(&mut bot, TOKEN).await.unwrap();
    assert!(user.bot && user.bot_info_version.is_some() && user.phone.is_none(), "B-012");
    assert_eq!((user.id, user.username.as_deref()), (4242, Some("bot4242_bot")), "B-010");
    let found = functions::contacts::ResolveUsername { username: "bot4242_bot".into(), referer: None };
    let found = alice.call(&found).await.unwrap();
    let Some(enums::User::User(seen)) = found.users.first() else { panic!("nobody") };
    let to_bot = types::InputPeerUser { user_id: 4242, access_hash: seen.access_hash.unwrap() }.into();
    let own = functions::users::GetUsers { id: vec![enums::InputUser::InputUserSelf] };
    let own = alice.call(&own).await.unwrap();
    let Some(enums::User::User(own)) = own.first() else { panic!("nobody") };
    let alice_id = own.id;
    World { sandbox, alice, alice_id, bot, to_bot }
}

impl World {
    /// As TDLib names whom it has met: without a hash (B-027).
    fn to_alice(&self) -> enums::InputPeer {
        types::InputPeerUser { user_id: self.alice_id, access_hash: 0 }.into()
    }

    async fn start(&mut self) {
        let start = functions::messages::StartBot {
            bot: input_user(&self.to_bot),
            peer: self.to_bot.clone(),
            random_id: 1,
            start_param: String::new(),
        };
        self.alice.call(&start).await.unwrap();
    }
}

fn input_user(peer: &enums::InputPeer) -> enums::InputUser {
    let enums::InputPeer::InputPeerUser(user) = peer else { panic!("{peer:?}") };
    types::InputUser { user_id: user.user_id, access_hash: user.access_hash }.into()
}

fn text(peer: enums::InputPeer, message: &str, random_id: i64) -> functions::messages::SendMessage {
    functions::messages::SendMessage { peer, message: message.into(), random_id, ..Default::default() }
}

fn keyboard(data: &[u8]) -> enums::ReplyMarkup {
    let callback = types::InlineButtonTypeCallback { requires_password: false, data: data.to_vec().into() };
    let button = types::KeyboardInlineButton { style: None, text: "Press".into(), r#type: callback.into() };
    let row = types::KeyboardInlineButtonRow { buttons: vec![button] };
    types::ReplyInlineMarkup { force_reply: false, rows: vec![row] }.into()
}

/// Waits for a pushed update of a kind.
async fn update<T>(client: &mut ApiClient, pick: impl Fn(&enums::Update) -> Option<T>) -> T {
    let pick = |m: &Message| match m.decode::<enums::Updates>() {
        Some(enums::Updates::Updates(updates)) => updates.updates.iter().find_map(&pick),
        _ => None,
    };
    client.conversation.wait_for(pick).await.unwrap()
}

fn arrived(update: &enums::Update) -> Option<types::Message> {
    let enums::Update::UpdateNewMessage(new) = update else { return None };
    let enums::Message::Message(message) = &new.message else { return None };
    Some((**message).clone())
}

fn sent(updates: enums::Updates) -> types::Message {
    let enums::Updates::Updates(updates) = updates else { panic!("{updates:?}") };
    updates.updates.iter().find_map(arrived).unwrap()
}

#[tokio::test]
async fn b013_wrong_and_revoked_tokens_are_told_apart() {
    let w = world().await;
    let mut other = client(w.sandbox.address()).await;
    let wrong = log_in(&mut other, "4242:AAwrong").await;
    assert_eq!(text_of(wrong), "400 ACCESS_TOKEN_INVALID");
    for shape in ["", "4242", "04242:AA", "4242:with space"] {
        assert_eq!(text_of(log_in(&mut other, shape).await), "400 ACCESS_TOKEN_INVALID", "{shape}");
    }
    let bot = zaun_model_user(4242);
    let new = w.sandbox.messenger().revoke_bot_token(bot).await.unwrap();
    assert_eq!(text_of(log_in(&mut other, TOKEN).await), "400 ACCESS_TOKEN_EXPIRED");
    let mut bot = w.bot;
    let gone = bot.call(&functions::updates::GetState {}).await;
    assert!(text_of(gone).starts_with("401 "), "B-016");
    assert_eq!(log_in(&mut other, new.token.reveal()).await.unwrap().id, 4242);
}

fn text_of<T: std::fmt::Debug>(result: Result<T, zaun_testkit::Error>) -> String {
    crate::support::text(result)
}

fn zaun_model_user(id: i64) -> zaun_model::UserId {
    zaun_model::UserId(id)
}

#[tokio::test]
async fn b021_b022_methods_are_for_users_or_for_bots() {
    let mut w = world().await;
    let dialogs = functions::messages::GetDialogs { limit: 10, ..Default::default() };
    assert_eq!(text_of(w.bot.call(&dialogs).await), "400 BOT_METHOD_INVALID");
    let commands = functions::bots::GetBotCommands::default();
    assert_eq!(text_of(w.alice.call(&commands).await), "400 USER_BOT_REQUIRED");
}

#[tokio::test]
async fn b047_b050_a_bot_writes_only_to_whoever_started_it_and_did_not_block_it() {
    let mut w = world().await;
    let to_alice = w.to_alice();
    assert_eq!(text_of(w.bot.call(&text(to_alice.clone(), "hi", 1)).await), "400 PEER_ID_INVALID", "B-048");
    w.start().await;
    let start = update(&mut w.bot, arrived).await;
    assert_eq!(start.message, "/start");
    let command = start.entities.unwrap_or_default();
    assert!(matches!(command[..], [enums::MessageEntity::MessageEntityBotCommand(_)]), "B-118");
    w.bot.call(&text(to_alice.clone(), "hello", 2)).await.unwrap();
    assert_eq!(update(&mut w.alice, arrived).await.message, "hello");
    let block = functions::contacts::Block { my_stories_from: false, id: w.to_bot.clone() };
    w.alice.call(&block).await.unwrap();
    assert_eq!(text_of(w.bot.call(&text(to_alice, "hi", 3)).await), "400 USER_IS_BLOCKED", "B-050");
}

#[tokio::test]
async fn b091_a_pressed_button_is_answered_by_the_bot() {
    let mut w = world().await;
    w.start().await;
    let with_button = functions::messages::SendMessage {
        reply_markup: Some(keyboard(b"one")),
        ..text(w.to_alice(), "?", 1)
    };
    let own = sent(w.bot.call(&with_button).await.unwrap());
    let shown = update(&mut w.alice, |u| arrived(u).filter(|m| m.message == "?")).await;
    assert!(shown.reply_markup.is_some());
    let press = |data: &'static [u8]| functions::messages::GetBotCallbackAnswer {
        peer: w.to_bot.clone(),
        msg_id: shown.id,
        data: Some(bytes::Bytes::from_static(data)),
        ..Default::default()
    };
    assert_eq!(text_of(w.alice.call(&press(b"two")).await), "400 DATA_INVALID", "B-100");
    let pressed = w.alice.send(&press(b"one")).await.unwrap();
    let query = update(&mut w.bot, |u| match u {
        enums::Update::UpdateBotCallbackQuery(query) => Some(query.clone()),
        _ => None,
    })
    .await;
    assert_eq!((query.user_id, query.msg_id), (w.alice_id, own.id));
    let answer = functions::messages::SetBotCallbackAnswer {
        query_id: query.query_id,
        message: Some("pressed".into()),
        cache_time: 7,
        ..Default::default()
    };
    assert!(w.bot.call(&answer).await.unwrap());
    let result = w.alice.result_of(pressed).await.unwrap();
    let result: types::messages::BotCallbackAnswer = zaun_tl::from_bytes(result).unwrap();
    assert_eq!((result.message.as_deref(), result.cache_time), (Some("pressed"), 7));
    let strange = functions::messages::SetBotCallbackAnswer { query_id: 5, ..answer };
    assert_eq!(text_of(w.bot.call(&strange).await), "400 QUERY_ID_INVALID", "B-095");
}

#[tokio::test]
async fn b090_an_edit_without_a_keyboard_takes_it_away_and_users_have_none() {
    let mut w = world().await;
    w.start().await;
    let with_button =
        functions::messages::SendMessage { reply_markup: Some(keyboard(b"x")), ..text(w.to_alice(), "?", 1) };
    let own = sent(w.bot.call(&with_button).await.unwrap());
    let edit = functions::messages::EditMessage {
        peer: w.to_alice(),
        id: own.id,
        message: Some("!".into()),
        ..Default::default()
    };
    w.bot.call(&edit).await.unwrap();
    let edited = update(&mut w.alice, |u| match u {
        enums::Update::UpdateEditMessage(edit) => Some(edit.message.clone()),
        _ => None,
    })
    .await;
    let enums::Message::Message(edited) = edited else { panic!("{edited:?}") };
    assert_eq!((edited.message.as_str(), edited.reply_markup), ("!", None));
    let from_user = functions::messages::SendMessage {
        reply_markup: Some(keyboard(b"x")),
        ..text(w.to_bot.clone(), "mine", 2)
    };
    assert_eq!(sent(w.alice.call(&from_user).await.unwrap()).reply_markup, None);
}

#[tokio::test]
async fn b058_b060_commands_are_kept_by_scope_and_shown_in_the_profile() {
    let mut w = world().await;
    w.start().await;
    let list = |name: &str| {
        vec![types::BotCommand { command: name.into(), description: "Does it".into(), ..Default::default() }]
    };
    let set = functions::bots::SetBotCommands { commands: list("help"), ..Default::default() };
    w.bot.call(&set).await.unwrap();
    let told = update(&mut w.alice, |u| match u {
        enums::Update::UpdateBotCommands(told) => Some(told.commands.clone()),
        _ => None,
    })
    .await;
    assert_eq!(told, list("help"), "B-064");
    let users = functions::bots::SetBotCommands {
        scope: enums::BotCommandScope::BotCommandScopeUsers,
        commands: list("private"),
        ..Default::default()
    };
    w.bot.call(&users).await.unwrap();
    let full = functions::users::GetFullUser { id: input_user(&w.to_bot) };
    let commands = w.alice.call(&full).await.unwrap().full_user.bot_info.unwrap().commands.unwrap();
    assert_eq!(commands, list("private"), "B-058");
    w.bot
        .call(&functions::bots::ResetBotCommands { scope: users.scope, ..Default::default() })
        .await
        .unwrap();
    let commands = w.alice.call(&full).await.unwrap().full_user.bot_info.unwrap().commands.unwrap();
    assert_eq!(commands, list("help"), "B-060");
    let wrong = functions::bots::SetBotCommands { commands: list("Help!"), ..Default::default() };
    assert_eq!(text_of(w.bot.call(&wrong).await), "400 BOT_COMMAND_INVALID", "B-056");
}
