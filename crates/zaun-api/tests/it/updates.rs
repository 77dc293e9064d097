//! The common box: pts, pushes, the difference (M-354 … M-392).

use crate::support::*;
use zaun_schema::api::{enums, functions, types};
use zaun_testkit::{ApiClient, Message, Sandbox};

struct World {
    sandbox: Sandbox,
    alice: ApiClient,
    bob: ApiClient,
    to_bob: enums::InputPeer,
}

const BOB: &str = "9996610002";

async fn world() -> World {
    let sandbox = Sandbox::start().await.unwrap();
    let mut alice = client(sandbox.address()).await;
    alice.log_in("9996610001").await.unwrap();
    let mut bob = client(sandbox.address()).await;
    bob.log_in(BOB).await.unwrap();
    let to_bob = alice.befriend(BOB).await.unwrap();
    World { sandbox, alice, bob, to_bob }
}

fn text_message(to: &enums::InputPeer, text: &str, random_id: i64) -> functions::messages::SendMessage {
    functions::messages::SendMessage {
        peer: to.clone(),
        message: text.into(),
        random_id,
        ..functions::messages::SendMessage::default()
    }
}

/// Sends a text; the (id, pts) of the new message in the sender's box.
async fn send(client: &mut ApiClient, to: &enums::InputPeer, text: &str, random_id: i64) -> (i32, i32) {
    match client.call(&text_message(to, text, random_id)).await.unwrap() {
        enums::Updates::UpdateShortSentMessage(sent) => {
            assert_eq!(sent.pts_count, 1, "M-358");
            (sent.id, sent.pts)
        }
        enums::Updates::Updates(updates) => {
            new_message(&updates).expect("M-363: its own event is in the result")
        }
        other => panic!("{other:?}"),
    }
}

fn new_message(updates: &types::Updates) -> Option<(i32, i32)> {
    updates.updates.iter().find_map(|update| match update {
        enums::Update::UpdateNewMessage(new) => {
            assert_eq!(new.pts_count, 1, "M-358");
            let enums::Message::Message(message) = &new.message else { return None };
            Some((message.id, new.pts))
        }
        _ => None,
    })
}

async fn pts(client: &mut ApiClient) -> i32 {
    client.call(&functions::updates::GetState {}).await.unwrap().pts
}

async fn difference(client: &mut ApiClient, pts: i32) -> enums::updates::Difference {
    client.call(&functions::updates::GetDifference { pts, date: 1, ..Default::default() }).await.unwrap()
}

fn texts(messages: &[enums::Message]) -> Vec<&str> {
    let mut texts = Vec::new();
    for message in messages {
        if let enums::Message::Message(message) = message {
            texts.push(message.message.as_str());
        }
    }
    texts
}

/// The next pushed packet of updates.
async fn pushed(client: &mut ApiClient) -> types::Updates {
    let pick = |m: &Message| match m.decode::<enums::Updates>() {
        Some(enums::Updates::Updates(updates)) => Some(updates),
        _ => None,
    };
    *client.conversation.wait_for(pick).await.unwrap()
}

#[tokio::test]
async fn m354_m358_m361_each_box_counts_its_own_events_without_gaps() {
    let World { mut alice, mut bob, to_bob, .. } = world().await;
    let (mut hers, mut his) = (pts(&mut alice).await, pts(&mut bob).await);
    for n in 1..=5 {
        let (_, pts) = send(&mut alice, &to_bob, "hello", n).await;
        assert_eq!(pts, hers + 1, "M-358");
        hers = pts;
        let updates = pushed(&mut bob).await;
        assert_eq!(new_message(&updates).unwrap().1, his + 1, "M-358");
        his += 1;
        // M-371: who is mentioned comes along, with an access hash of the receiver's own.
        let enums::User::User(user) = &updates.users[0] else { panic!("M-371") };
        assert!(user.access_hash.is_some_and(|hash| hash != 0), "M-371");
        assert_eq!((updates.seq, updates.chats.len()), (0, 0), "M-357");
    }
    assert_eq!((pts(&mut alice).await, pts(&mut bob).await), (hers, his), "M-380");
}

#[tokio::test]
async fn m359_m362_m363_deleting_is_as_many_events_as_messages_and_others_hear_of_it() {
    let World { sandbox, mut alice, mut bob, to_bob } = world().await;
    // Alice's second device.
    let mut laptop = client(sandbox.address()).await;
    laptop.log_in("9996610001").await.unwrap();
    let mut ids = Vec::new();
    for n in 1..=3 {
        ids.push(send(&mut alice, &to_bob, "short-lived", n).await.0);
        assert_eq!(new_message(&pushed(&mut laptop).await).unwrap().0, ids[ids.len() - 1], "M-361");
        pushed(&mut bob).await;
    }
    let before = pts(&mut alice).await;
    let delete = functions::messages::DeleteMessages { revoke: true, id: ids.clone() };
    let affected = alice.call(&delete).await.unwrap();
    assert_eq!((affected.pts, affected.pts_count), (before + 3, 3), "M-359, M-362");
    let heard = pushed(&mut laptop).await.updates;
    let enums::Update::UpdateDeleteMessages(deleted) = &heard[0] else { panic!("M-362: {heard:?}") };
    assert_eq!((&deleted.messages, deleted.pts, deleted.pts_count), (&ids, before + 3, 3), "M-361");
    // The caller had it in the result, and not a second time.
    assert_eq!(pts(&mut alice).await, before + 3);
    // The login of the laptop was told to her; her own messages and deletions were not.
    let own = |update: &enums::Update| match update {
        enums::Update::UpdateDeleteMessages(_) => true,
        enums::Update::UpdateNewMessage(new) => texts(std::slice::from_ref(&new.message)) == ["short-lived"],
        _ => false,
    };
    let is_own = |m: &Message| match m.decode::<enums::Updates>() {
        Some(enums::Updates::Updates(updates)) => updates.updates.iter().any(own),
        Some(enums::Updates::UpdateShortSentMessage(_)) => true,
        _ => false,
    };
    assert!(!alice.conversation.inbox.iter().any(is_own), "M-363, M-369");
}

#[tokio::test]
async fn m381_m385_m386_the_difference_shows_what_is_there_now() {
    let World { mut alice, mut bob, to_bob, .. } = world().await;
    let since = pts(&mut bob).await;
    assert!(
        matches!(difference(&mut bob, since).await, enums::updates::Difference::DifferenceEmpty(_)),
        "M-381"
    );
    let (edited, _) = send(&mut alice, &to_bob, "first", 1).await;
    let (gone, _) = send(&mut alice, &to_bob, "second", 2).await;
    send(&mut alice, &to_bob, "third", 3).await;
    let edit = functions::messages::EditMessage {
        peer: to_bob.clone(),
        id: edited,
        message: Some("first, changed".into()),
        ..functions::messages::EditMessage::default()
    };
    alice.call(&edit).await.unwrap();
    alice.call(&functions::messages::DeleteMessages { revoke: true, id: vec![gone] }).await.unwrap();
    let enums::updates::Difference::Difference(all) = difference(&mut bob, since).await else {
        panic!("M-381")
    };
    assert_eq!(texts(&all.new_messages), ["first, changed", "third"], "M-386");
    let repeated = |update: &enums::Update| {
        matches!(update, enums::Update::UpdateNewMessage(_) | enums::Update::UpdateEditMessage(_))
    };
    assert!(!all.other_updates.iter().any(repeated), "M-385");
    assert_eq!(all.state.pts, pts(&mut bob).await, "M-381: the final state");
    assert!(all.users.len() == 2 || all.users.len() == 1, "M-371");
}

#[tokio::test]
async fn m382_m383_m384_slices_go_forward_and_too_much_is_said_only_if_a_limit_was_named() {
    let World { mut alice, mut bob, to_bob, .. } = world().await;
    let since = pts(&mut bob).await;
    for n in 1..=7 {
        send(&mut alice, &to_bob, &n.to_string(), n).await;
    }
    let request = |pts, pts_limit, pts_total_limit| functions::updates::GetDifference {
        pts,
        pts_limit,
        pts_total_limit,
        date: 1,
        ..functions::updates::GetDifference::default()
    };
    let (mut at, mut seen) = (since, Vec::new());
    loop {
        match bob.call(&request(at, Some(3), None)).await.unwrap() {
            enums::updates::Difference::DifferenceSlice(slice) => {
                assert!(slice.intermediate_state.pts > at, "M-382");
                at = slice.intermediate_state.pts;
                seen.extend(texts(&slice.new_messages).into_iter().map(str::to_owned));
            }
            enums::updates::Difference::Difference(last) => {
                seen.extend(texts(&last.new_messages).into_iter().map(str::to_owned));
                break;
            }
            other => panic!("M-384: {other:?}"),
        }
    }
    assert_eq!(seen, ["1", "2", "3", "4", "5", "6", "7"]);
    let too_long = bob.call(&request(since, None, Some(5))).await.unwrap();
    let enums::updates::Difference::DifferenceTooLong(too_long) = too_long else { panic!("M-383") };
    assert_eq!(too_long.pts, since + 7, "M-383");
}

#[tokio::test]
async fn m391_m392_impossible_states_are_refused() {
    let World { mut bob, .. } = world().await;
    let now = pts(&mut bob).await;
    let ask = |pts| functions::updates::GetDifference { pts, date: 1, ..Default::default() };
    assert_eq!(text(bob.call(&ask(0)).await), "400 PERSISTENT_TIMESTAMP_EMPTY", "M-391");
    // A client that is ahead has seen what an older copy of the data does not hold: it begins anew (M-392).
    let ahead = bob.call(&ask(now + 1)).await.unwrap();
    assert_eq!(ahead, types::updates::DifferenceTooLong { pts: now }.into());
}

#[tokio::test]
async fn m372_m374_who_only_loads_files_is_not_pushed_to() {
    let World { sandbox, mut alice, bob, to_bob } = world().await;
    let mut files = bob.conversation.session.clone();
    (files.session_id, files.content_sent) = (files.session_id ^ 1, 0);
    let address = sandbox.address();
    let wire = zaun_testkit::Wire::default();
    let mut files = ApiClient::new(zaun_testkit::Conversation::resume(address, wire, files).await.unwrap());
    let get = functions::upload::GetFile { limit: 4096, ..functions::upload::GetFile::default() };
    files.call(&get).await.unwrap_err();
    let mut bob = bob;
    send(&mut alice, &to_bob, "hello", 1).await;
    pushed(&mut bob).await;
    files.call(&get).await.unwrap_err();
    let is_push = |m: &Message| m.decode::<enums::Updates>().is_some();
    assert!(!files.conversation.inbox.iter().any(is_push), "M-374");
    // Once it calls something else, it is (M-372).
    files.call(&functions::updates::GetState {}).await.unwrap();
    send(&mut alice, &to_bob, "again", 2).await;
    pushed(&mut files).await;
}

#[tokio::test]
async fn m378_other_sessions_hear_of_a_login() {
    let World { sandbox, mut alice, .. } = world().await;
    let mut second = client(sandbox.address()).await;
    second.log_in("9996610001").await.unwrap();
    loop {
        let updates = pushed(&mut alice).await.updates;
        if updates.iter().any(|u| matches!(u, enums::Update::UpdateNewAuthorization(_))) {
            break;
        }
    }
}
