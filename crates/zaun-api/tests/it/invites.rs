//! Invite links and requests to join, with three people.

use zaun_schema::api::{enums, functions, types};
use zaun_testkit::ApiClient;

use crate::support::*;

/// A new supergroup, as its creator names it.
async fn supergroup(client: &mut ApiClient) -> (types::InputPeerChannel, types::InputChannel) {
    let create = functions::channels::CreateChannel {
        megagroup: true,
        title: "Garden".into(),
        about: "What grows".into(),
        ..Default::default()
    };
    let Some(enums::Chat::Channel(made)) = packet(client.call(&create).await.unwrap()).chats.pop() else {
        panic!("a channel")
    };
    let (channel_id, access_hash) = (made.id, made.access_hash.unwrap());
    (types::InputPeerChannel { channel_id, access_hash }, types::InputChannel { channel_id, access_hash })
}

fn exported(invite: enums::ExportedChatInvite) -> types::ChatInviteExported {
    match invite {
        enums::ExportedChatInvite::ChatInviteExported(invite) => *invite,
        other => panic!("{other:?}"),
    }
}

fn hash(invite: &types::ChatInviteExported) -> String {
    let hash = invite.link.strip_prefix("https://t.me/+").expect("G-173");
    hash.to_owned()
}

async fn check(client: &mut ApiClient, hash: &str) -> Result<enums::ChatInvite, String> {
    let check = functions::messages::CheckChatInvite { hash: hash.into() };
    client.call(&check).await.map_err(|e| e.to_string())
}

async fn join(client: &mut ApiClient, hash: &str) -> types::Updates {
    let import = functions::messages::ImportChatInvite { hash: hash.into() };
    match client.call(&import).await.unwrap() {
        enums::messages::ChatInviteJoinResult::ChatInviteJoinResultOk(joined) => packet(joined.updates),
        other => panic!("{other:?}"),
    }
}

fn actions(updates: &types::Updates) -> Vec<enums::MessageAction> {
    let action = |update: &enums::Update| match update {
        enums::Update::UpdateNewChannelMessage(new) => action_of(&new.message),
        enums::Update::UpdateNewMessage(new) => action_of(&new.message),
        _ => None,
    };
    updates.updates.iter().filter_map(action).collect()
}

fn action_of(message: &enums::Message) -> Option<enums::MessageAction> {
    match message {
        enums::Message::MessageService(service) => Some(service.action.clone()),
        _ => None,
    }
}

/// G-042, G-074, G-174, G-187 … G-190: the permanent link of a group lets people in, once each.
#[tokio::test]
async fn g187_g190_a_link_shows_a_group_and_lets_in() {
    let mut world = world("999664").await;
    let users = vec![named(&mut world.alice, "9996640002").await];
    let create = functions::messages::CreateChat { users, title: "Kitchen".into(), ttl_period: None };
    let made = packet(world.alice.call(&create).await.unwrap().updates);
    let Some(enums::Chat::Chat(chat)) = made.chats.first() else { panic!("{made:?}") };
    let page = functions::messages::GetFullChat { chat_id: chat.id };
    let enums::ChatFull::ChatFull(full) = world.alice.call(&page).await.unwrap().full_chat else { panic!() };
    let invite = exported(full.exported_invite.expect("G-042"));
    assert!(invite.permanent && invite.usage.is_none() && invite.title.is_none(), "{invite:?}");
    // Who may not invite does not see it.
    let enums::ChatFull::ChatFull(full) = world.bob.call(&page).await.unwrap().full_chat else { panic!() };
    assert!(full.exported_invite.is_none());

    let hash = hash(&invite);
    let enums::ChatInvite::ChatInvite(seen) = check(&mut world.carol, &hash).await.unwrap() else { panic!() };
    assert_eq!((seen.title.as_str(), seen.participants_count), ("Kitchen", 2));
    assert!(!seen.channel && !seen.megagroup && !seen.broadcast && !seen.public, "G-188");
    assert_eq!(seen.participants.map(|people| people.len()), Some(2));

    let joined = join(&mut world.carol, &hash).await;
    let expected = types::MessageActionChatJoinedByLink { inviter_id: invite.admin_id };
    assert_eq!(actions(&joined), [expected.into()]);
    let Some(enums::Chat::Chat(seen)) = joined.chats.first() else { panic!("{joined:?}") };
    assert!(!seen.left && seen.participants_count == 3);
    let again = functions::messages::ImportChatInvite { hash: hash.clone() };
    assert_eq!(refused(&mut world.carol, &again).await, "400 USER_ALREADY_PARTICIPANT");
    let already = check(&mut world.carol, &hash).await.unwrap();
    assert!(matches!(already, enums::ChatInvite::ChatInviteAlready(_)), "{already:?}");

    let list = functions::messages::GetChatInviteImporters {
        peer: types::InputPeerChat { chat_id: chat.id }.into(),
        link: Some(invite.link.clone()),
        offset_user: enums::InputUser::InputUserEmpty,
        limit: 10,
        ..Default::default()
    };
    let came = world.alice.call(&list).await.unwrap();
    assert_eq!((came.count, came.importers.len(), came.users.len()), (1, 1, 1));
    assert_eq!(refused(&mut world.bob, &list).await, "400 CHAT_ADMIN_REQUIRED");
}

/// G-176 … G-185: terms of links are kept, wrong ones refused, and a link that ended leads nowhere.
#[tokio::test]
async fn g177_g182_links_have_terms_and_end() {
    let mut world = world("999665").await;
    let (peer, _) = supergroup(&mut world.alice).await;
    let export = |terms: functions::messages::ExportChatInvite| functions::messages::ExportChatInvite {
        peer: peer.clone().into(),
        ..terms
    };
    let with = functions::messages::ExportChatInvite {
        title: Some("Neighbours".into()),
        usage_limit: Some(1),
        ..Default::default()
    };
    let invite = exported(world.alice.call(&export(with)).await.unwrap());
    assert_eq!(
        (invite.title.as_deref(), invite.usage_limit, invite.permanent),
        (Some("Neighbours"), Some(1), false)
    );
    for (wrong, text) in [
        (
            functions::messages::ExportChatInvite { usage_limit: Some(100_000), ..Default::default() },
            "400 USAGE_LIMIT_INVALID",
        ),
        (
            functions::messages::ExportChatInvite {
                usage_limit: Some(1),
                request_needed: true,
                ..Default::default()
            },
            "400 USAGE_LIMIT_INVALID",
        ),
        (
            functions::messages::ExportChatInvite { expire_date: Some(1_000_000_000), ..Default::default() },
            "400 EXPIRE_DATE_INVALID",
        ),
    ] {
        assert_eq!(refused(&mut world.alice, &export(wrong)).await, text);
    }

    let joined = join(&mut world.bob, &hash(&invite)).await;
    assert!(matches!(actions(&joined)[..], [enums::MessageAction::MessageActionChatJoinedByLink(_)]));
    // One was the limit.
    let import = functions::messages::ImportChatInvite { hash: hash(&invite) };
    assert_eq!(refused(&mut world.carol, &import).await, "406 INVITE_HASH_EXPIRED");
    for (hash, text) in [
        ("", "400 INVITE_HASH_EMPTY"),
        ("short", "400 INVITE_HASH_INVALID"),
        ("AAAAAAAAAAAAAAAA", "406 INVITE_HASH_EXPIRED"),
    ] {
        let import = functions::messages::ImportChatInvite { hash: hash.into() };
        assert_eq!(refused(&mut world.carol, &import).await, text);
    }
}

/// G-180 … G-184: links are listed, revoked and deleted; a permanent one is replaced.
#[tokio::test]
async fn g180_g184_a_revoked_link_is_replaced_and_deleted() {
    let mut world = world("999663").await;
    let (peer, _) = supergroup(&mut world.alice).await;
    let export = functions::messages::ExportChatInvite {
        peer: peer.clone().into(),
        usage_limit: Some(1),
        ..Default::default()
    };
    let invite = exported(world.alice.call(&export).await.unwrap());
    join(&mut world.bob, &hash(&invite)).await;
    let edit = |link: &str, revoked, title: Option<&str>| functions::messages::EditExportedChatInvite {
        peer: peer.clone().into(),
        link: link.into(),
        revoked,
        title: title.map(Into::into),
        ..Default::default()
    };
    let own = functions::messages::GetExportedChatInvites {
        peer: peer.clone().into(),
        admin_id: enums::InputUser::InputUserSelf,
        limit: 10,
        ..Default::default()
    };
    let list = world.alice.call(&own).await.unwrap();
    assert_eq!((list.count, list.invites.len()), (2, 2));
    let mine: Vec<_> = list.invites.into_iter().map(exported).collect();
    let permanent = mine.iter().find(|invite| invite.permanent).expect("G-042").clone();
    assert_eq!(mine.iter().find(|invite| !invite.permanent).and_then(|invite| invite.usage), Some(1));
    // G-180, G-181
    assert_eq!(
        refused(&mut world.alice, &edit(&permanent.link, false, Some("x"))).await,
        "400 CHAT_INVITE_PERMANENT"
    );
    let replaced = world.alice.call(&edit(&permanent.link, true, None)).await.unwrap();
    let enums::messages::ExportedChatInvite::ExportedChatInviteReplaced(replaced) = replaced else {
        panic!()
    };
    let (old, new) = (exported(replaced.invite), exported(replaced.new_invite));
    assert!(old.revoked && old.link == permanent.link && new.permanent && new.link != old.link);
    assert_eq!(check(&mut world.carol, &hash(&old)).await.unwrap_err(), "406 INVITE_HASH_EXPIRED");

    // G-183
    let delete = |link: &str| functions::messages::DeleteExportedChatInvite {
        peer: peer.clone().into(),
        link: link.into(),
    };
    assert_eq!(refused(&mut world.alice, &delete(&new.link)).await, "400 INVITE_REVOKED_MISSING");
    assert!(world.alice.call(&delete(&old.link)).await.unwrap());
    // G-184
    let owners = functions::messages::GetAdminsWithInvites { peer: peer.into() };
    let owners = world.alice.call(&owners).await.unwrap().admins;
    assert_eq!(
        owners.iter().map(|owner| (owner.invites_count, owner.revoked_invites_count)).collect::<Vec<_>>(),
        [(2, 0)]
    );
}

/// G-192 … G-198: who asks to join waits for an administrator, who hears of it and decides.
#[tokio::test]
async fn g192_g198_requests_are_decided_by_administrators() {
    let mut world = world("999666").await;
    let (peer, channel) = supergroup(&mut world.alice).await;
    let export = functions::messages::ExportChatInvite {
        peer: peer.clone().into(),
        request_needed: true,
        ..Default::default()
    };
    let invite = exported(world.alice.call(&export).await.unwrap());
    let import = functions::messages::ImportChatInvite { hash: hash(&invite) };
    assert_eq!(refused(&mut world.bob, &import).await, "400 INVITE_REQUEST_SENT");
    let pending = |update: &enums::Update| match update {
        enums::Update::UpdatePendingJoinRequests(pending) => {
            Some((pending.requests_pending, pending.recent_requesters.clone()))
        }
        _ => None,
    };
    let bob = id_of(&named(&mut world.alice, "9996660002").await);
    assert_eq!(update(&mut world.alice, pending).await, (1, vec![bob]));
    // Asking again changes nothing.
    assert_eq!(refused(&mut world.bob, &import).await, "400 INVITE_REQUEST_SENT");
    assert_eq!(refused(&mut world.carol, &import).await, "400 INVITE_REQUEST_SENT");
    assert_eq!(update(&mut world.alice, pending).await.0, 2);

    let get = functions::channels::GetFullChannel { channel: channel.clone().into() };
    let enums::ChatFull::ChannelFull(full) = world.alice.call(&get).await.unwrap().full_chat else {
        panic!()
    };
    assert_eq!((full.requests_pending, full.recent_requesters.map(|who| who.len())), (Some(2), Some(2)));
    let list = functions::messages::GetChatInviteImporters {
        requested: true,
        peer: peer.clone().into(),
        offset_user: enums::InputUser::InputUserEmpty,
        limit: 10,
        ..Default::default()
    };
    let asking = world.alice.call(&list).await.unwrap();
    assert!(
        asking.count == 2 && asking.importers.iter().all(|who| who.requested && who.approved_by.is_none())
    );

    let user = named(&mut world.alice, "9996660002").await;
    let decide = |approved, user_id| functions::messages::HideChatJoinRequest {
        approved,
        peer: peer.clone().into(),
        user_id,
    };
    let done = packet(world.alice.call(&decide(true, user.clone())).await.unwrap());
    assert_eq!(actions(&done), [enums::MessageAction::MessageActionChatJoinedByRequest]);
    // The result of a call holds its own updates.
    assert_eq!(done.updates.iter().find_map(pending).map(|(count, _)| count), Some(1));
    assert_eq!(refused(&mut world.alice, &decide(true, user)).await, "400 HIDE_REQUESTER_MISSING");
    let heard = |update: &enums::Update| matches!(update, enums::Update::UpdateChannel(_)).then_some(());
    update(&mut world.bob, heard).await;
    let carol = named(&mut world.alice, "9996660003").await;
    let done = packet(world.alice.call(&decide(false, carol)).await.unwrap());
    // G-196
    assert_eq!(done.updates.iter().find_map(pending), Some((0, vec![])));
    let asking = world.alice.call(&list).await.unwrap();
    assert_eq!((asking.count, asking.importers.len()), (0, 0));

    // G-193: a public group may ask for requests, too.
    let toggle = functions::channels::ToggleJoinRequest {
        channel: channel.clone().into(),
        enabled: true,
        ..Default::default()
    };
    assert_eq!(refused(&mut world.alice, &toggle).await, "400 CHAT_PUBLIC_REQUIRED");
    let name =
        functions::channels::UpdateUsername { channel: channel.into(), username: "garden_of_666".into() };
    assert!(world.alice.call(&name).await.unwrap());
    world.alice.call(&toggle).await.unwrap();
    let resolve =
        functions::contacts::ResolveUsername { username: "garden_of_666".into(), ..Default::default() };
    let found = world.carol.call(&resolve).await.unwrap();
    let Some(enums::Chat::Channel(seen)) = found.chats.first() else { panic!("{found:?}") };
    assert!(seen.join_request);
    let input = types::InputChannel { channel_id: seen.id, access_hash: seen.access_hash.unwrap() };
    let joining = functions::channels::JoinChannel { channel: input.into() };
    assert_eq!(refused(&mut world.carol, &joining).await, "400 INVITE_REQUEST_SENT");
}
