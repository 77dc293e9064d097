//! Logins by QR code and as a bot, to a service that answers as the documents say
//! (<https://core.telegram.org/api/qr-login>, <https://core.telegram.org/api/bots>).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::accounts::client;
use crate::support::*;
use zaun_client::{Account, Client, LoginError, MemoryStorage, QrLogin, Servers, SignedIn};
use zaun_schema::api::functions::{auth, help};
use zaun_schema::api::{enums, types};
use zaun_server::{Router, RpcError};
use zaun_testkit::SpawnedServer;

/// Bytes that base64 writes with the two characters that differ in links.
const TOKEN: [u8; 6] = [0xfb, 0xff, 1, 2, 3, 4];
const LINK: &str = "tg://login?token=-_8BAgME";
const ELSEWHERE: [u8; 3] = [9, 9, 9];

fn authorization(bot: bool) -> enums::auth::Authorization {
    let user = types::User { id: 5, bot, is_self: true, ..types::User::default() };
    types::auth::Authorization { user: user.into(), ..types::auth::Authorization::default() }.into()
}

/// A QR login that another device accepts after the token was shown; the account lives in data centre 4.
async fn service() -> SpawnedServer<Router> {
    let asked = Arc::new(AtomicUsize::new(0));
    let router = Router::new()
        .method(|_, _: help::GetConfig| async { Ok(types::Config::default()) })
        .method(|_, request: auth::ImportBotAuthorization| async move {
            match request.bot_auth_token.as_str() {
                "5:right" => Ok(authorization(true)),
                _ => Err(RpcError::bad_request("ACCESS_TOKEN_INVALID")),
            }
        })
        .method(move |_, _: auth::ExportLoginToken| {
            let first = asked.fetch_add(1, Ordering::SeqCst) == 0;
            async move {
                Ok(if first {
                    let token = TOKEN.to_vec().into();
                    enums::auth::LoginToken::from(types::auth::LoginToken { expires: 30, token })
                } else {
                    let token = ELSEWHERE.to_vec().into();
                    types::auth::LoginTokenMigrateTo { dc_id: 4, token }.into()
                })
            }
        })
        .method(|_, request: auth::ImportLoginToken| async move {
            assert_eq!(request.token, ELSEWHERE[..]);
            let authorization = authorization(false);
            Ok(enums::auth::LoginToken::from(types::auth::LoginTokenSuccess { authorization }))
        })
        .method(|_, request: auth::AcceptLoginToken| async move {
            assert_eq!(request.token, TOKEN[..]);
            Ok(types::Authorization::default())
        });
    serve(router).await
}

async fn client_of(server: &SpawnedServer<Router>) -> Client {
    client(Servers::one(server.address(), server.public_key()), MemoryStorage::default()).await
}

#[tokio::test]
async fn a_bot_logs_in_with_its_token() {
    let server = service().await;
    let client = client_of(&server).await;
    let error = client.sign_in_bot("5:wrong").await.unwrap_err();
    assert!(matches!(&error, LoginError::Invoke(error) if error.is("ACCESS_TOKEN_INVALID")), "{error}");
    let bot = Account { id: 5, bot: true };
    assert_eq!(client.sign_in_bot("5:right").await.unwrap(), SignedIn::Account(bot));
    assert_eq!(client.account(), Some(bot));
}

#[tokio::test]
async fn a_qr_login_is_shown_accepted_and_followed_to_its_data_centre() {
    let server = service().await;
    let client = client_of(&server).await;
    let shown = client.qr_login().await.unwrap();
    assert_eq!(shown, QrLogin::Show { link: LINK.into(), expires: 30 });
    client_of(&server).await.accept_qr_login(LINK).await.unwrap();
    let account = Account { id: 5, bot: false };
    assert_eq!(client.qr_login().await.unwrap(), QrLogin::Done(SignedIn::Account(account)));
    assert_eq!((client.account(), client.main_dc()), (Some(account), 4));
    assert!(matches!(client.accept_qr_login("not a link!").await, Err(LoginError::Unexpected(_))));
}
