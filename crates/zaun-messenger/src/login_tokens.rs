//! Logins by QR code: one device shows a token, another one that is logged in accepts it (M-462 … M-469).

use rand::Rng;
use zaun_crypto::hash::sha256;
use zaun_model::{UnixTime, UserId};
use zaun_store::Tx;
use zaun_store::repo::login_tokens::{self, TokenRow};
use zaun_store::repo::users::{self, UserRow};
use zaun_store::repo::{keys, passwords};

use crate::accounts::{self, Origin};
use crate::authorizations::ClientRow;
use crate::limits::{ACCEPTED_TOKEN_LIFE_S, LOGIN_TOKEN_LIFE_S};
use crate::{Actor, Changes, Error, Messenger, errors};

/// Bytes of a token: nobody guesses one.
const TOKEN_BYTES: usize = 32;

/// How a login by QR code stands.
#[derive(Debug, Clone)]
pub enum QrLogin {
    /// The token is to be shown until it expires.
    Waiting {
        /// The token.
        token: Vec<u8>,
        /// When it has to be renewed.
        expires_at: UnixTime,
    },
    /// The key is logged in.
    Done(Box<UserRow>),
    /// The account is at home in another DC, where the token is to be given.
    Elsewhere {
        /// The DC.
        dc: i64,
        /// The token.
        token: Vec<u8>,
    },
    /// The account has a password, which is to follow (M-469).
    PasswordNeeded,
}

/// A login that was accepted: the key that waits, and what its client says of itself.
#[derive(Debug, Clone)]
pub struct AcceptedLogin {
    /// The auth key that waits for the login.
    pub key_id: i64,
    /// What its client said.
    pub client: Option<ClientRow>,
}

impl Messenger {
    /// Goes on with the login of a key: completes it if its token was accepted, otherwise makes a new token, which ends
    /// the one before (M-462, M-463, M-467). Whoever is among `except` is logged in already and does not count (M-464).
    pub async fn export_login_token(
        &self,
        actor: Actor,
        except: Vec<UserId>,
        origin: Origin,
    ) -> Result<QrLogin, Error> {
        let mut token = vec![0; TOKEN_BYTES];
        rand::rng().fill_bytes(&mut token);
        let authorization = rand::rng().next_u64().cast_signed();
        let work = move |changes: &mut Changes<'_, '_>| {
            let shown = login_tokens::of_key(changes.tx, actor.key_id)?;
            let accepted = shown.filter(|row| changes.now < row.expires_at).and_then(|row| row.user_id);
            let row = TokenRow {
                key_id: actor.key_id,
                token_hash: sha256(&[&token]).to_vec(),
                expires_at: changes.now + LOGIN_TOKEN_LIFE_S,
                user_id: None,
            };
            let Some(user) = accepted.filter(|user| !except.contains(user)) else {
                login_tokens::put(changes.tx, &row)?;
                return Ok(QrLogin::Waiting { token: token.clone(), expires_at: row.expires_at });
            };
            let user =
                users::find(changes.tx, user)?.ok_or_else(|| Error::bad(errors::AUTH_TOKEN_INVALID))?;
            if origin.home_dc != 0 && user.home_dc != 0 && user.home_dc != origin.home_dc {
                // The token that is given there is a fresh one, accepted already.
                login_tokens::put(changes.tx, &TokenRow { user_id: Some(user.id), ..row })?;
                return Ok(QrLogin::Elsewhere { dc: user.home_dc, token: token.clone() });
            }
            login_tokens::delete(changes.tx, actor.key_id)?;
            complete(changes, actor, user, authorization, &origin)
        };
        Ok(self.change(actor, work).await?.value)
    }

    /// Completes in its home DC a login whose token was accepted (M-468).
    pub async fn import_login_token(
        &self,
        actor: Actor,
        token: &[u8],
        origin: Origin,
    ) -> Result<QrLogin, Error> {
        let hash = sha256(&[token]);
        let authorization = rand::rng().next_u64().cast_signed();
        let work = move |changes: &mut Changes<'_, '_>| {
            let row = live(changes.tx, &hash, changes.now)?;
            let user = row.user_id.ok_or_else(|| Error::bad(errors::AUTH_TOKEN_INVALID))?;
            login_tokens::delete(changes.tx, row.key_id)?;
            let user =
                users::find(changes.tx, user)?.ok_or_else(|| Error::bad(errors::AUTH_TOKEN_INVALID))?;
            complete(changes, actor, user, authorization, &origin)
        };
        Ok(self.change(actor, work).await?.value)
    }

    /// Accepts a login on behalf of the actor (M-465).
    pub async fn accept_login_token(&self, actor: Actor, token: &[u8]) -> Result<AcceptedLogin, Error> {
        let (hash, now) = (sha256(&[token]), self.now());
        self.write(actor.user_id, move |tx| {
            let row = live(tx, &hash, now)?;
            if row.user_id.is_some() {
                return Err(Error::bad(errors::AUTH_TOKEN_ALREADY_ACCEPTED));
            }
            let expires_at = now + ACCEPTED_TOKEN_LIFE_S;
            login_tokens::put(tx, &TokenRow { user_id: Some(actor.user_id), expires_at, ..row.clone() })?;
            Ok(AcceptedLogin { key_id: row.key_id, client: keys::client(tx, row.key_id)? })
        })
        .await
    }
}

/// Returns the token of a hash if it is good for something.
fn live(tx: &Tx<'_>, hash: &[u8], now: UnixTime) -> Result<TokenRow, Error> {
    let row = login_tokens::find(tx, hash)?.ok_or_else(|| Error::bad(errors::AUTH_TOKEN_INVALID))?;
    if now < row.expires_at { Ok(row) } else { Err(Error::bad(errors::AUTH_TOKEN_EXPIRED)) }
}

fn complete(
    changes: &mut Changes<'_, '_>,
    actor: Actor,
    user: UserRow,
    authorization: i64,
    origin: &Origin,
) -> Result<QrLogin, Error> {
    let id: UserId = user.id;
    if passwords::find(changes.tx, id)?.is_some() {
        passwords::put_stage(changes.tx, actor.key_id, id, changes.now)?;
        return Ok(QrLogin::PasswordNeeded);
    }
    accounts::log_in(changes, actor, id, authorization, origin)?;
    Ok(QrLogin::Done(Box::new(user)))
}
