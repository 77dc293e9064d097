//! Accounts: signing in and up, profile, user name (M-446 … M-456).

use rand::Rng;
use zaun_model::{BoxId, Peer, UnixTime, UserId};
use zaun_schema::api::{enums, types};
use zaun_store::Tx;
use zaun_store::repo::users::{self, UserRow};
use zaun_store::repo::{authorizations, boxes, passwords};

use crate::codes::{self, Checked, Guess, normalize_phone};
use crate::limits::{ABOUT_LENGTH, NAME_LENGTH};
use crate::people::audience;
use crate::{
    Actor, Changes, Error, FIRST_CHANNEL, FIRST_CHAT, FIRST_USER, Messenger, NOBODY, SERVICE_USER, errors,
};

/// Where a login comes from.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// Address of the connection.
    pub ip: String,
    /// Device, for the notice to other sessions.
    pub device: String,
    /// The DC in which a new account is at home; 0 for all of them.
    pub home_dc: i64,
}

/// How a login went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    /// The key is logged in.
    Done(Box<UserRow>),
    /// The code was right, and the account has a password, which is to follow.
    PasswordNeeded,
    /// The code was right, and nobody has this phone (M-447).
    SignUpRequired,
    /// The code was wrong; the try was counted.
    WrongCode,
}

/// Makes sure that the account exists from which codes come, and that ordinary ids begin where they should.
pub(crate) fn create_service_user(tx: &Tx<'_>, now: UnixTime) -> Result<(), Error> {
    if users::find(tx, SERVICE_USER)?.is_none() {
        users::insert_with_id(tx, SERVICE_USER, "Zaun", now)?;
        boxes::create(tx, BoxId::User(SERVICE_USER))?;
        tx.count_ids_from("users", FIRST_USER.0 + 1)?;
        tx.count_ids_from("chats", FIRST_CHAT.0)?;
        tx.count_ids_from("channels", FIRST_CHANNEL.0)?;
    }
    Ok(())
}

fn trimmed(name: &str, limit: usize) -> Option<String> {
    let name = name.trim();
    (name.chars().count() <= limit).then(|| name.to_owned())
}

fn first_name(name: &str) -> Result<String, Error> {
    trimmed(name, NAME_LENGTH).filter(|n| !n.is_empty()).ok_or_else(|| Error::bad(errors::FIRSTNAME_INVALID))
}

fn last_name(name: &str) -> Result<String, Error> {
    trimmed(name, NAME_LENGTH).ok_or_else(|| Error::bad(errors::LASTNAME_INVALID))
}

impl Messenger {
    /// Signs a key in by phone, hash and code.
    pub async fn sign_in(
        &self,
        actor: Actor,
        phone: &str,
        hash: String,
        code: String,
        origin: Origin,
    ) -> Result<SignIn, Error> {
        let phone = normalize_phone(phone)?;
        let (authorization, sandbox) = (rand::rng().next_u64().cast_signed(), self.settings.sandbox);
        let made_up = self.settings.made_up_names && codes::test_dc(&phone).is_some();
        let work = move |changes: &mut Changes<'_, '_>| {
            let guess = Guess { phone: &phone, hash: &hash, ip: &origin.ip, now: changes.now.0, sandbox };
            if codes::check(changes.tx, &guess, &code)? == Checked::Wrong {
                return Ok(SignIn::WrongCode);
            }
            let user = match users::by_phone(changes.tx, &phone)? {
                Some(user) => user,
                None if made_up => create(changes, &phone, made_up_name(&phone), origin.home_dc)?,
                None => return Ok(SignIn::SignUpRequired),
            };
            codes::use_up(changes.tx, &hash)?;
            if passwords::find(changes.tx, user.id)?.is_some() {
                passwords::put_stage(changes.tx, actor.key_id, user.id, changes.now)?;
                return Ok(SignIn::PasswordNeeded);
            }
            log_in(changes, actor, user.id, authorization, &origin)?;
            Ok(SignIn::Done(Box::new(user)))
        };
        Ok(self.change(actor, work).await?.value)
    }

    /// Creates an account after a right code (M-447, M-448).
    pub async fn sign_up(
        &self,
        actor: Actor,
        phone: &str,
        hash: String,
        names: (String, String),
        origin: Origin,
    ) -> Result<UserRow, Error> {
        let phone = normalize_phone(phone)?;
        let (first, last) = (first_name(&names.0)?, last_name(&names.1)?);
        let authorization = rand::rng().next_u64().cast_signed();
        let work = move |changes: &mut Changes<'_, '_>| {
            if !codes::live(changes.tx, &phone, &hash, changes.now.0)?.verified {
                return Err(Error::bad(errors::PHONE_CODE_EMPTY));
            }
            if users::by_phone(changes.tx, &phone)?.is_some() {
                return Err(Error::bad(errors::PHONE_NUMBER_OCCUPIED));
            }
            let user = create(changes, &phone, (&first, &last), origin.home_dc)?;
            codes::use_up(changes.tx, &hash)?;
            log_in(changes, actor, user.id, authorization, &origin)?;
            Ok(user)
        };
        Ok(self.change(actor, work).await?.value)
    }

    /// Creates an account without a login, as whoever runs the server may.
    pub async fn create_user(&self, phone: &str, first: &str, last: &str) -> Result<UserRow, Error> {
        let phone = normalize_phone(phone)?;
        let (first, last) = (first_name(first)?, last_name(last)?);
        let nobody = Actor { user_id: NOBODY, key_id: 0, session_id: 0 };
        let work = move |changes: &mut Changes<'_, '_>| {
            if users::by_phone(changes.tx, &phone)?.is_some() {
                return Err(Error::bad(errors::PHONE_NUMBER_OCCUPIED));
            }
            create(changes, &phone, (&first, &last), 0)
        };
        Ok(self.change(nobody, work).await?.value)
    }

    /// The DC in which the account of a phone is at home: 0 for all of them, `None` if there is no account.
    pub async fn home_dc(&self, phone: &str) -> Result<Option<i64>, Error> {
        let phone = normalize_phone(phone)?;
        self.read(NOBODY, move |tx| Ok(users::by_phone(tx, &phone)?.map(|user| user.home_dc))).await
    }

    /// The DC that is nearest to a phone, if the phone tells: test phones do, in a sandbox (M-441, M-453).
    pub fn nearest_dc(&self, phone: &str) -> Option<i32> {
        let phone = normalize_phone(phone).ok().filter(|_| self.settings.sandbox)?;
        codes::test_dc(&phone)
    }

    /// Changes names and bio; what is `None` stays.
    pub async fn update_profile(
        &self,
        actor: Actor,
        first: Option<String>,
        last: Option<String>,
        about: Option<String>,
    ) -> Result<(), Error> {
        let first = first.map(|name| first_name(&name)).transpose()?;
        let last = last.map(|name| last_name(&name)).transpose()?;
        let about =
            about.map(|text| trimmed(&text, ABOUT_LENGTH).ok_or_else(|| Error::bad(errors::ABOUT_TOO_LONG)));
        let about = about.transpose()?;
        let work = move |changes: &mut Changes<'_, '_>| {
            let user = own(changes.tx, actor)?;
            users::set_profile(
                changes.tx,
                user.id,
                first.as_deref().unwrap_or(&user.first_name),
                last.as_deref().unwrap_or(&user.last_name),
                about.as_deref().unwrap_or(&user.about),
            )?;
            announce_name(changes, user.id)
        };
        self.change(actor, work).await.map(drop)
    }

    /// Gives the user another user name; an empty one removes it.
    pub async fn update_username(&self, actor: Actor, username: String) -> Result<(), Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let user = own(changes.tx, actor)?;
            if user.username.as_deref().unwrap_or_default() == username {
                return Err(Error::bad(errors::USERNAME_NOT_MODIFIED));
            }
            if username.is_empty() {
                users::claim_username(changes.tx, user.id.into(), None)?;
                users::set_username(changes.tx, user.id, None)?;
            } else {
                let folded = fold_username(&username)?;
                if users::by_username(changes.tx, &folded)?
                    .is_some_and(|holder| holder != Peer::User(user.id))
                {
                    return Err(Error::bad(errors::USERNAME_OCCUPIED));
                }
                users::claim_username(changes.tx, user.id.into(), Some(&folded))?;
                users::set_username(changes.tx, user.id, Some(&username))?;
            }
            announce_name(changes, user.id)
        };
        self.change(actor, work).await.map(drop)
    }

    /// Whether a user name is free for the actor.
    pub async fn check_username(&self, actor: Actor, username: &str) -> Result<bool, Error> {
        let folded = fold_username(username)?;
        self.read(actor.user_id, move |tx| {
            Ok(users::by_username(tx, &folded)?.is_none_or(|holder| holder == Peer::User(actor.user_id)))
        })
        .await
    }
}

/// First names of accounts that nobody named.
const MADE_UP_NAMES: [&str; 10] =
    ["Ada", "Boris", "Chloe", "Deniz", "Emil", "Farah", "Goran", "Hana", "Ivo", "Juno"];

/// Returns the name of an account that nobody named: always the same for a phone, and told apart by its last digits.
fn made_up_name(phone: &str) -> (&'static str, &str) {
    let digits = phone.get(phone.len().saturating_sub(4)..).unwrap_or_default();
    let last = digits.parse::<usize>().unwrap_or_default() % MADE_UP_NAMES.len();
    (MADE_UP_NAMES.get(last).copied().unwrap_or("Ada"), digits)
}

/// Creates an account.
fn create(
    changes: &mut Changes<'_, '_>,
    phone: &str,
    (first, last): (&str, &str),
    home_dc: i64,
) -> Result<UserRow, Error> {
    let id = users::insert(changes.tx, phone, first, last, home_dc, changes.now)?;
    boxes::create(changes.tx, BoxId::User(id))?;
    users::find(changes.tx, id)?.ok_or_else(|| Error::bad(errors::USER_ID_INVALID))
}

/// The user behind an actor.
pub(crate) fn own(tx: &Tx<'_>, actor: Actor) -> Result<UserRow, Error> {
    users::find(tx, actor.user_id)?.ok_or_else(|| Error::refused(401, errors::USER_DEACTIVATED))
}

/// A user name in the form in which it is unique; 5 to 32 letters, digits and underscores, a letter first.
pub(crate) fn fold_username(username: &str) -> Result<String, Error> {
    let shape = username.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let begins = username.starts_with(|c: char| c.is_ascii_alphabetic());
    let ends = !username.ends_with('_') && !username.contains("__");
    if shape && begins && ends && (5..=32).contains(&username.len()) {
        Ok(username.to_ascii_lowercase())
    } else {
        Err(Error::bad(errors::USERNAME_INVALID))
    }
}

/// Binds the user to the key (M-455) and tells the others (M-456).
pub(crate) fn log_in(
    changes: &mut Changes<'_, '_>,
    actor: Actor,
    user_id: UserId,
    hash: i64,
    origin: &Origin,
) -> Result<(), Error> {
    authorizations::put(changes.tx, actor.key_id, user_id, hash, changes.now, &origin.ip)?;
    if authorizations::of_user(changes.tx, user_id)?.len() > 1 {
        let date = changes.now.to_tl();
        let update = types::UpdateNewAuthorization {
            unconfirmed: false,
            hash,
            date: Some(date),
            device: Some(origin.device.clone()),
            location: Some(origin.ip.clone()),
        };
        changes.hint_user(user_id, update.into());
    }
    Ok(())
}

/// Tells everybody who may show the name: the user's own sessions, and those who have a chat or a contact entry.
pub(crate) fn announce_name(changes: &mut Changes<'_, '_>, user_id: UserId) -> Result<(), Error> {
    let Some(user) = users::find(changes.tx, user_id)? else { return Ok(()) };
    let usernames = user.username.iter().map(|name| types::Username {
        editable: true,
        active: true,
        username: name.clone(),
        ..types::Username::default()
    });
    let update: enums::Update = types::UpdateUserName {
        user_id: user_id.0,
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        usernames: usernames.collect(),
    }
    .into();
    for audience in audience(changes.tx, user_id)? {
        changes.hint_user(audience, update.clone());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::fold_username;

    #[test]
    fn user_names_have_a_shape() {
        assert_eq!(fold_username("Alice_1").unwrap(), "alice_1");
        for bad in ["four", "1alice", "alice_", "al__ice", "älice", "a".repeat(33).as_str()] {
            assert!(fold_username(bad).is_err(), "{bad}");
        }
    }
}
