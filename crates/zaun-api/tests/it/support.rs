//! Clients of a sandbox.

use std::net::SocketAddr;

use zaun_crypto::rsa::PublicKey;
use zaun_mtproto::handshake::ClientConfig;
use zaun_schema::api::{enums, functions, types};
use zaun_testkit::{ApiClient, Conversation, Error, Message, RawClient, Sandbox, Session, Wire, public_key};

use crate::every_layer;

/// Agrees upon a key, for whatever DC is there.
async fn exchange(address: SocketAddr, expires_in: Option<i32>) -> ApiClient {
    let mut raw = RawClient::connect(address, Wire::default()).await.unwrap();
    let trusted = PublicKey::from_pem(&public_key().to_pkcs1_pem()).unwrap();
    let config = ClientConfig { expires_in, dc: None, ..ClientConfig::new(vec![trusted]) };
    // Inner data of temporary keys names a DC or not, as the client likes (M-110).
    let negotiated = raw.exchange_key_with(config).await.unwrap();
    let mut session = Session::new(negotiated.auth_key, negotiated.first_salt);
    session.witness = Some(every_layer::push);
    let mut client = ApiClient::new(Conversation { client: raw, session, inbox: Default::default() });
    client.witness = Some(every_layer::answer);
    client
}

/// A client with a new permanent key that has introduced itself.
pub async fn client(address: SocketAddr) -> ApiClient {
    let mut client = exchange(address, None).await;
    client.introduce().await.unwrap();
    client
}

/// A client whose key lives so many seconds; it has not introduced itself.
pub async fn temporary(address: SocketAddr, expires_in: i32) -> ApiClient {
    exchange(address, Some(expires_in)).await
}

/// The text of the error that a call must have been answered with.
pub fn text<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Rpc { code, text }) => format!("{code} {text}"),
        other => panic!("{other:?}"),
    }
}

/// A sandbox with three people in it.
pub struct World {
    /// Ends when dropped.
    pub _sandbox: Sandbox,
    pub alice: ApiClient,
    pub bob: ApiClient,
    pub carol: ApiClient,
}

/// Three people log in, by the phones `0001` to `0003` after a prefix of six digits.
pub async fn world(prefix: &str) -> World {
    let sandbox = Sandbox::start().await.unwrap();
    let mut clients = Vec::new();
    for number in 1..=3 {
        let mut client = client(sandbox.address()).await;
        client.log_in(&format!("{prefix}{number:04}")).await.unwrap();
        clients.push(client);
    }
    let mut clients = clients.into_iter();
    let (Some(alice), Some(bob), Some(carol)) = (clients.next(), clients.next(), clients.next()) else {
        panic!("three clients")
    };
    World { _sandbox: sandbox, alice, bob, carol }
}

/// What a call changed.
pub fn packet(updates: enums::Updates) -> types::Updates {
    match updates {
        enums::Updates::Updates(updates) => *updates,
        other => panic!("{other:?}"),
    }
}

/// How a client names another user: as it found it by phone.
pub async fn named(client: &mut ApiClient, phone: &str) -> enums::InputUser {
    let import = functions::contacts::ImportContacts {
        contacts: vec![types::InputPhoneContact {
            client_id: 1,
            phone: phone.into(),
            first_name: phone.into(),
            ..Default::default()
        }],
    };
    let found = client.call(&import).await.unwrap();
    let Some(enums::User::User(user)) = found.users.first().cloned() else { panic!("{found:?}") };
    types::InputUser { user_id: user.id, access_hash: user.access_hash.unwrap() }.into()
}

/// The id of a user as a client names it.
pub fn id_of(user: &enums::InputUser) -> i64 {
    match user {
        enums::InputUser::InputUser(user) => user.user_id,
        other => panic!("{other:?}"),
    }
}

/// Waits for an update that a test looks for.
pub async fn update<T>(client: &mut ApiClient, pick: impl Fn(&enums::Update) -> Option<T>) -> T {
    let pick = |m: &Message| match m.decode::<enums::Updates>() {
        Some(enums::Updates::Updates(updates)) => updates.updates.iter().find_map(&pick),
        _ => None,
    };
    client.conversation.wait_for(pick).await.unwrap()
}

/// The error that a call must be answered with.
pub async fn refused<R>(client: &mut ApiClient, call: &R) -> String
where
    R: zaun_tl::Function,
    R::Response: std::fmt::Debug,
{
    text(client.call(call).await)
}
