//! What apps ask when they start, folders, the archive and blocking (G-418 … G-425).

use crate::support::*;
use zaun_schema::api::{enums, functions, types};
use zaun_testkit::{ApiClient, Message, Sandbox};

const ALICE: &str = "9996610001";
const BOB: &str = "9996610002";

struct World {
    sandbox: Sandbox,
    alice: ApiClient,
    bob: ApiClient,
    to_bob: enums::InputPeer,
    to_alice: enums::InputPeer,
}

async fn world() -> World {
    let sandbox = Sandbox::start().await.unwrap();
    let mut alice = client(sandbox.address()).await;
    alice.log_in(ALICE).await.unwrap();
    let mut bob = client(sandbox.address()).await;
    bob.log_in(BOB).await.unwrap();
    let to_bob = alice.befriend(BOB).await.unwrap();
    let to_alice = bob.befriend(ALICE).await.unwrap();
    World { sandbox, alice, bob, to_bob, to_alice }
}

/// Sends a text; the answer, or the refusal.
async fn send(
    from: &mut ApiClient,
    to: &enums::InputPeer,
    random_id: i64,
) -> Result<enums::Updates, zaun_testkit::Error> {
    let message = functions::messages::SendMessage {
        peer: to.clone(),
        message: "hello".into(),
        random_id,
        ..functions::messages::SendMessage::default()
    };
    from.call(&message).await
}

/// The next pushed update that `pick` takes.
async fn pushed<T>(client: &mut ApiClient, pick: impl Fn(&enums::Update) -> Option<T>) -> T {
    let in_packet = |m: &Message| match m.decode::<enums::Updates>() {
        Some(enums::Updates::Updates(updates)) => updates.updates.iter().find_map(&pick),
        _ => None,
    };
    client.conversation.wait_for(in_packet).await.unwrap()
}

fn titled(title: &str) -> types::DialogFilter {
    let title = types::TextWithEntities { text: title.into(), entities: Vec::new() };
    types::DialogFilter { contacts: true, title, ..types::DialogFilter::default() }
}

fn put(id: i32, folder: Option<types::DialogFilter>) -> functions::messages::UpdateDialogFilter {
    functions::messages::UpdateDialogFilter { id, filter: folder.map(Into::into) }
}

async fn folders(client: &mut ApiClient) -> Vec<enums::DialogFilter> {
    client.call(&functions::messages::GetDialogFilters {}).await.unwrap().filters
}

fn number(folder: &enums::DialogFilter) -> i32 {
    match folder {
        enums::DialogFilter::DialogFilter(folder) => folder.id,
        enums::DialogFilter::DialogFilterDefault => 0,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn g418_g419_g420_folders_are_kept_with_their_order_and_told_to_other_devices() {
    let World { sandbox, mut alice, to_bob, .. } = world().await;
    let mut laptop = client(sandbox.address()).await;
    laptop.log_in(ALICE).await.unwrap();
    assert_eq!(folders(&mut alice).await, [enums::DialogFilter::DialogFilterDefault], "G-418");
    let work = types::DialogFilter { include_peers: vec![to_bob.clone()], ..titled("Work") };
    assert!(alice.call(&put(2, Some(work.clone()))).await.unwrap());
    let told = pushed(&mut laptop, |update| match update {
        enums::Update::UpdateDialogFilter(update) => Some(update.id),
        _ => None,
    });
    assert_eq!(told.await, 2, "G-420");
    alice.call(&put(3, Some(titled("Home")))).await.unwrap();
    let order = functions::messages::UpdateDialogFiltersOrder { order: vec![3, 0, 2] };
    alice.call(&order).await.unwrap();
    let kept = folders(&mut alice).await;
    assert_eq!(kept.iter().map(number).collect::<Vec<_>>(), [3, 0, 2]);
    // The peers come back with the caller's own access hashes.
    assert_eq!(kept[2], types::DialogFilter { id: 2, ..work }.into());
    alice.call(&put(3, None)).await.unwrap();
    assert_eq!(folders(&mut alice).await.iter().map(number).collect::<Vec<_>>(), [0, 2], "G-419");
}

#[tokio::test]
async fn g419_folders_that_cannot_be_are_refused() {
    let World { mut alice, .. } = world().await;
    let mut refused = async |id, folder| text(alice.call(&put(id, Some(folder))).await);
    assert_eq!(refused(1, titled("Work")).await, "400 FILTER_ID_INVALID");
    assert_eq!(refused(256, titled("Work")).await, "400 FILTER_ID_INVALID");
    assert_eq!(refused(2, titled(" ")).await, "400 FILTER_TITLE_EMPTY");
    assert_eq!(refused(2, titled("Thirteen long")).await, "400 FILTER_TITLE_EMPTY");
    let nobody = types::DialogFilter { contacts: false, ..titled("Work") };
    assert_eq!(refused(2, nobody).await, "400 FILTER_INCLUDE_EMPTY");
    let forged = types::InputPeerUser { user_id: 777_000, access_hash: 1 }.into();
    let forged = types::DialogFilter { include_peers: vec![forged], ..titled("Work") };
    assert_eq!(refused(2, forged).await, "400 PEER_ID_INVALID");
    for id in 2..12 {
        alice.call(&put(id, Some(titled("Work")))).await.unwrap();
    }
    assert_eq!(text(alice.call(&put(12, Some(titled("Work")))).await), "400 DIALOG_FILTERS_TOO_MUCH");
}

#[tokio::test]
async fn g421_an_archived_chat_is_in_the_other_list_and_told_with_its_pts() {
    let World { mut alice, to_bob, .. } = world().await;
    send(&mut alice, &to_bob, 1).await.unwrap();
    let before = alice.call(&functions::updates::GetState {}).await.unwrap().pts;
    let edit = |folder_id| {
        let moved = types::InputFolderPeer { peer: to_bob.clone(), folder_id };
        functions::folders::EditPeerFolders { folder_peers: vec![moved] }
    };
    let enums::Updates::Updates(answer) = alice.call(&edit(1)).await.unwrap() else { panic!("G-421") };
    let [enums::Update::UpdateFolderPeers(moved)] = answer.updates.as_slice() else { panic!("{answer:?}") };
    assert_eq!((moved.pts, moved.pts_count), (before + 1, 1), "G-421");
    let listed = async |client: &mut ApiClient, folder_id| {
        let list = functions::messages::GetDialogs {
            folder_id: Some(folder_id),
            limit: 10,
            ..functions::messages::GetDialogs::default()
        };
        match client.call(&list).await.unwrap() {
            enums::messages::Dialogs::Dialogs(list) => list.dialogs.len(),
            other => panic!("{other:?}"),
        }
    };
    let ordinary = listed(&mut alice, 0).await;
    assert_eq!(listed(&mut alice, 1).await, 1);
    assert_eq!(text(alice.call(&edit(2)).await), "400 FOLDER_ID_INVALID", "G-421");
    alice.call(&edit(0)).await.unwrap();
    assert_eq!((listed(&mut alice, 0).await, listed(&mut alice, 1).await), (ordinary + 1, 0));
}

#[tokio::test]
async fn g424_g425_a_blocked_user_sends_nothing_and_the_list_is_ones_own() {
    let World { sandbox, mut alice, mut bob, to_bob, to_alice } = world().await;
    let mut laptop = client(sandbox.address()).await;
    laptop.log_in(ALICE).await.unwrap();
    let block = functions::contacts::Block { my_stories_from: false, id: to_bob.clone() };
    assert!(alice.call(&block).await.unwrap());
    let told = pushed(&mut laptop, |update| match update {
        enums::Update::UpdatePeerBlocked(update) => Some(update.blocked),
        _ => None,
    });
    assert!(told.await, "G-424: to one's own sessions");
    assert_eq!(text(send(&mut bob, &to_alice, 1).await), "403 USER_IS_BLOCKED", "G-424");
    assert_eq!(text(send(&mut alice, &to_bob, 2).await), "400 YOU_BLOCKED_USER", "G-424");
    let list = functions::contacts::GetBlocked { my_stories_from: false, offset: 0, limit: 10 };
    let enums::contacts::Blocked::Blocked(blocked) = alice.call(&list).await.unwrap() else {
        panic!("G-425")
    };
    assert_eq!((blocked.blocked.len(), blocked.users.len()), (1, 1), "G-425");
    let enums::InputPeer::InputPeerUser(whom) = &to_bob else { panic!() };
    let id = types::InputUser { user_id: whom.user_id, access_hash: whom.access_hash }.into();
    let full = alice.call(&functions::users::GetFullUser { id }).await.unwrap();
    assert!(full.full_user.blocked);
    // Replacing the list by an empty one lets everybody in again.
    let none = functions::contacts::SetBlocked { my_stories_from: false, id: Vec::new(), limit: 10 };
    assert!(alice.call(&none).await.unwrap());
    send(&mut bob, &to_alice, 3).await.unwrap();
    assert_eq!(
        text(alice.call(&functions::contacts::Block { id: enums::InputPeer::InputPeerSelf, ..block }).await),
        "400 CONTACT_ID_INVALID"
    );
}

/// Calls a method that must answer; its answer must hold nothing.
macro_rules! empty {
    ($client:expr, $($call:expr => $part:ident),* $(,)?) => {
        $(assert!($client.call(&$call).await.unwrap().$part.is_empty(), "{}", stringify!($call));)*
    };
}

#[tokio::test]
async fn lists_of_what_does_not_exist_are_empty_and_never_not_modified() {
    let mut world = world().await;
    let alice = &mut world.alice;
    use functions::{account, contacts, messages, stories};
    let hash = 0;
    match alice.call(&messages::GetAttachMenuBots { hash }).await.unwrap() {
        enums::AttachMenuBots::AttachMenuBots(menu) => assert!(menu.bots.is_empty()),
        other => panic!("{other:?}"),
    }
    match alice.call(&messages::GetAllStickers { hash }).await.unwrap() {
        enums::messages::AllStickers::AllStickers(all) => assert!(all.sets.is_empty()),
        other => panic!("{other:?}"),
    }
    match alice.call(&messages::GetPinnedSavedDialogs {}).await.unwrap() {
        enums::messages::SavedDialogs::SavedDialogs(saved) => assert!(saved.dialogs.is_empty()),
        other => panic!("{other:?}"),
    }
    match alice.call(&contacts::GetTopPeers::default()).await.unwrap() {
        enums::contacts::TopPeers::TopPeers(top) => assert!(top.categories.is_empty()),
        other => panic!("{other:?}"),
    }
    match alice.call(&stories::GetAllStories::default()).await.unwrap() {
        enums::stories::AllStories::AllStories(all) => assert!(all.peer_stories.is_empty() && !all.has_more),
        other => panic!("{other:?}"),
    }
    let peer = &world.to_bob;
    let ads = messages::GetSponsoredMessages { peer: peer.clone(), msg_id: None };
    let none = enums::messages::SponsoredMessages::SponsoredMessagesEmpty;
    assert_eq!(alice.call(&ads).await.unwrap(), none);
    let enums::Updates::Updates(read) = alice.call(&stories::GetAllReadPeerStories {}).await.unwrap() else {
        panic!("the stories that were read")
    };
    assert!(read.updates.is_empty() && read.date > 0);
    let of_bob = alice.call(&stories::GetPeerStories { peer: peer.clone() }).await.unwrap();
    assert!(of_bob.stories.stories.is_empty());
    let newest = alice.call(&stories::GetPeerMaxIDs { id: vec![peer.clone()] }).await.unwrap();
    assert_eq!(newest, [types::RecentStory::default()]);
    empty!(
        alice,
        account::GetWebAuthorizations {} => authorizations,
        account::GetPasskeys {} => passkeys,
        account::GetConnectedBots {} => connected_bots,
        contacts::GetBirthdays {} => contacts,
    );
}

#[tokio::test]
async fn everybody_who_can_be_named_can_be_written_to() {
    let World { mut alice, to_bob, .. } = world().await;
    let enums::InputPeer::InputPeerUser(bob) = to_bob else { panic!("{to_bob:?}") };
    let named = |access_hash| enums::InputUser::from(types::InputUser { user_id: bob.user_id, access_hash });
    let ask = |id| functions::users::GetRequirementsToContact { id };
    let id = vec![named(bob.access_hash), enums::InputUser::InputUserSelf];
    let free = enums::RequirementToContact::RequirementToContactEmpty;
    assert_eq!(alice.call(&ask(id)).await.unwrap(), [free.clone(), free]);
    let forged = ask(vec![named(bob.access_hash ^ 1)]);
    assert_eq!(text(alice.call(&forged).await), "400 USER_ID_INVALID");
}

#[tokio::test]
async fn a001_the_app_config_is_sent_until_the_client_has_it() {
    let World { mut alice, .. } = world().await;
    let ask = |hash| functions::help::GetAppConfig { hash };
    let enums::help::AppConfig::AppConfig(sent) = alice.call(&ask(0)).await.unwrap() else { panic!("A-001") };
    let enums::JSONValue::JsonObject(object) = &sent.config else { panic!("A-001") };
    let value =
        |key: &str| object.value.iter().find(|value| value.key == key).map(|value| value.value.clone());
    // Web K reads it unguarded.
    assert!(matches!(value("fragment_prefixes"), Some(enums::JSONValue::JsonArray(_))));
    let folders = types::JsonNumber { value: 10.0 }.into();
    assert_eq!(value("dialog_filters_limit_default"), Some(folders), "A-011");
    assert_eq!(alice.call(&ask(sent.hash)).await.unwrap(), enums::help::AppConfig::AppConfigNotModified);
    let enums::help::AppConfig::AppConfig(_) = alice.call(&ask(sent.hash ^ 2)).await.unwrap() else {
        panic!("A-001");
    };
}
