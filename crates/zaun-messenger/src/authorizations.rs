//! Logged-in sessions: listing, ending, carrying one to another DC (M-455 … M-458, M-470 … M-472).

use rand::Rng;
use zaun_crypto::hash::sha256;
use zaun_model::{UnixTime, UserId};
use zaun_store::Tx;
use zaun_store::repo::authorizations::{self as store, AuthorizationRow};
use zaun_store::repo::keys;
pub use zaun_store::repo::keys::ClientRow;
use zaun_store::repo::users::{self, UserRow};

use crate::limits::{EXPORT_LIFE_S, FRESH_AUTHORIZATION_S};
use crate::{Actor, Error, Messenger, NOBODY, accounts, errors};

/// What is known of an auth key.
#[derive(Debug, Clone)]
pub struct KeyFacts {
    /// Who is logged in on it.
    pub user: Option<UserRow>,
    /// The layer that its client spoke last.
    pub layer: Option<i32>,
}

impl Messenger {
    /// Returns what is known of a key, in one snapshot.
    pub async fn key_facts(&self, key_id: i64) -> Result<KeyFacts, Error> {
        self.read(NOBODY, move |tx| {
            let user = match store::of_key(tx, key_id)? {
                Some(login) => users::find(tx, login.user_id)?,
                None => None,
            };
            Ok(KeyFacts { user, layer: keys::find(tx, key_id)?.and_then(|row| row.layer) })
        })
        .await
    }

    /// Notes what the client on a key says of itself (M-401, M-403).
    pub async fn set_client(&self, key_id: i64, client: ClientRow) -> Result<(), Error> {
        self.write(NOBODY, move |tx| Ok(keys::set_client(tx, key_id, &client)?)).await
    }

    /// Notes that an authorization is in use.
    pub async fn touch(&self, key_id: i64) -> Result<(), Error> {
        let now = self.now();
        self.write(NOBODY, move |tx| Ok(store::touch(tx, key_id, now)?)).await
    }

    /// Logs the actor's key out.
    pub async fn log_out(&self, actor: Actor) -> Result<(), Error> {
        self.write(actor.user_id, move |tx| Ok(store::delete(tx, actor.key_id).map(drop)?)).await?;
        self.outlet.key_ended(actor.key_id, false);
        Ok(())
    }

    /// All sessions of the actor.
    pub async fn authorizations(&self, actor: Actor) -> Result<Vec<AuthorizationRow>, Error> {
        self.read(actor.user_id, move |tx| Ok(store::of_user(tx, actor.user_id)?)).await
    }

    /// Ends one other session, named by its hash, or all others (M-457).
    pub async fn reset_authorizations(&self, actor: Actor, hash: Option<i64>) -> Result<(), Error> {
        let fresh_may = self.settings.sandbox;
        let now = self.now();
        let work = move |tx: &Tx<'_>| {
            let all = store::of_user(tx, actor.user_id)?;
            let current = all.iter().find(|a| a.key_id == actor.key_id);
            let age = current.map_or(0, |a| now - a.created_at);
            if !fresh_may && age < FRESH_AUTHORIZATION_S {
                return Err(Error::refused(406, errors::FRESH_RESET_AUTHORISATION_FORBIDDEN));
            }
            let others = all.iter().filter(|a| a.key_id != actor.key_id);
            let chosen: Vec<i64> =
                others.filter(|a| hash.is_none_or(|hash| hash == a.hash)).map(|a| a.key_id).collect();
            if chosen.is_empty() && hash.is_some() {
                return Err(Error::bad(errors::HASH_INVALID));
            }
            for key_id in &chosen {
                store::delete(tx, *key_id)?;
            }
            Ok::<_, Error>(chosen)
        };
        for key_id in self.write(actor.user_id, work).await? {
            self.outlet.key_ended(key_id, true);
        }
        Ok(())
    }

    /// One-time bytes with which the actor logs in on another DC (M-470, M-472).
    pub async fn export_authorization(&self, actor: Actor, dc_id: i64) -> Result<Vec<u8>, Error> {
        let mut token = [0; 32];
        rand::rng().fill_bytes(&mut token);
        let (hash, expires) = (sha256(&[&token]), self.now() + EXPORT_LIFE_S);
        self.write(actor.user_id, move |tx| Ok(store::export(tx, &hash, actor.user_id, dc_id, expires)?))
            .await?;
        Ok(token.to_vec())
    }

    /// Logs a key in with such bytes, once, on the DC that they were made for; 0 where one listener plays them all
    /// (M-471, M-472).
    pub async fn import_authorization(
        &self,
        actor: Actor,
        user_id: UserId,
        token: &[u8],
        dc: i64,
        ip: String,
    ) -> Result<UserRow, Error> {
        let (hash, now) = (sha256(&[token]), self.now());
        let authorization = rand::rng().next_u64().cast_signed();
        self.write(actor.user_id, move |tx| {
            let taken = store::take_exported(tx, &hash)?;
            let good = |(user, target, expires): (UserId, i64, UnixTime)| {
                user == user_id && now < expires && (dc == 0 || dc == target)
            };
            if !taken.is_some_and(good) {
                return Err(Error::bad(errors::AUTH_BYTES_INVALID));
            }
            store::put(tx, actor.key_id, user_id, authorization, now, &ip)?;
            accounts::own(tx, Actor { user_id, ..actor })
        })
        .await
    }
}
