//! PFS: temporary keys, their binding, their end (M-148 … M-170).

use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::*;
use bytes::Bytes;
use zaun_crypto::auth_key::AuthKey;
use zaun_mtproto::binding;
use zaun_schema::api::functions;
use zaun_testkit::{ApiClient, Received, Sandbox};
use zaun_wire::types::{BindAuthKeyInner, Pong};

const DAY: i32 = 86_400;

fn in_seconds(seconds: i32) -> i32 {
    i32::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap() + seconds
}

/// What a binding says; every part may be spoiled.
struct Binding {
    permanent: AuthKey,
    inner: BindAuthKeyInner,
    /// Of the sealed message; `None` for that of the request.
    msg_id: Option<i64>,
}

impl Binding {
    fn new(client: &ApiClient, permanent: &AuthKey, expires_at: i32) -> Binding {
        let session = &client.conversation.session;
        let inner = BindAuthKeyInner {
            nonce: 77,
            temp_auth_key_id: session.key.id(),
            perm_auth_key_id: permanent.id(),
            temp_session_id: session.session_id,
            expires_at,
        };
        Binding { permanent: permanent.clone(), inner, msg_id: None }
    }

    /// Sends it; the arguments of the method are those of `inner` unless `nonce` says otherwise.
    async fn send(&self, client: &mut ApiClient, nonce: i64) -> Result<Bytes, zaun_testkit::Error> {
        let conversation = &mut client.conversation;
        let (msg_id, seqno) = conversation.session.stamp(zaun_testkit::now(), true);
        let sealed =
            binding::seal(&self.permanent, self.msg_id.unwrap_or(msg_id), &self.inner, &mut rand::rng());
        let request = functions::auth::BindTempAuthKey {
            perm_auth_key_id: self.inner.perm_auth_key_id,
            nonce,
            expires_at: self.inner.expires_at,
            encrypted_message: sealed,
        };
        let body = zaun_tl::to_bytes(&request, zaun_schema::LAYER).unwrap();
        conversation.send_as(&conversation.session.header(msg_id, seqno), &body).await?;
        client.result_of(msg_id).await
    }
}

async fn bind(client: &mut ApiClient, permanent: &AuthKey) {
    let binding = Binding::new(client, permanent, in_seconds(DAY));
    let result = binding.send(client, 77).await.unwrap();
    assert!(zaun_tl::from_bytes::<bool>(result).unwrap());
}

#[tokio::test]
async fn m149_m151_an_unbound_key_may_do_almost_nothing() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut client = temporary(sandbox.address(), DAY).await;
    // help.getNearestDc inside invokeWithLayer and initConnection.
    client.introduce().await.unwrap();
    client.call(&functions::help::GetConfig {}).await.unwrap();
    for refused in [
        text(client.call(&functions::updates::GetState {}).await),
        text(client.call(&functions::help::GetAppConfig { hash: 0 }).await),
    ] {
        assert_eq!(refused, "401 AUTH_KEY_PERM_EMPTY", "M-150");
    }
    let ping = client.conversation.send(&zaun_wire::functions::Ping { ping_id: 5 }).await.unwrap();
    let pong: Pong = client.conversation.wait_for(|m| m.decode()).await.unwrap();
    assert_eq!((pong.msg_id, pong.ping_id), (ping, 5), "M-151");
}

/// M-170: the binding carries the first salt of its key.
#[tokio::test]
async fn m167_a_bound_key_acts_for_the_permanent_one_and_others_see_one_account() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut permanent = client(sandbox.address()).await;
    let key = permanent.conversation.session.key.clone();
    let mut first = temporary(sandbox.address(), DAY).await;
    bind(&mut first, &key).await;
    first.introduce().await.unwrap();
    first.log_in("9996610001").await.unwrap();
    // The permanent key is logged in, too: the authorization is its own.
    permanent.call(&functions::updates::GetState {}).await.unwrap();
    let mut second = temporary(sandbox.address(), DAY).await;
    bind(&mut second, &key).await;
    second.introduce().await.unwrap();
    second.call(&functions::updates::GetState {}).await.unwrap();
    // One binds for each parallel connection, so the older key goes on (against M-164).
    first.call(&functions::updates::GetState {}).await.unwrap();
    let list = first.call(&functions::account::GetAuthorizations {}).await.unwrap();
    assert_eq!(list.authorizations.len(), 1);
    first.call(&functions::auth::LogOut {}).await.unwrap();
    for client in [&mut permanent, &mut second] {
        let refused = text(client.call(&functions::updates::GetState {}).await);
        assert_eq!(refused, "401 AUTH_KEY_UNREGISTERED");
    }
}

/// M-152.
#[tokio::test]
async fn m159_to_m163_bindings_are_checked() {
    let sandbox = Sandbox::start().await.unwrap();
    let permanent = client(sandbox.address()).await.conversation.session.key;
    let other = client(sandbox.address()).await.conversation.session.key;
    let mut client = temporary(sandbox.address(), DAY).await;
    let tomorrow = in_seconds(DAY);
    let good = |client: &ApiClient| Binding::new(client, &permanent, tomorrow);

    let invalid = "400 ENCRYPTED_MESSAGE_INVALID";
    let with = |change: fn(&mut Binding)| {
        let mut binding = good(&client);
        change(&mut binding);
        binding
    };
    let spoiled = [
        with(|b| b.msg_id = Some(4)),
        with(|b| b.inner.temp_auth_key_id ^= 1),
        with(|b| b.inner.temp_session_id ^= 1),
        with(|b| b.permanent = AuthKey::new([7; 256])),
    ];
    for binding in spoiled {
        assert_eq!(text(binding.send(&mut client, 77).await), invalid, "M-155 … M-159");
    }
    assert_eq!(text(good(&client).send(&mut client, 78).await), invalid, "M-157");
    let unknown = AuthKey::new([9; 256]);
    let strange = Binding::new(&client, &unknown, tomorrow);
    assert_eq!(text(strange.send(&mut client, 77).await), invalid);
    for expires_at in [in_seconds(-1), in_seconds(DAY + 3600)] {
        let late = Binding::new(&client, &permanent, expires_at);
        assert_eq!(text(late.send(&mut client, 77).await), "400 EXPIRES_AT_INVALID", "M-160");
    }

    good(&client).send(&mut client, 77).await.unwrap();
    good(&client).send(&mut client, 77).await.expect("M-163: the same binding again");
    let another = Binding::new(&client, &other, tomorrow);
    assert_eq!(text(another.send(&mut client, 77).await), "400 TEMP_AUTH_KEY_ALREADY_BOUND", "M-161");

    let mut itself = self::client(sandbox.address()).await;
    let own = itself.conversation.session.key.clone();
    let binding = Binding::new(&itself, &own, tomorrow);
    assert_eq!(text(binding.send(&mut itself, 77).await), "400 TEMP_AUTH_KEY_EMPTY", "M-162");
}

#[tokio::test]
async fn m166_until_it_introduces_itself_again_the_permanent_keys_layer_counts() {
    let sandbox = Sandbox::start().await.unwrap();
    let permanent = client(sandbox.address()).await.conversation.session.key;
    let mut client = temporary(sandbox.address(), DAY).await;
    bind(&mut client, &permanent).await;
    client.call(&functions::help::GetAppConfig { hash: 0 }).await.unwrap();
}

#[tokio::test]
async fn m148_m055_an_expired_key_is_404_and_its_permanent_key_is_untouched() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut permanent = client(sandbox.address()).await;
    permanent.log_in("9996610001").await.unwrap();
    let key = permanent.conversation.session.key.clone();
    let mut short = temporary(sandbox.address(), 2).await;
    let binding = Binding::new(&short, &key, in_seconds(2));
    binding.send(&mut short, 77).await.unwrap();
    let gone = loop {
        let state = short.call(&functions::updates::GetState {}).await;
        if let Err(error) = state {
            break error;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    };
    assert!(matches!(gone, zaun_testkit::Error::Refused(-404)), "{gone}");
    permanent.call(&functions::updates::GetState {}).await.unwrap();
}

#[tokio::test]
async fn m169_temporary_keys_are_dropped_but_for_the_listed_and_the_one_in_use() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut permanent = client(sandbox.address()).await;
    permanent.log_in("9996610001").await.unwrap();
    let key = permanent.conversation.session.key.clone();
    let mut clients = Vec::new();
    for _ in 0..3 {
        let mut client = temporary(sandbox.address(), DAY).await;
        bind(&mut client, &key).await;
        client.introduce().await.unwrap();
        client.call(&functions::updates::GetState {}).await.unwrap();
        clients.push(client);
    }
    let except_auth_keys = vec![clients[1].conversation.session.key.id()];
    assert!(clients[0].call(&functions::auth::DropTempAuthKeys { except_auth_keys }).await.unwrap());
    for kept in [0, 1] {
        clients[kept].call(&functions::updates::GetState {}).await.unwrap();
    }
    clients[2].send(&functions::updates::GetState {}).await.unwrap();
    assert_eq!(clients[2].conversation.client.receive().await.unwrap(), Received::Error(-404));
}

#[tokio::test]
async fn m310_m313_destroying_the_permanent_key_takes_its_temporary_ones_along() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut permanent = client(sandbox.address()).await;
    let key = permanent.conversation.session.key.clone();
    let mut bound = temporary(sandbox.address(), DAY).await;
    bind(&mut bound, &key).await;
    let destroy = zaun_wire::functions::DestroyAuthKey {};
    bound.conversation.send(&destroy).await.unwrap();
    let answer = |m: &zaun_testkit::Message| m.decode::<zaun_wire::enums::DestroyAuthKeyRes>();
    let refused = bound.conversation.wait_for(answer).await.unwrap();
    assert_eq!(refused, zaun_wire::enums::DestroyAuthKeyRes::DestroyAuthKeyFail, "M-313");
    permanent.conversation.send(&destroy).await.unwrap();
    let done = permanent.conversation.wait_for(answer).await.unwrap();
    assert_eq!(done, zaun_wire::enums::DestroyAuthKeyRes::DestroyAuthKeyOk, "M-311");
    bound.send(&functions::help::GetConfig {}).await.unwrap();
    assert_eq!(bound.conversation.client.receive().await.unwrap(), Received::Error(-404));
}
