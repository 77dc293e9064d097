//! Settings of accounts, and their end.

use zaun_schema::api::{enums, functions, types};

use crate::support::*;

const DAY_S: i64 = 86_400;

#[tokio::test]
async fn settings_are_what_was_set() {
    let mut world = world("999661").await;
    let bob = world.alice.befriend("9996610002").await.unwrap();
    let ttl = |days| functions::account::SetAccountTTL { ttl: types::AccountDaysTTL { days } };
    assert_eq!(world.alice.call(&functions::account::GetAccountTTL {}).await.unwrap().days, 548);
    world.alice.call(&ttl(90)).await.unwrap();
    assert_eq!(world.alice.call(&functions::account::GetAccountTTL {}).await.unwrap().days, 90);
    assert_eq!(refused(&mut world.alice, &ttl(7)).await, "400 TTL_DAYS_INVALID");

    let get = functions::account::GetContactSignUpNotification {};
    assert!(!world.alice.call(&get).await.unwrap());
    world.alice.call(&functions::account::SetContactSignUpNotification { silent: true }).await.unwrap();
    assert!(world.alice.call(&get).await.unwrap());

    let settings = types::ReactionsNotifySettings {
        messages_notify_from: Some(enums::ReactionNotificationsFrom::ReactionNotificationsFromContacts),
        stories_notify_from: None,
        poll_votes_notify_from: None,
        sound: enums::NotificationSound::NotificationSoundNone,
        show_previews: false,
    };
    world
        .alice
        .call(&functions::account::SetReactionsNotifySettings { settings: settings.clone() })
        .await
        .unwrap();
    let got = world.alice.call(&functions::account::GetReactionsNotifySettings {}).await.unwrap();
    assert_eq!(got, settings);

    // What is not enforced cannot be set.
    let settings = types::GlobalPrivacySettings { hide_read_marks: true, ..Default::default() };
    let set = functions::account::SetGlobalPrivacySettings { settings };
    assert_eq!(refused(&mut world.alice, &set).await, "400 AUTOARCHIVE_NOT_AVAILABLE");

    let exceptions = functions::account::GetNotifyExceptions::default();
    let found = packet(world.alice.call(&exceptions).await.unwrap());
    assert!(found.updates.is_empty());
    let mute = functions::account::UpdateNotifySettings {
        peer: types::InputNotifyPeer { peer: bob }.into(),
        settings: types::InputPeerNotifySettings { mute_until: Some(i32::MAX), ..Default::default() },
    };
    world.alice.call(&mute).await.unwrap();
    let found = packet(world.alice.call(&exceptions).await.unwrap());
    let [enums::Update::UpdateNotifySettings(update)] = &found.updates[..] else { panic!("{found:?}") };
    assert_eq!((update.notify_settings.mute_until, found.users.len()), (Some(i32::MAX), 1));
    let groups = functions::account::GetNotifyExceptions {
        peer: Some(enums::InputNotifyPeer::InputNotifyChats),
        ..Default::default()
    };
    assert!(packet(world.alice.call(&groups).await.unwrap()).updates.is_empty());
}

#[tokio::test]
async fn a_deleted_account_is_an_empty_shell() {
    let mut world = world("999662").await;
    let alice = named(&mut world.bob, "9996620001").await;
    world.alice.befriend("9996620002").await.unwrap();
    let create = functions::messages::CreateChat {
        users: vec![alice.clone()],
        title: "both".into(),
        ..Default::default()
    };
    world.bob.call(&create).await.unwrap();
    let delete = functions::account::DeleteAccount { reason: "enough".into(), password: None };
    assert!(world.alice.call(&delete).await.unwrap());
    assert_eq!(
        refused(&mut world.alice, &functions::updates::GetState {}).await,
        "401 AUTH_KEY_UNREGISTERED"
    );
    let found = world.bob.call(&functions::users::GetUsers { id: vec![alice] }).await.unwrap();
    let [enums::User::User(shell)] = &found[..] else { panic!("{found:?}") };
    assert!(shell.deleted && shell.username.is_none() && shell.photo.is_none(), "{shell:?}");
    // The phone is free for a new account.
    world.alice.log_in("9996620001").await.unwrap();
    let own = functions::users::GetUsers { id: vec![enums::InputUser::InputUserSelf] };
    let own = world.alice.call(&own);
    let [enums::User::User(own)] = &own.await.unwrap()[..] else { panic!() };
    assert_ne!(own.id, shell.id);
}

#[tokio::test]
async fn an_account_that_nobody_uses_is_deleted_when_its_owner_said_so() {
    let mut world = world("999663").await;
    let alice = named(&mut world.bob, "9996630001").await;
    let carol = named(&mut world.bob, "9996630003").await;
    let ttl = functions::account::SetAccountTTL { ttl: types::AccountDaysTTL { days: 30 } };
    world.alice.call(&ttl).await.unwrap();
    world._sandbox.advance(31 * DAY_S).await;
    let found = world.bob.call(&functions::users::GetUsers { id: vec![alice, carol] }).await.unwrap();
    let deleted = found.iter().map(|user| match user {
        enums::User::User(user) => user.deleted,
        other => panic!("{other:?}"),
    });
    assert_eq!(deleted.collect::<Vec<_>>(), [true, false]);
}
