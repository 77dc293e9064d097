//! Logging in with a password, to a service whose check is the server's half of SRP.

use std::sync::{Arc, Mutex};

use crate::accounts::client;
use crate::support::*;
use zaun_client::{Account, Client, LoginCode, LoginError, MemoryStorage, Servers, SignedIn};
use zaun_crypto::dh::TELEGRAM_PRIME;
use zaun_crypto::srp::{Algorithm, Challenge, SrpError};
use zaun_schema::api::functions::{account, auth, help};
use zaun_schema::api::{enums, types};
use zaun_server::{Router, RpcError};
use zaun_testkit::SpawnedServer;

const SALTS: (&[u8], &[u8]) = (b"salt of the account", b"salt of the server");
const SRP_ID: i64 = 77;

/// What the service sends in place of what is right.
#[derive(Clone, Copy)]
enum Kind {
    Honest,
    NoPassword,
    WeakGroup,
    NoChallenge,
}

fn password_state(kind: Kind, b: &[u8]) -> types::account::Password {
    let g = if matches!(kind, Kind::WeakGroup) { 1 } else { 3 };
    let algorithm = types::PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow {
        salt1: SALTS.0.into(),
        salt2: SALTS.1.into(),
        g,
        p: TELEGRAM_PRIME.to_vec().into(),
    };
    if matches!(kind, Kind::NoPassword) {
        return types::account::Password::default();
    }
    let b = if matches!(kind, Kind::NoChallenge) { vec![0; 256] } else { b.to_vec() };
    types::account::Password {
        has_password: true,
        current_algo: Some(algorithm.into()),
        srp_b: Some(b.into()),
        srp_id: Some(SRP_ID),
        hint: Some("the usual one".into()),
        ..types::account::Password::default()
    }
}

fn authorization() -> enums::auth::Authorization {
    let user = types::User { id: 5, is_self: true, ..types::User::default() };
    types::auth::Authorization { user: user.into(), ..types::auth::Authorization::default() }.into()
}

/// An account that has this password.
async fn service(password: &str, kind: Kind) -> SpawnedServer<Router> {
    let algorithm = Arc::new(Algorithm::new(SALTS.0, SALTS.1, 3, &TELEGRAM_PRIME).unwrap());
    let verifier = Arc::new(algorithm.verifier(password.as_bytes()).unwrap());
    let open: Arc<Mutex<Option<Challenge>>> = Arc::default();
    let (new_algorithm, new_verifier, new) = (algorithm.clone(), verifier.clone(), open.clone());
    let router = Router::new()
        .method(|_, _: help::GetConfig| async { Ok(types::Config::default()) })
        .method(|_, _: auth::SignIn| async { Err(RpcError::new(401, "SESSION_PASSWORD_NEEDED")) })
        .method(move |_, _: account::GetPassword| {
            let challenge = Challenge::new(&new_algorithm, &new_verifier, &mut rand::rng()).unwrap();
            let state = password_state(kind, challenge.public());
            *new.lock().unwrap() = Some(challenge);
            async { Ok(state) }
        })
        .method(move |_, request: auth::CheckPassword| {
            let enums::InputCheckPasswordSRP::InputCheckPasswordSRP(proof) = request.password else {
                panic!()
            };
            assert_eq!(proof.srp_id, SRP_ID);
            let challenge = open.lock().unwrap().take().unwrap();
            let checked = challenge.check(&algorithm, &verifier, &proof.a, &proof.m1);
            async move {
                match checked {
                    Ok(()) => Ok(authorization()),
                    Err(SrpError::Password) => Err(RpcError::bad_request("PASSWORD_HASH_INVALID")),
                    Err(_) => Err(RpcError::bad_request("SRP_A_INVALID")),
                }
            }
        });
    serve(router).await
}

async fn client_of(server: &SpawnedServer<Router>) -> Client {
    client(Servers::one(server.address(), server.public_key()), MemoryStorage::default()).await
}

#[tokio::test]
async fn the_right_password_logs_in_and_a_wrong_one_does_not() {
    let server = service("correct horse", Kind::Honest).await;
    let client = client_of(&server).await;
    let login = LoginCode { phone: "1".into(), hash: "h".into(), length: None };
    assert_eq!(client.sign_in(&login, "1").await.unwrap(), SignedIn::PasswordNeeded);
    assert_eq!(client.password_hint().await.unwrap().as_deref(), Some("the usual one"));
    let error = client.check_password("correct hors").await.unwrap_err();
    assert!(matches!(&error, LoginError::Invoke(error) if error.is("PASSWORD_HASH_INVALID")), "{error}");
    assert_eq!(client.account(), None);
    let account = Account { id: 5, bot: false };
    assert_eq!(client.check_password("correct horse").await.unwrap(), SignedIn::Account(account));
    assert_eq!(client.account(), Some(account));
}

#[tokio::test]
async fn a_server_that_asks_unsafely_gets_no_proof() {
    for kind in [Kind::WeakGroup, Kind::NoChallenge] {
        let server = service("x", kind).await;
        let error = client_of(&server).await.check_password("x").await.unwrap_err();
        assert!(matches!(error, LoginError::Srp(_)), "{error}");
    }
    let server = service("x", Kind::NoPassword).await;
    let client = client_of(&server).await;
    assert_eq!(client.password_hint().await.unwrap(), None);
    let error = client.check_password("x").await.unwrap_err();
    assert!(matches!(error, LoginError::Unexpected(_)), "{error}");
}
