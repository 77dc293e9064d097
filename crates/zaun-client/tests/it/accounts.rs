//! Accounts: logging in, going on later, moving between data centres, logging out.

use std::net::SocketAddr;

use crate::support::*;
use zaun_api::{DcAddress as ServerAddress, Options};
use zaun_client::{
    App, Client, FileStorage, Foreign, LoginError, MemoryStorage, Pushed, Saved, Servers, SignedIn, Storage,
    StorageError,
};
use zaun_schema::api::enums;
use zaun_schema::api::functions::{contacts, messages, updates};
use zaun_schema::api::types;
use zaun_server::{Dc, Listener};
use zaun_testkit::Sandbox;

pub fn servers(sandbox: &Sandbox) -> Servers {
    Servers::one(sandbox.address(), sandbox.public_key())
}

pub async fn client(servers: Servers, storage: impl Storage) -> Client {
    let builder = Client::builder(servers, App::new(1, "hash")).storage(storage);
    builder.connections(|connection| connection.reconnect(eager())).connect().await.unwrap()
}

/// Logs in with a test phone, and signs up if there is no account yet.
pub async fn log_in(client: &Client, phone: &str) {
    let login = client.send_code(phone).await.unwrap();
    let code = phone.chars().nth(5).unwrap().to_string().repeat(login.length.unwrap());
    match client.sign_in(&login, &code).await.unwrap() {
        SignedIn::SignUpRequired => {
            let signed = client.sign_up(&login, "Ada", "").await.unwrap();
            assert!(matches!(signed, SignedIn::Account(_)));
        }
        done => assert!(matches!(done, SignedIn::Account(_))),
    }
}

#[tokio::test]
async fn an_account_is_used_again_from_its_file_and_from_a_string() {
    let sandbox = Sandbox::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("me.session");
    let first = client(servers(&sandbox), FileStorage::open(&path).unwrap()).await;
    assert_eq!(first.account(), None);
    log_in(&first, "9996620001").await;
    let account = first.account().unwrap();
    let text = first.saved().to_string_session();
    first.disconnect().await.unwrap();
    drop(first);

    let second = client(servers(&sandbox), FileStorage::open(&path).unwrap()).await;
    assert_eq!(second.account(), Some(account));
    let enums::User::User(me) = second.me().await.unwrap() else { panic!() };
    assert_eq!((me.id, me.is_self), (account.id, true));

    let third = client(servers(&sandbox), MemoryStorage::with(Saved::from_string(&text).unwrap())).await;
    assert!(third.me().await.is_ok(), "a string holds the key");
}

#[tokio::test]
async fn a_string_of_another_library_is_the_account() {
    let sandbox = Sandbox::start().await.unwrap();
    let first = client(servers(&sandbox), MemoryStorage::default()).await;
    log_in(&first, "9996620001").await;
    let text = first.saved().to_telethon(sandbox.address()).unwrap();
    first.disconnect().await.unwrap();
    let foreign = Foreign::read(&text).unwrap();
    assert_eq!(foreign.address, Some(sandbox.address().into()));
    assert_eq!(foreign.saved.account, None, "Telethon does not say who it is");
    let second = client(servers(&sandbox), MemoryStorage::with(foreign.saved)).await;
    let enums::User::User(me) = second.me().await.unwrap() else { panic!() };
    assert_eq!(me.id, first.account().unwrap().id);
}

#[tokio::test]
async fn a_wrong_code_is_told_and_the_right_one_still_works() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(servers(&sandbox), MemoryStorage::default()).await;
    let login = client.send_code("9996620001").await.unwrap();
    let error = client.sign_in(&login, "00000").await.unwrap_err();
    assert!(matches!(&error, LoginError::Invoke(error) if error.is("PHONE_CODE_INVALID")), "{error}");
    assert_eq!(client.sign_in(&login, "22222").await.unwrap(), SignedIn::SignUpRequired);
}

#[tokio::test]
async fn logging_out_forgets_the_account_here_and_there() {
    let sandbox = Sandbox::start().await.unwrap();
    let storage = MemoryStorage::default();
    let client = client(servers(&sandbox), storage.clone()).await;
    log_in(&client, "9996620001").await;
    client.log_out().await.unwrap();
    assert_eq!(client.account(), None);
    assert!(storage.load().unwrap().unwrap().keys.is_empty());
    assert!(client.invoke(&updates::GetState {}).await.unwrap_err().is("AUTH_KEY_UNREGISTERED"));
}

/// Two sandboxed accounts that know each other.
#[tokio::test]
async fn what_is_sent_to_an_account_is_pushed_to_it() {
    let sandbox = Sandbox::start().await.unwrap();
    let alice = client(servers(&sandbox), MemoryStorage::default()).await;
    let bob = client(servers(&sandbox), MemoryStorage::default()).await;
    log_in(&alice, "9996620001").await;
    log_in(&bob, "9996620002").await;
    bob.invoke(&updates::GetState {}).await.unwrap();
    let mut pushed = bob.pushed().unwrap();
    assert!(bob.pushed().is_none(), "once");
    let contact = types::InputPhoneContact {
        phone: "9996620002".into(),
        first_name: "Bob".into(),
        ..types::InputPhoneContact::default()
    };
    let found = alice.invoke(&contacts::ImportContacts { contacts: vec![contact] }).await.unwrap();
    let enums::User::User(user) = &found.users[0] else { panic!() };
    let peer = types::InputPeerUser { user_id: user.id, access_hash: user.access_hash.unwrap() };
    let message = messages::SendMessage {
        peer: peer.into(),
        message: "hello".into(),
        random_id: 7,
        ..messages::SendMessage::default()
    };
    alice.invoke(&message).await.unwrap();
    let wait = async {
        loop {
            if let Pushed::Object(object) = pushed.recv().await.unwrap()
                && object.windows(5).any(|part| part == b"hello")
            {
                return;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), wait).await.unwrap();
}

/// Separate data centres 2 and 4, both told to clients; files are on 4.
pub async fn cloud() -> (Sandbox, Servers) {
    let mut listeners = Vec::new();
    for dc in [2, 4] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listeners.push((
            listener.local_addr().unwrap(),
            Listener::from(listener).dc(Dc::new(dc)),
            Dc::new(dc),
        ));
    }
    let address = |(at, _, dc): &(SocketAddr, Listener, Dc)| ServerAddress {
        dc: *dc,
        ip: at.ip(),
        port: at.port(),
        secret: None,
    };
    let addresses = listeners.iter().map(address).collect();
    let options = |options| Options { addresses, split: true, files_dc: Some(4), ..options };
    let mut sandbox = Sandbox::with(options, |builder| builder).await.unwrap();
    let two = listeners[0].0;
    listeners.into_iter().for_each(|(_, listener, _)| sandbox.serve(listener));
    let servers = Servers { alone: false, ..Servers::one(two, sandbox.public_key()) };
    (sandbox, servers)
}

#[tokio::test]
async fn m_440_an_account_of_another_data_centre_is_found_there() {
    let (_sandbox, servers) = cloud().await;
    let storage = MemoryStorage::default();
    let client = client(servers, storage.clone()).await;
    assert_eq!(client.main_dc(), 2);
    log_in(&client, "9996640001").await;
    assert_eq!(client.main_dc(), 4);
    assert!(client.me().await.is_ok());
    client.disconnect().await.unwrap();
    let saved = storage.load().unwrap().unwrap();
    assert_eq!(saved.main_dc, 4);
    assert_eq!(saved.keys.keys().copied().collect::<Vec<_>>(), [2, 4], "a key for each");
}

#[tokio::test]
async fn another_client_with_the_same_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("me.session");
    let _first = FileStorage::open(&path).unwrap();
    assert!(matches!(FileStorage::open(&path).unwrap_err(), StorageError::Locked(_)));
}
