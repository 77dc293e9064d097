//! Rules of supergroups and channels that nobody sees on the wire until they are broken.

use zaun_messenger::channels::{LogFilter, NewChannel, Toggle};
use zaun_messenger::messages::history::Window;
use zaun_messenger::messages::search::Query;
use zaun_messenger::messages::send::ReplyTo;
use zaun_messenger::peers::PeerRef;
use zaun_messenger::updates::ChannelDifference;
use zaun_messenger::{Actor, Error};
use zaun_model::rights::{AdminRights, BannedRights};
use zaun_model::{ChannelId, MsgId, Peer, Pts, UnixTime};
use zaun_schema::api::enums;
use zaun_store::repo::channels;

use crate::world::{World, text, user};

fn refusal<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.expect_err("this is to be refused").to_string()
}

/// A channel of Alice's.
async fn channel(w: &World, broadcast: bool) -> (ChannelId, PeerRef) {
    let new = NewChannel { broadcast, title: "Channel".into(), ..NewChannel::default() };
    let id = w.messenger.create_channel(w.alice, new).await.unwrap().value.0;
    (id, PeerRef::Known(Peer::Channel(id)))
}

async fn say(w: &World, from: Actor, to: PeerRef, words: &str, random_id: i64) -> Result<MsgId, Error> {
    let sent = w.messenger.send(from, to, vec![text(words, random_id)]).await?;
    Ok(sent.value[0].message.id())
}

fn window(limit: i32) -> Window {
    Window { limit, ..Window::default() }
}

fn sought(peer: Option<PeerRef>) -> Query {
    Query { peer, text: "secret".into(), window: window(10), ..Query::default() }
}

#[tokio::test]
async fn g226_g227_what_lies_before_a_newcomer_is_hidden_from_every_way_to_it() {
    let w = World::new().await;
    let (_, group) = channel(&w, false).await;
    let hidden = say(&w, w.alice, group, "secret plan", 1).await.unwrap();
    w.messenger.toggle_channel(w.alice, group, Toggle::HiddenHistory(true)).await.unwrap();
    w.messenger.invite_to_channel(w.alice, group, vec![user(w.bob)]).await.unwrap();
    let open = say(&w, w.alice, group, "open words", 2).await.unwrap();

    let page = w.messenger.history(w.bob, group, window(10)).await.unwrap();
    assert!(page.messages.iter().all(|message| message.id() > hidden) && page.messages[0].id() == open);
    for place in [Some(group), None] {
        let found = w.messenger.search(w.bob, sought(place)).await.unwrap();
        assert!(found.messages.is_empty(), "search {place:?}");
        assert_eq!(w.messenger.search(w.alice, sought(place)).await.unwrap().messages.len(), 1, "the owner");
    }
    let told = w.messenger.channel_difference(w.bob, group, Pts(1), 100).await.unwrap();
    let ChannelDifference::Events(events) = told else { panic!("{told:?}") };
    assert!(events.new_messages.iter().all(|message| message.id() > hidden), "the difference");
    let elsewhere = ReplyTo { msg_id: hidden, elsewhere: Some(group), ..ReplyTo::default() };
    let mut draft = text("look", 3);
    draft.reply_to = Some(elsewhere);
    let sent = w.messenger.send(w.bob, user(w.alice), vec![draft]).await.unwrap();
    let enums::Message::Message(answer) = sent.value[0].message.to_tl() else { panic!("a text") };
    assert!(answer.reply_to.is_none(), "an answer elsewhere");

    w.messenger.toggle_channel(w.alice, group, Toggle::HiddenHistory(false)).await.unwrap();
    let page = w.messenger.history(w.bob, group, window(10)).await.unwrap();
    assert!(page.messages.iter().any(|message| message.id() == hidden), "shown again");
}

#[tokio::test]
async fn g223_a_slow_mode_binds_members_and_a_repetition_is_no_second_message() {
    let w = World::new().await;
    let (_, group) = channel(&w, false).await;
    w.messenger.invite_to_channel(w.alice, group, vec![user(w.bob)]).await.unwrap();
    assert_eq!(
        refusal(w.messenger.toggle_channel(w.alice, group, Toggle::SlowMode(7)).await),
        "400 SECONDS_INVALID",
        "G-222"
    );
    w.messenger.toggle_channel(w.alice, group, Toggle::SlowMode(30)).await.unwrap();
    let first = say(&w, w.bob, group, "one", 1).await.unwrap();
    assert_eq!(refusal(say(&w, w.bob, group, "two", 2).await), "420 SLOWMODE_WAIT_30");
    assert_eq!(say(&w, w.bob, group, "one", 1).await.unwrap(), first, "M-218");
    say(&w, w.alice, group, "the owner is free", 3).await.unwrap();
    w.advance(30);
    say(&w, w.bob, group, "two", 2).await.unwrap();
}

#[tokio::test]
async fn g138_a_restriction_ends_by_itself_and_a_removed_one_is_free_to_return() {
    let w = World::new().await;
    let (id, group) = channel(&w, false).await;
    let carol = w.another(1).await;
    w.messenger.invite_to_channel(w.alice, group, vec![user(w.bob), user(carol)]).await.unwrap();
    let until = UnixTime(w.messenger.now().0 + 60);
    let (mute, remove) = (BannedRights::SEND_MESSAGES, BannedRights::VIEW_MESSAGES);
    w.messenger.edit_channel_banned(w.alice, group, user(w.bob), mute, until).await.unwrap();
    w.messenger.edit_channel_banned(w.alice, group, user(carol), remove, until).await.unwrap();
    assert!(say(&w, w.bob, group, "muted", 1).await.is_err());
    // Whoever is appointed meanwhile keeps what was given.
    w.advance(59);
    w.messenger.end_restrictions().await.unwrap();
    assert!(say(&w, w.bob, group, "muted", 1).await.is_err(), "not yet");
    w.advance(2);
    w.messenger.end_restrictions().await.unwrap();
    say(&w, w.bob, group, "free", 2).await.unwrap();
    let row = w.store.read(move |tx| channels::member(tx, id, carol.user_id)).await.unwrap().unwrap();
    assert_eq!((row.status, row.banned), (channels::LEFT, BannedRights::NONE));
}

#[tokio::test]
async fn g118_g129_rights_that_fit_are_given_and_an_appointment_ends_a_restriction() {
    let w = World::new().await;
    let (id, group) = channel(&w, false).await;
    w.messenger.invite_to_channel(w.alice, group, vec![user(w.bob)]).await.unwrap();
    let until = UnixTime(w.messenger.now().0 + 60);
    let mute = BannedRights::SEND_MESSAGES;
    w.messenger.edit_channel_banned(w.alice, group, user(w.bob), mute, until).await.unwrap();
    let foreign = AdminRights::POST_MESSAGES;
    let appoint = |rights| w.messenger.edit_channel_admin(w.alice, group, user(w.bob), rights, None);
    assert_eq!(refusal(appoint(foreign).await), "403 RIGHT_FORBIDDEN", "G-118");
    appoint(foreign | AdminRights::BAN_USERS).await.unwrap();
    w.advance(120);
    w.messenger.end_restrictions().await.unwrap();
    let find = move |tx: &zaun_store::Tx<'_>| channels::member(tx, id, w.bob.user_id);
    let row = w.store.read(find).await.unwrap().unwrap();
    assert_eq!(row.admin, AdminRights::BAN_USERS | AdminRights::OTHER);
    assert_eq!((row.by_id, row.banned, row.banned_until), (w.alice.user_id, BannedRights::NONE, UnixTime(0)));
}

#[tokio::test]
async fn g165_signed_posts_name_their_author_and_profiles_show_it() {
    let w = World::new().await;
    let (_, news) = channel(&w, true).await;
    let post = async |random_id| {
        let sent = w.messenger.send(w.alice, news, vec![text("news", random_id)]).await.unwrap();
        let enums::Message::Message(post) = sent.value[0].message.to_tl() else { panic!("a post") };
        (post.post, post.post_author, post.from_id.is_some())
    };
    assert_eq!(post(1).await, (true, None, false), "G-161");
    let names = Toggle::Signatures { names: true, profiles: false };
    w.messenger.toggle_channel(w.alice, news, names).await.unwrap();
    assert_eq!(refusal(w.messenger.toggle_channel(w.alice, news, names).await), "400 CHAT_NOT_MODIFIED");
    assert_eq!(post(2).await, (true, Some("Alice".into()), false));
    let profiles = Toggle::Signatures { names: true, profiles: true };
    w.messenger.toggle_channel(w.alice, news, profiles).await.unwrap();
    assert_eq!(post(3).await, (true, Some("Alice".into()), true));
}

#[tokio::test]
async fn g237_g239_the_log_is_for_administrators_and_its_numbers_rise_for_ever() {
    let w = World::new().await;
    let (_, group) = channel(&w, false).await;
    w.messenger.invite_to_channel(w.alice, group, vec![user(w.bob)]).await.unwrap();
    let log = async |who, text: &str| {
        let filter = LogFilter { text: text.into(), limit: 10, ..LogFilter::default() };
        w.messenger.admin_log(who, group, filter).await.map(|page| page.events)
    };
    assert_eq!(refusal(log(w.bob, "").await), "403 CHAT_ADMIN_REQUIRED");
    let before = log(w.alice, "").await.unwrap();
    assert_eq!((before.len(), log(w.alice, "bo").await.unwrap().len()), (1, 1), "an invitation of Bob");
    assert!(log(w.alice, "zoe").await.unwrap().is_empty());
    w.advance(49 * 3600);
    w.messenger.sweep().await.unwrap();
    assert!(log(w.alice, "").await.unwrap().is_empty(), "G-238");
    w.messenger.edit_channel_title(w.alice, group, "Other").await.unwrap();
    let after = log(w.alice, "").await.unwrap();
    assert!(after[0].1.id > before[0].1.id, "G-239");
}
