//! Who may see or do what.

use zaun_schema::api::enums::{InputPrivacyKey as Key, InputPrivacyRule as Rule, PrivacyRule};
use zaun_schema::api::{enums, functions, types};
use zaun_testkit::ApiClient;

use crate::support::*;

async fn set(client: &mut ApiClient, key: Key, rules: Vec<Rule>) {
    client.call(&functions::account::SetPrivacy { key, rules }).await.unwrap();
}

async fn seen(client: &mut ApiClient, user: &enums::InputUser) -> types::User {
    let found = client.call(&functions::users::GetUsers { id: vec![user.clone()] }).await.unwrap();
    match found.into_iter().next() {
        Some(enums::User::User(user)) => *user,
        other => panic!("{other:?}"),
    }
}

async fn bio(client: &mut ApiClient, user: &enums::InputUser) -> Option<String> {
    client.call(&functions::users::GetFullUser { id: user.clone() }).await.unwrap().full_user.about
}

/// G-422, G-423: rules are read in order, the first that fits decides; whoever hides when it was seen does not see that of
/// others.
#[tokio::test]
async fn g422_g423_rules_decide_what_others_see() {
    let mut world = world("999668").await;
    let bob = named(&mut world.alice, "9996680002").await;
    let alice = named(&mut world.bob, "9996680001").await;
    let alice_of_carol = named(&mut world.carol, "9996680001").await;
    let carol_of_alice = named(&mut world.alice, "9996680003").await;
    let profile = functions::account::UpdateProfile { about: Some("my life".into()), ..Default::default() };
    world.alice.call(&profile).await.unwrap();
    world.alice.call(&functions::account::UpdateStatus { offline: false }).await.unwrap();
    let online = |user: &types::User| matches!(user.status, Some(enums::UserStatus::UserStatusOnline(_)));
    assert!(
        online(&seen(&mut world.bob, &alice).await) && online(&seen(&mut world.carol, &alice_of_carol).await)
    );

    let get = functions::account::GetPrivacy { key: Key::InputPrivacyKeyPhoneNumber };
    let found = world.alice.call(&get).await.unwrap();
    assert_eq!(found.rules, [PrivacyRule::PrivacyValueAllowContacts, PrivacyRule::PrivacyValueDisallowAll]);

    // All but Bob.
    let but_bob = || {
        vec![
            types::InputPrivacyValueDisallowUsers { users: vec![bob.clone()] }.into(),
            Rule::InputPrivacyValueAllowAll,
        ]
    };
    set(&mut world.alice, Key::InputPrivacyKeyStatusTimestamp, but_bob()).await;
    set(&mut world.alice, Key::InputPrivacyKeyAbout, but_bob()).await;
    set(&mut world.alice, Key::InputPrivacyKeyPhoneNumber, but_bob()).await;
    let by_bob = seen(&mut world.bob, &alice).await;
    assert!(matches!(&by_bob.status, Some(enums::UserStatus::UserStatusRecently(status)) if !status.by_me));
    assert_eq!(bio(&mut world.bob, &alice).await, None);
    let by_carol = seen(&mut world.carol, &alice_of_carol).await;
    assert!(online(&by_carol));
    assert_eq!(by_carol.phone.as_deref(), Some("9996680001"));
    assert_eq!(bio(&mut world.carol, &alice_of_carol).await.as_deref(), Some("my life"));
    // It holds in both directions.
    world.bob.call(&functions::account::UpdateStatus { offline: false }).await.unwrap();
    let by_alice = seen(&mut world.alice, &bob).await;
    assert!(matches!(&by_alice.status, Some(enums::UserStatus::UserStatusRecently(status)) if status.by_me));
    let found =
        world.alice.call(&functions::account::GetPrivacy { key: Key::InputPrivacyKeyAbout }).await.unwrap();
    assert_eq!((found.rules.len(), found.users.len()), (2, 1));

    // G-423: who may bring her into groups.
    set(&mut world.alice, Key::InputPrivacyKeyChatInvite, vec![Rule::InputPrivacyValueDisallowAll]).await;
    let create = functions::messages::CreateChat {
        users: vec![alice.clone()],
        title: "no".into(),
        ..Default::default()
    };
    assert_eq!(refused(&mut world.bob, &create).await, "400 USERS_TOO_FEW");

    // Forwards name her, but do not lead to her.
    set(&mut world.alice, Key::InputPrivacyKeyForwards, vec![Rule::InputPrivacyValueDisallowAll]).await;
    let carol = world.alice.befriend("9996680003").await.unwrap();
    let send = functions::messages::SendMessage {
        peer: carol,
        message: "between us".into(),
        random_id: 1,
        ..Default::default()
    };
    world.alice.call(&send).await.unwrap();
    let own = world.carol.befriend("9996680001").await.unwrap();
    let history = functions::messages::GetHistory { peer: own.clone(), limit: 1, ..Default::default() };
    let enums::messages::Messages::Messages(page) = world.carol.call(&history).await.unwrap() else {
        panic!()
    };
    let [enums::Message::Message(message)] = &page.messages[..] else { panic!() };
    let forward = functions::messages::ForwardMessages {
        from_peer: own,
        to_peer: enums::InputPeer::InputPeerSelf,
        id: vec![message.id],
        random_id: vec![2],
        ..Default::default()
    };
    let done = packet(world.carol.call(&forward).await.unwrap());
    let copy = done.updates.iter().find_map(|update| match update {
        enums::Update::UpdateNewMessage(update) => Some(update.message.clone()),
        _ => None,
    });
    let Some(enums::Message::Message(copy)) = copy else { panic!() };
    let header = copy.fwd_from.unwrap();
    assert!(header.from_id.is_none() && header.from_name.is_some_and(|name| !name.is_empty()), "G-319");

    // Found by her phone by nobody.
    set(&mut world.alice, Key::InputPrivacyKeyAddedByPhone, vec![Rule::InputPrivacyValueDisallowAll]).await;
    let by_phone = functions::contacts::ResolvePhone { phone: "9996680001".into() };
    assert_eq!(refused(&mut world.bob, &by_phone).await, "400 PHONE_NOT_OCCUPIED");

    // What is not enforced cannot be set, and nothing can be set to nothing.
    let calls = functions::account::SetPrivacy {
        key: Key::InputPrivacyKeyPhoneCall,
        rules: vec![Rule::InputPrivacyValueDisallowAll],
    };
    assert_eq!(refused(&mut world.alice, &calls).await, "400 PRIVACY_KEY_INVALID");
    let empty = functions::account::SetPrivacy { key: Key::InputPrivacyKeyAbout, rules: Vec::new() };
    assert_eq!(refused(&mut world.alice, &empty).await, "400 PRIVACY_VALUE_INVALID");
    let long = functions::account::SetPrivacy {
        key: Key::InputPrivacyKeyAbout,
        rules: vec![types::InputPrivacyValueAllowUsers { users: vec![carol_of_alice; 1001] }.into()],
    };
    assert_eq!(refused(&mut world.alice, &long).await, "400 PRIVACY_TOO_LONG");
}

/// G-424: who is blocked sees neither when one was there nor what one looks like.
#[tokio::test]
async fn g424_a_block_hides_status_and_bio() {
    let mut world = world("999669").await;
    let bob = world.alice.befriend("9996690002").await.unwrap();
    let alice = named(&mut world.bob, "9996690001").await;
    let profile = functions::account::UpdateProfile { about: Some("my life".into()), ..Default::default() };
    world.alice.call(&profile).await.unwrap();
    world.alice.call(&functions::account::UpdateStatus { offline: false }).await.unwrap();
    let block = functions::contacts::Block { my_stories_from: false, id: bob.clone() };
    world.alice.call(&block).await.unwrap();
    let by_bob = seen(&mut world.bob, &alice).await;
    assert!(matches!(by_bob.status, Some(enums::UserStatus::UserStatusRecently(_))), "{by_bob:?}");
    assert_eq!(bio(&mut world.bob, &alice).await, None);
    world.alice.call(&functions::contacts::Unblock { my_stories_from: false, id: bob }).await.unwrap();
    let by_bob = seen(&mut world.bob, &alice).await;
    assert!(matches!(by_bob.status, Some(enums::UserStatus::UserStatusOnline(_))));
    assert_eq!(bio(&mut world.bob, &alice).await.as_deref(), Some("my life"));
}
