//! Saved Messages as a list of conversations.

use zaun_schema::api::{enums, functions, types};
use zaun_testkit::ApiClient;

use crate::support::*;

const SELF: enums::InputPeer = enums::InputPeer::InputPeerSelf;
const HIDDEN: i64 = 2_666_000;

async fn say(client: &mut ApiClient, peer: &enums::InputPeer, text: &str) -> i32 {
    let send = functions::messages::SendMessage {
        peer: peer.clone(),
        message: text.into(),
        random_id: rand::random(),
        ..Default::default()
    };
    sent_id(client.call(&send).await.unwrap())
}

fn sent_id(updates: enums::Updates) -> i32 {
    let updates = packet(updates).updates;
    let id = updates.iter().find_map(|update| match update {
        enums::Update::UpdateMessageID(update) => Some(update.id),
        _ => None,
    });
    id.unwrap()
}

async fn keep(client: &mut ApiClient, from: &enums::InputPeer, id: i32) -> i32 {
    let forward = functions::messages::ForwardMessages {
        from_peer: from.clone(),
        id: vec![id],
        random_id: vec![rand::random()],
        to_peer: SELF,
        ..Default::default()
    };
    sent_id(client.call(&forward).await.unwrap())
}

fn place(id: i64) -> enums::InputPeer {
    types::InputPeerUser { user_id: id, access_hash: 0 }.into()
}

fn dialog(id: i64) -> enums::InputDialogPeer {
    types::InputDialogPeer { peer: place(id) }.into()
}

fn user_of(peer: &enums::Peer) -> i64 {
    match peer {
        enums::Peer::PeerUser(peer) => peer.user_id,
        other => panic!("{other:?}"),
    }
}

/// Conversation, newest message, and whether it is pinned.
fn lines(found: &enums::messages::SavedDialogs) -> Vec<(i64, i32, bool)> {
    let dialogs = match found {
        enums::messages::SavedDialogs::SavedDialogs(found) => &found.dialogs,
        enums::messages::SavedDialogs::SavedDialogsSlice(found) => &found.dialogs,
        other => panic!("{other:?}"),
    };
    let line = |dialog: &enums::SavedDialog| match dialog {
        enums::SavedDialog::SavedDialog(line) => (user_of(&line.peer), line.top_message, line.pinned),
        other => panic!("{other:?}"),
    };
    dialogs.iter().map(line).collect()
}

async fn saved(client: &mut ApiClient) -> Vec<(i64, i32, bool)> {
    let all = functions::messages::GetSavedDialogs { limit: 100, ..Default::default() };
    lines(&client.call(&all).await.unwrap())
}

fn page(found: enums::messages::Messages) -> (i32, Vec<types::Message>) {
    let (count, messages) = match found {
        enums::messages::Messages::Messages(page) => (page.messages.len() as i32, page.messages),
        enums::messages::Messages::MessagesSlice(page) => (page.count, page.messages),
        other => panic!("{other:?}"),
    };
    let written = |message| match message {
        enums::Message::Message(message) => *message,
        other => panic!("{other:?}"),
    };
    (count, messages.into_iter().map(written).collect())
}

async fn history(client: &mut ApiClient, of: i64) -> (i32, Vec<types::Message>) {
    let get = functions::messages::GetSavedHistory { peer: place(of), limit: 10, ..Default::default() };
    page(client.call(&get).await.unwrap())
}

#[tokio::test]
async fn g414_g415_saved_messages_are_sorted_by_where_they_come_from() {
    let mut world = world("999665").await;
    let bob = world.alice.befriend("9996650002").await.unwrap();
    let carol = world.alice.befriend("9996650003").await.unwrap();
    let alice_at_bob = world.bob.befriend("9996650001").await.unwrap();
    let alice_at_carol = world.carol.befriend("9996650001").await.unwrap();
    let (me, him) = (id_of(&named(&mut world.bob, "9996650001").await), {
        let enums::InputPeer::InputPeerUser(bob) = &bob else { panic!() };
        bob.user_id
    });
    assert_eq!(saved(&mut world.alice).await, []);

    let note = say(&mut world.alice, &SELF, "a note").await;
    say(&mut world.bob, &alice_at_bob, "remember this").await;
    let newest = functions::messages::GetHistory { peer: bob.clone(), limit: 1, ..Default::default() };
    let (_, got) = page(world.alice.call(&newest).await.unwrap());
    let first = keep(&mut world.alice, &bob, got[0].id).await;
    let second = keep(&mut world.alice, &bob, got[0].id).await;
    // Carol does not want to be found by what is forwarded.
    let hide = functions::account::SetPrivacy {
        key: enums::InputPrivacyKey::InputPrivacyKeyForwards,
        rules: vec![enums::InputPrivacyRule::InputPrivacyValueDisallowAll],
    };
    world.carol.call(&hide).await.unwrap();
    say(&mut world.carol, &alice_at_carol, "who said that").await;
    let newest = functions::messages::GetHistory { peer: carol.clone(), limit: 1, ..Default::default() };
    let (_, got) = page(world.alice.call(&newest).await.unwrap());
    let hidden = keep(&mut world.alice, &carol, got[0].id).await;

    let all = [(HIDDEN, hidden, false), (him, second, false), (me, note, false)];
    assert_eq!(saved(&mut world.alice).await, all, "G-415");
    let next = functions::messages::GetSavedDialogs { offset_id: hidden, limit: 1, ..Default::default() };
    let slice = world.alice.call(&next).await.unwrap();
    assert_eq!(lines(&slice), [(him, second, false)]);
    let enums::messages::SavedDialogs::SavedDialogsSlice(slice) = slice else { panic!("{slice:?}") };
    assert_eq!(slice.count, 3, "G-415");

    let (count, messages) = history(&mut world.alice, him).await;
    assert_eq!((count, messages.iter().map(|m| m.id).collect::<Vec<_>>()), (2, vec![second, first]));
    assert!(messages.iter().all(|m| m.saved_peer_id.as_ref().map(user_of) == Some(him) && !m.out), "G-414");
    assert_eq!(history(&mut world.alice, HIDDEN).await.1[0].message, "who said that");

    let search = functions::messages::Search {
        peer: SELF,
        q: "remember".into(),
        saved_peer_id: Some(place(me)),
        filter: enums::MessagesFilter::InputMessagesFilterEmpty,
        limit: 10,
        ..Default::default()
    };
    assert_eq!(page(world.alice.call(&search).await.unwrap()).0, 0);
    let search = functions::messages::Search { saved_peer_id: Some(place(him)), ..search };
    assert_eq!(page(world.alice.call(&search).await.unwrap()).0, 2);
    let count = functions::messages::GetSearchCounters {
        peer: SELF,
        saved_peer_id: Some(place(him)),
        filters: vec![enums::MessagesFilter::InputMessagesFilterEmpty],
        ..Default::default()
    };
    let counted = world.alice.call(&count).await.unwrap();
    assert_eq!(counted[0].count, 2);

    let gone = functions::messages::DeleteMessages { revoke: false, id: vec![second] };
    world.alice.call(&gone).await.unwrap();
    assert_eq!(saved(&mut world.alice).await[1], (him, first, false));
    let empty = functions::messages::DeleteSavedHistory { peer: place(him), ..Default::default() };
    let affected = world.alice.call(&empty).await.unwrap();
    assert_eq!((affected.pts_count, affected.offset), (1, 0));
    assert_eq!(saved(&mut world.alice).await, [(HIDDEN, hidden, false), (me, note, false)]);
    assert_eq!(history(&mut world.alice, him).await.0, 0);
    let parent = functions::messages::GetSavedDialogs { parent_peer: Some(bob), ..Default::default() };
    assert_eq!(refused(&mut world.alice, &parent).await, "400 PARENT_PEER_INVALID");
}

#[tokio::test]
async fn g416_conversations_of_saved_messages_are_pinned() {
    let mut world = world("999665").await;
    let mut second = client(world._sandbox.address()).await;
    second.log_in("9996650001").await.unwrap();
    let alice_at_bob = world.bob.befriend("9996650001").await.unwrap();
    let bob = world.alice.befriend("9996650002").await.unwrap();
    let enums::InputPeer::InputPeerUser(him) = bob.clone() else { panic!() };
    let (me, him) = (id_of(&named(&mut world.bob, "9996650001").await), him.user_id);
    let note = say(&mut world.alice, &SELF, "a note").await;
    say(&mut world.bob, &alice_at_bob, "remember this").await;
    let newest = functions::messages::GetHistory { peer: bob.clone(), limit: 1, ..Default::default() };
    let (_, got) = page(world.alice.call(&newest).await.unwrap());
    let kept = keep(&mut world.alice, &bob, got[0].id).await;

    let pin = |id| functions::messages::ToggleSavedDialogPin { pinned: true, peer: dialog(id) };
    assert_eq!(refused(&mut world.alice, &pin(HIDDEN)).await, "400 PEER_ID_INVALID");
    world.alice.call(&pin(me)).await.unwrap();
    let told = update(&mut second, |update| match update {
        enums::Update::UpdateSavedDialogPinned(update) => Some((update.pinned, update.peer.clone())),
        _ => None,
    });
    assert!(matches!(told.await, (true, enums::DialogPeer::DialogPeer(peer)) if user_of(&peer.peer) == me));
    world.alice.call(&pin(him)).await.unwrap();
    let pinned = functions::messages::GetPinnedSavedDialogs {};
    assert_eq!(lines(&world.alice.call(&pinned).await.unwrap()), [(him, kept, true), (me, note, true)]);
    let reorder =
        functions::messages::ReorderPinnedSavedDialogs { force: true, order: vec![dialog(me), dialog(him)] };
    world.alice.call(&reorder).await.unwrap();
    let told = update(&mut second, |update| match update {
        enums::Update::UpdatePinnedSavedDialogs(update) => update.order.clone(),
        _ => None,
    });
    assert_eq!(told.await.len(), 2);
    assert_eq!(saved(&mut world.alice).await, [(me, note, true), (him, kept, true)]);
    let rest = functions::messages::GetSavedDialogs { exclude_pinned: true, limit: 5, ..Default::default() };
    assert_eq!(lines(&world.alice.call(&rest).await.unwrap()), []);
    let off = functions::messages::ReorderPinnedSavedDialogs { force: true, order: vec![dialog(him)] };
    world.alice.call(&off).await.unwrap();
    assert_eq!(saved(&mut world.alice).await, [(him, kept, true), (me, note, false)]);
    let by_id =
        functions::messages::GetSavedDialogsByID { parent_peer: None, ids: vec![SELF, place(HIDDEN)] };
    assert_eq!(lines(&world.alice.call(&by_id).await.unwrap()), [(me, note, false)]);
}
