//! What becomes of a message on its way: answers, copies, pins, and what only bots may say.

use zaun_messenger::messages::content::{Body, Content};
use zaun_messenger::messages::forward::Forward;
use zaun_messenger::messages::send::{Draft, Quote, ReplyTo};
use zaun_messenger::views::Message;
use zaun_messenger::{Actor, Audience, Event};
use zaun_model::MsgId;
use zaun_schema::api::{enums, types};

use crate::world::{World, text, user};

impl World {
    /// The newest message that a user was told of since the last call.
    fn told_to(&self, actor: Actor) -> Message {
        let to_actor =
            |delivery: &zaun_messenger::Delivery| delivery.audience == Audience::User(actor.user_id);
        let told = self.told.take().into_iter().filter(to_actor);
        let messages = told.filter_map(|delivery| match delivery.event {
            Event::Message(message) => Some((*message).clone()),
            _ => None,
        });
        messages.last().expect("a message was told")
    }

    async fn forward(
        &self,
        by: Actor,
        from: Actor,
        to: Actor,
        id: MsgId,
        random_id: i64,
    ) -> (MsgId, types::MessageFwdHeader) {
        let forward = Forward {
            send_as: None,
            from: user(from),
            to: user(to),
            messages: vec![(id, random_id)],
            drop_author: false,
            drop_captions: false,
            silent: false,
            noforwards: false,
            thread: None,
        };
        let sent = self.messenger.forward_messages(by, forward).await.unwrap().value;
        let content = sent[0].message.body.written().unwrap();
        (sent[0].message.id(), fwd_header(content))
    }
}

fn fwd_header(content: &Content) -> types::MessageFwdHeader {
    content.message.fwd_from.clone().unwrap()
}

fn peer(actor: Actor) -> enums::Peer {
    types::PeerUser { user_id: actor.user_id.0 }.into()
}

fn header(message: &Message) -> types::MessageReplyHeader {
    match message.body.written().unwrap().message.reply_to.clone() {
        Some(enums::MessageReplyHeader::MessageReplyHeader(header)) => *header,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn g323_an_answer_elsewhere_tells_what_was_answered() {
    let w = World::new().await;
    let carol = w.another(1).await;
    let (asked, _) = w.post(w.bob, w.alice, text("Where is the key?", 1)).await;
    let asked = MsgId(asked.0);
    let quote = Some(Quote { text: "the key".into(), ..Quote::default() });
    let reply_to = Some(ReplyTo { msg_id: asked, elsewhere: Some(user(w.bob)), quote, thread: None });
    w.told.take();
    w.post(w.alice, carol, Draft { reply_to, ..text("Do you know?", 2) }).await;
    let header = header(&w.told_to(carol));
    assert_eq!(header.quote_text.as_deref(), Some("the key"));
    let from = header.reply_from.expect("G-323");
    assert_eq!(from.from_id, Some(peer(w.bob)));
    assert!(from.date > 0, "G-323");
    // A private chat's numbers mean nothing to anybody else.
    assert_eq!((header.reply_to_peer_id, header.reply_to_msg_id), (None, None));
}

#[tokio::test]
async fn g321_only_saved_messages_know_where_they_were_saved_from() {
    let w = World::new().await;
    let carol = w.another(1).await;
    let (id, _) = w.post(w.alice, w.bob, text("a secret", 1)).await;
    let (saved, header) = w.forward(w.alice, w.bob, w.alice, id, 2).await;
    assert_eq!(header.saved_from_peer, Some(peer(w.bob)));
    assert_eq!((header.saved_from_msg_id, header.saved_out), (Some(id.0), true));
    assert_eq!((header.saved_from_id, header.saved_date), (None, None), "it was no forward before");
    let (there, header) = w.forward(w.alice, w.alice, carol, saved, 3).await;
    let untold =
        types::MessageFwdHeader { from_id: Some(peer(w.alice)), date: header.date, ..Default::default() };
    assert_eq!(header, untold);
    // A forward of a forward says who passed it on, and when.
    let (_, header) = w.forward(w.alice, carol, w.alice, there, 4).await;
    assert_eq!((header.saved_from_id, header.saved_out), (Some(peer(w.alice)), true));
    assert!(header.saved_date.is_some());
}

#[tokio::test]
async fn g414_a_note_says_to_which_saved_conversation_it_belongs() {
    let w = World::new().await;
    let saved_peer = |message: &Message| message.body.written().unwrap().message.saved_peer_id.clone();
    w.post(w.alice, w.alice, text("a note", 1)).await;
    assert_eq!(saved_peer(&w.told_to(w.alice)), Some(peer(w.alice)));
    let (id, _) = w.post(w.alice, w.bob, text("hello", 2)).await;
    assert_eq!(saved_peer(&w.told_to(w.bob)), None);
    w.forward(w.alice, w.bob, w.alice, id, 3).await;
    assert_eq!(saved_peer(&w.told_to(w.alice)), Some(peer(w.bob)));
}

#[tokio::test]
async fn buttons_and_protection_of_a_users_message_are_left_out() {
    let w = World::new().await;
    let keyboard = types::ReplyKeyboardHide::default();
    let message =
        types::Message { noforwards: true, reply_markup: Some(keyboard.into()), ..types::Message::default() };
    let content = Content { text: "hello".into(), message };
    w.post(w.alice, w.bob, Draft { content, ..text("", 1) }).await;
    let told = w.told_to(w.bob);
    let message = &told.body.written().unwrap().message;
    assert_eq!((&message.reply_markup, message.noforwards), (&None, false));
}

#[tokio::test]
async fn an_emptied_conversation_stays_in_the_list_and_a_deleted_one_goes() {
    let w = World::new().await;
    let listed = async || {
        let page = w.messenger.dialogs(w.alice, 0, Default::default(), false, 10).await.unwrap();
        page.page.lines.into_iter().map(|line| line.top.unwrap().body).collect::<Vec<_>>()
    };
    w.post(w.alice, w.bob, text("hello", 1)).await;
    let before = w.messenger.state(w.alice).await.unwrap().pts;
    let cleared = w.messenger.delete_history(w.alice, user(w.bob), MsgId(0), true, false).await.unwrap();
    assert_eq!((cleared.pts.0 - before.0, cleared.pts_count), (2, 2));
    let listed_bodies = listed().await;
    let [Body::Service(mark)] = listed_bodies.as_slice() else { panic!("a mark stays") };
    assert_eq!(mark.action, enums::MessageAction::MessageActionHistoryClear);
    w.messenger.delete_history(w.alice, user(w.bob), MsgId(0), false, false).await.unwrap();
    assert!(listed().await.is_empty());
}

#[tokio::test]
async fn a_pin_is_told_by_a_message_that_answers_the_pinned_one() {
    let w = World::new().await;
    w.post(w.bob, w.bob, text("a note that moves the numbers apart", 1)).await;
    let (id, _) = w.post(w.alice, w.bob, text("remember", 2)).await;
    w.told.take();
    w.messenger.pin_message(w.alice, user(w.bob), id, true, false).await.unwrap();
    let told = w.told_to(w.bob);
    let Body::Service(service) = &told.body else { panic!("{told:?}") };
    assert_eq!(service.action, enums::MessageAction::MessageActionPinMessage);
    assert_eq!(told.row.reply_to_id, Some(MsgId(id.0 + 1)), "as the receiver numbers it");
    // For oneself alone, and when it is taken back, nobody is told.
    for (pinned, one_side) in [(false, false), (true, true)] {
        w.messenger.pin_message(w.alice, user(w.bob), id, pinned, one_side).await.unwrap();
        let messages = w.told.take().into_iter().filter(|told| matches!(told.event, Event::Message(_)));
        assert_eq!(messages.count(), 0);
    }
}

#[tokio::test]
async fn drafts_have_the_bounds_of_messages_and_keep_their_blanks() {
    let w = World::new().await;
    let save = async |draft: types::DraftMessage| {
        w.messenger.save_draft(w.alice, user(w.bob), MsgId(0), Some(draft)).await
    };
    let draft = |message: &str, entities: Vec<enums::MessageEntity>| types::DraftMessage {
        message: message.into(),
        entities: Some(entities),
        ..types::DraftMessage::default()
    };
    let bold = |offset, length| enums::MessageEntity::from(types::MessageEntityBold { offset, length });
    assert_eq!(
        save(draft("abc", vec![bold(1, 3)])).await.unwrap_err().to_string(),
        "400 ENTITY_BOUNDS_INVALID"
    );
    assert_eq!(save(draft(&"x".repeat(4097), vec![])).await.unwrap_err().to_string(), "400 MESSAGE_TOO_LONG");
    save(draft(" half a word ", vec![bold(0, 3), bold(2, 4)])).await.unwrap();
    let kept = w.messenger.drafts(w.alice).await.unwrap().drafts.pop().unwrap().1;
    assert_eq!((kept.message.as_str(), kept.entities), (" half a word ", Some(vec![bold(0, 6)])));
}

#[tokio::test]
async fn lengths_are_counted_in_code_points() {
    let w = World::new().await;
    let longest = "😀".repeat(4096);
    w.post(w.alice, w.bob, text(&longest, 1)).await;
    let longer = w.messenger.send(w.alice, user(w.bob), vec![text(&(longest + "!"), 2)]).await;
    assert_eq!(longer.unwrap_err().to_string(), "400 MESSAGE_TOO_LONG");
}
