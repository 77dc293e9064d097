//! Whom objects mention, and what in them is completed.

use std::collections::BTreeSet;

use zaun_schema::api::{enums, types};
use zaun_schema::visit::{Complete, Completer, Mentioned, Mentions};
use zaun_schema::{LAYER, text};
use zaun_tl::schema::{self, Category, Definition};

use crate::oracle::{Layer, Number, Rng, Schemas};

fn user(user_id: i64) -> enums::Peer {
    types::PeerUser { user_id }.into()
}

fn channel(channel_id: i64) -> enums::Peer {
    types::PeerChannel { channel_id }.into()
}

fn photo(id: i64) -> enums::Photo {
    types::Photo { id, ..Default::default() }.into()
}

fn document(id: i64) -> enums::Document {
    types::Document { id, ..Default::default() }.into()
}

/// A web page with a photo, a document, another photo in an instant view, and a story with a third in an attribute.
fn web_page() -> enums::MessageMedia {
    let story = types::StoryItem {
        media: types::MessageMediaPhoto { photo: Some(photo(34)), ..Default::default() }.into(),
        from_id: Some(user(17)),
        ..Default::default()
    };
    let attribute = types::WebPageAttributeStory { peer: channel(32), id: 1, story: Some(story.into()) };
    let page = types::WebPage {
        photo: Some(photo(31)),
        document: Some(document(32)),
        cached_page: Some(types::Page { photos: vec![photo(33)], ..Default::default() }),
        attributes: Some(vec![attribute.into()]),
        ..Default::default()
    };
    types::MessageMediaWebPage { webpage: page.into(), ..Default::default() }.into()
}

fn message() -> types::Message {
    types::Message {
        from_id: Some(user(11)),
        peer_id: types::PeerChat { chat_id: 21 }.into(),
        via_bot_id: Some(12),
        fwd_from: Some(types::MessageFwdHeader {
            from_id: Some(channel(31)),
            saved_from_id: Some(user(13)),
            ..Default::default()
        }),
        reply_to: Some(
            types::MessageReplyHeader {
                reply_to_peer_id: Some(channel(33)),
                quote_entities: Some(vec![
                    types::MessageEntityMentionName { user_id: 14, ..Default::default() }.into(),
                ]),
                ..Default::default()
            }
            .into(),
        ),
        entities: Some(vec![
            types::MessageEntityBold::default().into(),
            types::MessageEntityMentionName { user_id: 15, ..Default::default() }.into(),
        ]),
        replies: Some(types::MessageReplies {
            recent_repliers: Some(vec![user(16)]),
            channel_id: Some(34),
            ..Default::default()
        }),
        media: Some(web_page()),
        ..Default::default()
    }
}

#[test]
fn message_names_everyone_in_headers_entities_and_media() {
    let found = Mentioned::of(&enums::Message::from(message()));
    assert_eq!(found.users, (11..=17).collect());
    assert_eq!(found.chats, BTreeSet::from([21]));
    assert_eq!(found.channels, (31..=34).collect());
}

#[test]
fn actions_name_those_they_are_about() {
    let cases: [(enums::MessageAction, Mentioned); 4] = [
        (
            types::MessageActionChatAddUser { users: vec![2, 3] }.into(),
            Mentioned { users: BTreeSet::from([2, 3]), ..Default::default() },
        ),
        (
            types::MessageActionChatMigrateTo { channel_id: 4 }.into(),
            Mentioned { channels: BTreeSet::from([4]), ..Default::default() },
        ),
        (
            types::MessageActionChannelMigrateFrom { title: String::new(), chat_id: 5 }.into(),
            Mentioned { chats: BTreeSet::from([5]), ..Default::default() },
        ),
        (enums::MessageAction::MessageActionPinMessage, Mentioned::default()),
    ];
    for (action, expected) in cases {
        let message =
            types::MessageService { action: action.clone(), peer_id: user(1), ..Default::default() };
        let mut found = Mentioned::of(&enums::Message::from(message));
        assert!(found.users.remove(&1), "the chat itself");
        assert_eq!(found, expected, "{action:?}");
    }
}

#[test]
fn nobody_is_zero_and_users_and_chats_do_not_mention_themselves() {
    let update = types::UpdateUserTyping { user_id: 0, ..Default::default() };
    assert!(Mentioned::of(&enums::Update::from(update)).is_empty());
    let channel = types::Channel { id: 7, linked_monoforum_id: Some(8), ..Default::default() };
    let found = Mentioned::of(&enums::Chat::from(channel));
    assert_eq!(found.channels, BTreeSet::from([8]));
    assert!(found.users.is_empty() && found.chats.is_empty());
}

/// Notes what it was given, and marks it.
#[derive(Default)]
struct Notes(std::cell::RefCell<Vec<i64>>);

impl Completer for Notes {
    fn photo(&self, photo: &mut types::Photo) {
        photo.dc_id = 2;
        self.0.borrow_mut().push(photo.id);
    }

    fn document(&self, document: &mut types::Document) {
        document.dc_id = 2;
        self.0.borrow_mut().push(document.id);
    }
}

#[test]
fn photos_and_documents_are_completed_at_every_depth() {
    let notes = Notes::default();
    let mut message = enums::Message::from(message());
    message.complete(&notes);
    let mut ids = notes.0.into_inner();
    ids.sort_unstable();
    assert_eq!(ids, [31, 32, 33, 34]);
    let enums::Message::Message(message) = message else { unreachable!("a message") };
    let Some(enums::MessageMedia::MessageMediaWebPage(media)) = message.media else { unreachable!("a page") };
    let enums::WebPage::WebPage(page) = media.webpage else { unreachable!("a page") };
    assert!(matches!(page.photo, Some(enums::Photo::Photo(photo)) if photo.dc_id == 2));
}

/// Whom a number names, judged by the rules' names only: what every reader of the schema would say.
fn obvious(number: &Number<'_>) -> Option<&'static str> {
    match number.field {
        "user_id" | "bot_id" | "via_bot_id" | "admin_id" | "inviter_id" | "actor_id" => Some("user"),
        "channel_id" => Some("channel"),
        "chat_id" if number.constructor != "recentMeUrlChat" => Some("chat"),
        _ => None,
    }
}

/// Random objects of a constructor, and whether everyone in them is found and nobody else.
fn check<T: Mentions + zaun_tl::Decode>(layer: &Layer<'_>, definition: &Definition) -> bool {
    let mut names_somebody = false;
    for seed in 1..40 {
        let mut rng = Rng(seed * 7919);
        let bytes = layer.generate(definition, &mut rng, 3, &mut Vec::new());
        let object: T = zaun_tl::from_bytes(bytes.clone().into()).expect("an object of the newest layer");
        let found = Mentioned::of(&object);
        let numbers = layer.numbers(&bytes).expect("an object of the newest layer");
        for number in numbers.iter().filter(|number| number.value != 0) {
            let set = match obvious(number) {
                Some("user") => &found.users,
                Some("channel") => &found.channels,
                Some(_) => &found.chats,
                None => continue,
            };
            assert!(set.contains(&number.value), "seed {seed}: {number:?} in {}", definition.name);
            names_somebody = true;
        }
        let all: BTreeSet<i64> = numbers.iter().map(|number| number.value).collect();
        let sets = [&found.users, &found.chats, &found.channels];
        assert!(sets.iter().all(|set| set.is_subset(&all)), "seed {seed}: {}", definition.name);
    }
    names_somebody
}

#[test]
fn every_update_that_names_a_peer_is_seen() {
    let schemas = Schemas::api();
    let layer = schemas.layer(LAYER);
    let newest = schema::parse(text::API).expect("api.tl");
    let updates = newest.iter().filter(|it| it.category == Category::Constructor);
    let updates: Vec<_> = updates.filter(|it| it.result.to_string() == "Update").collect();
    assert!(updates.len() >= 170);
    let naming = updates.iter().filter(|update| check::<enums::Update>(&layer, update)).count();
    assert!(naming >= 110, "{naming} of {} updates name somebody", updates.len());
}

#[test]
fn random_messages_and_dialogs_are_seen_through() {
    let schemas = Schemas::api();
    let layer = schemas.layer(LAYER);
    for definition in &layer.definitions {
        let is =
            |ty: &str| definition.category == Category::Constructor && definition.result.to_string() == ty;
        if is("Message") && definition.name != "messageEmpty" {
            assert!(check::<enums::Message>(&layer, definition));
        } else if is("messages.Dialogs") {
            check::<enums::messages::Dialogs>(&layer, definition);
        } else if is("ChannelAdminLogEventAction") {
            check::<enums::ChannelAdminLogEventAction>(&layer, definition);
        } else if is("PageBlock") {
            check::<enums::PageBlock>(&layer, definition);
        }
    }
}
