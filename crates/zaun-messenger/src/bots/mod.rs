//! Bots: accounts that programs use, logged in by a token (B-001 …).

mod apps;
mod callbacks;
pub(crate) mod father;
mod hearing;
mod inline;
mod inline_results;
pub(crate) mod marks;
pub mod markup;
pub(crate) mod members;
mod profile;
pub mod queue;
mod tokens;

pub use apps::{AppRequest, Apps, Opened, OpenedApp, check_of};
pub use callbacks::{CallbackAnswer, Questions};
pub use father::BOT_FATHER;
pub use inline::{
    InlineAnswer, InlineDraft, InlineMessageId, InlineQueries, InlineQuery, InlineResult, Kept,
};
pub use members::counts_in_qts;
pub(crate) use profile::profile as profile_of;
pub use profile::{BotProfile, CommandScope, Texts};
use rand::{Rng, RngExt};
pub use tokens::Token;
use zaun_crypto::hash::ct_eq;
use zaun_model::{BoxId, ChatId, Peer, UserId};
use zaun_store::Tx;
pub use zaun_store::repo::bots::flag;
use zaun_store::repo::bots::{self, BotRow};
use zaun_store::repo::users::{self, UserRow};
use zaun_store::repo::{authorizations, boxes, chats};
use zeroize::Zeroizing;

use crate::accounts::{Origin, fold_username, log_in};
use crate::limits::{BOT_NAME_LENGTH, BOTS_LISTED, BOTS_PER_OWNER};
use crate::{Actor, Changes, Error, Messenger, NOBODY, errors};

/// A bot that was just made, or got another token.
pub struct NewBot {
    /// Its account.
    pub user: UserRow,
    /// What it logs in with.
    pub token: Token,
}

/// What the field of an inline query shows in a sandbox.
pub const SANDBOX_PLACEHOLDER: &str = "Search…";

/// What a token turned out to be.
enum Judged {
    /// That of a bot.
    Good(Box<UserRow>),
    /// One that was good once (B-013).
    Revoked,
    /// Nobody's.
    Unknown,
}

/// Returns a user name of a bot in the form in which it is unique (B-011).
fn fold_bot_username(username: &str) -> Result<String, Error> {
    let folded = fold_username(username)?;
    if folded.ends_with("bot") { Ok(folded) } else { Err(Error::bad(errors::USERNAME_INVALID)) }
}

fn bot_name(name: &str) -> Result<String, Error> {
    let name = name.trim();
    let fits = !name.is_empty() && name.chars().count() <= BOT_NAME_LENGTH;
    if fits { Ok(name.to_owned()) } else { Err(Error::bad(errors::FIRSTNAME_INVALID)) }
}

/// Says whether an account is a bot.
pub(crate) fn is_bot(tx: &Tx<'_>, id: UserId) -> Result<bool, Error> {
    Ok(users::find(tx, id)?.is_some_and(|user| user.is_bot()))
}

/// Says whether a bot has met a user: the user lets it write, or both are in a group or channel together (B-027,
/// B-049).
pub(crate) fn has_met(tx: &Tx<'_>, bot: UserId, user: UserId) -> Result<bool, Error> {
    Ok(bot == user
        || bots::is_allowed(tx, bot, user)?
        || bots::share_channel(tx, bot, user)?
        || !chats::common(tx, bot, user, ChatId(0), 1)?.is_empty())
}

impl Messenger {
    /// Makes a bot for an owner; id 0 for nobody in particular.
    pub async fn create_bot(&self, owner: UserId, name: &str, username: &str) -> Result<NewBot, Error> {
        let (name, folded, username) = (bot_name(name)?, fold_bot_username(username)?, username.to_owned());
        let secret = tokens::fresh_secret();
        let nonce = rand::rng().random();
        let signer = self.access.clone();
        let now = self.now();
        let work = move |tx: &Tx<'_>| {
            if owner != NOBODY && bots::list(tx, Some(owner), BOTS_PER_OWNER)?.len() as i64 >= BOTS_PER_OWNER
            {
                return Err(Error::bad(errors::BOT_CREATE_LIMIT_EXCEEDED));
            }
            if users::by_username(tx, &folded)?.is_some() {
                return Err(Error::bad(errors::USERNAME_OCCUPIED));
            }
            let id = bots::insert_user(tx, &name, now)?;
            boxes::create(tx, BoxId::User(id))?;
            users::claim_username(tx, id.into(), Some(&folded))?;
            users::set_username(tx, id, Some(&username))?;
            let token = Token::new(id, &secret);
            bots::insert(tx, &new_row(&signer, &token, owner, now, nonce))?;
            let user = users::find(tx, id)?.ok_or_else(|| Error::bad(errors::USER_ID_INVALID))?;
            Ok((user, token))
        };
        let (user, token) = self.write(owner, work).await?;
        Ok(NewBot { user, token })
    }

    /// Returns the bot with a user name made of a name, or makes it: for servers that are started with one.
    pub async fn ensure_bot(&self, name: &str) -> Result<NewBot, Error> {
        let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let lower = letters.to_ascii_lowercase();
        let username =
            if lower.ends_with("bot") && lower.len() >= 5 { letters } else { format!("{letters}_bot") };
        let folded = fold_bot_username(&username)?;
        let holder = self.read(NOBODY, move |tx| Ok(users::by_username(tx, &folded)?)).await?;
        match holder {
            Some(Peer::User(id)) => self.bot_token(id).await,
            Some(_) => Err(Error::bad(errors::USERNAME_OCCUPIED)),
            None => self.create_bot(NOBODY, name, &username).await,
        }
    }

    /// Returns all bots, or those of an owner.
    pub async fn bots(&self, owner: Option<UserId>) -> Result<Vec<UserRow>, Error> {
        self.read(NOBODY, move |tx| {
            let ids: Vec<UserId> =
                bots::list(tx, owner, BOTS_LISTED)?.into_iter().map(|bot| bot.user_id).collect();
            Ok(users::find_many(tx, &ids)?)
        })
        .await
    }

    /// Returns the token of a bot (B-004).
    pub async fn bot_token(&self, id: UserId) -> Result<NewBot, Error> {
        let signer = self.access.clone();
        self.read(NOBODY, move |tx| {
            let row = bots::find(tx, id)?.ok_or_else(|| Error::bad(errors::BOT_INVALID))?;
            let user = users::find(tx, id)?.ok_or_else(|| Error::bad(errors::BOT_INVALID))?;
            let text = signer.open(&row.sealed).ok_or_else(|| Error::refused(500, errors::INTERNAL))?;
            let token = Token::parse(&text).ok_or_else(|| Error::refused(500, errors::INTERNAL))?;
            Ok(NewBot { user, token })
        })
        .await
    }

    /// Gives a bot another token; whoever uses the old one is logged out (B-016).
    pub async fn revoke_bot_token(&self, id: UserId) -> Result<NewBot, Error> {
        let secret = tokens::fresh_secret();
        let nonce: [u8; 16] = rand::rng().random();
        let signer = self.access.clone();
        let ended = self
            .write(id, move |tx| {
                bots::find(tx, id)?.ok_or_else(|| Error::bad(errors::BOT_INVALID))?;
                let token = Token::new(id, &secret);
                bots::set_token(tx, id, &signer.token_mac(&token), &signer.seal(nonce, token.reveal()))?;
                end_authorizations(tx, id)
            })
            .await?;
        ended.into_iter().for_each(|key_id| self.outlet.key_ended(key_id, true));
        self.bot_token(id).await
    }

    /// Lets a bot answer inline queries, whose field shows a placeholder, or not any more; with `feedback` it hears
    /// which results were chosen (B-101, B-112).
    pub async fn set_bot_inline(
        &self,
        id: UserId,
        placeholder: Option<String>,
        feedback: bool,
    ) -> Result<(), Error> {
        self.write(id, move |tx| {
            bots::find(tx, id)?.ok_or_else(|| Error::bad(errors::BOT_INVALID))?;
            allow_inline(tx, id, placeholder.as_deref(), feedback)
        })
        .await
    }

    /// Deletes a bot. Its account stays as a deleted one.
    pub async fn delete_bot(&self, id: UserId) -> Result<(), Error> {
        let work = move |tx: &Tx<'_>| {
            bots::find(tx, id)?.ok_or_else(|| Error::bad(errors::BOT_INVALID))?;
            users::claim_username(tx, id.into(), None)?;
            users::set_username(tx, id, None)?;
            bots::delete(tx, id)?;
            end_authorizations(tx, id)
        };
        for key_id in self.write(id, work).await? {
            self.outlet.key_ended(key_id, true);
        }
        Ok(())
    }

    /// Returns the bot whose token it is. In a sandbox a token that nobody has creates its bot (B-010).
    pub async fn bot_by_token(&self, text: &str) -> Result<Option<UserRow>, Error> {
        match self.judge_token(text).await? {
            Judged::Good(user) => Ok(Some(*user)),
            Judged::Revoked | Judged::Unknown => Ok(None),
        }
    }

    async fn judge_token(&self, text: &str) -> Result<Judged, Error> {
        let Some(token) = Token::parse(text) else { return Ok(Judged::Unknown) };
        let (id, mac, sandbox) = (token.bot_id(), self.access.token_mac(&token), self.settings.sandbox);
        let found = self.read(NOBODY, move |tx| Ok((bots::find(tx, id)?, users::find(tx, id)?))).await?;
        match found {
            (Some(row), user) => {
                // B-003: what was compared takes as long whatever was wrong.
                let good = ct_eq(&row.token_mac, &mac);
                let former = row.former_mac.is_some_and(|former| ct_eq(&former, &mac));
                let user = user.filter(|user| good && !user.deleted);
                Ok(user.map_or(if former { Judged::Revoked } else { Judged::Unknown }, |user| {
                    Judged::Good(Box::new(user))
                }))
            }
            (None, None) if sandbox => Ok(Judged::Good(Box::new(self.adopt_bot(token).await?))),
            _ => {
                let _ = ct_eq(&[0; 32], &mac);
                Ok(Judged::Unknown)
            }
        }
    }

    /// Creates the bot of a token that was seen for the first time (B-010).
    async fn adopt_bot(&self, token: Token) -> Result<UserRow, Error> {
        let (signer, now, nonce) = (self.access.clone(), self.now(), rand::rng().random());
        self.write(NOBODY, move |tx| {
            let id = token.bot_id();
            if let Some(user) = users::find(tx, id)? {
                return Ok(user);
            }
            users::insert_with_id(tx, id, &format!("Bot {}", id.0), now)?;
            bots::mark(tx, id)?;
            boxes::create(tx, BoxId::User(id))?;
            let username = format!("bot{}_bot", id.0);
            if users::by_username(tx, &username)?.is_none() {
                users::claim_username(tx, id.into(), Some(&username))?;
                users::set_username(tx, id, Some(&username))?;
            }
            bots::insert(tx, &new_row(&signer, &token, NOBODY, now, nonce))?;
            // In a sandbox nobody has to ask for inline mode first.
            allow_inline(tx, id, Some(SANDBOX_PLACEHOLDER), true)?;
            users::find(tx, id)?.ok_or_else(|| Error::bad(errors::USER_ID_INVALID))
        })
        .await
    }

    /// Logs a key in by a token (B-012, B-013).
    pub async fn log_in_bot(&self, actor: Actor, token: &str, origin: Origin) -> Result<UserRow, Error> {
        let user = match self.judge_token(token).await? {
            Judged::Good(user) => *user,
            Judged::Revoked => return Err(Error::bad(errors::ACCESS_TOKEN_EXPIRED)),
            Judged::Unknown => return Err(Error::bad(errors::ACCESS_TOKEN_INVALID)),
        };
        let (id, hash) = (user.id, rand::rng().next_u64().cast_signed());
        let work = move |changes: &mut Changes<'_, '_>| log_in(changes, actor, id, hash, &origin);
        self.change(actor, work).await?;
        Ok(user)
    }

    /// Says whether a bot has met a user, and whether it may write to it (B-047 … B-049).
    pub async fn knows_user(&self, bot: UserId, user: UserId) -> Result<(bool, bool), Error> {
        self.read(bot, move |tx| {
            let exists = users::find(tx, user)?.is_some();
            Ok((exists && has_met(tx, bot, user)?, bots::is_allowed(tx, bot, user)?))
        })
        .await
    }
}

fn new_row(
    signer: &crate::access::Signer,
    token: &Token,
    owner: UserId,
    now: zaun_model::UnixTime,
    nonce: [u8; 16],
) -> BotRow {
    BotRow {
        user_id: token.bot_id(),
        owner_id: owner,
        token_mac: signer.token_mac(token).to_vec(),
        former_mac: None,
        sealed: signer.seal(nonce, token.reveal()),
        created_at: now,
    }
}

/// Who owns a bot.
pub(crate) fn owner_of(tx: &Tx<'_>, bot: UserId) -> Result<Option<UserId>, Error> {
    Ok(bots::find(tx, bot)?.map(|row| row.owner_id))
}

/// Sets whether a bot answers inline queries and hears what was chosen.
fn allow_inline(tx: &Tx<'_>, id: UserId, placeholder: Option<&str>, feedback: bool) -> Result<(), Error> {
    let user = users::find(tx, id)?.ok_or_else(|| Error::bad(errors::BOT_INVALID))?;
    let kept = user.bot_flags & !flag::INLINE_FEEDBACK;
    let flags = if feedback { kept | flag::INLINE_FEEDBACK } else { kept };
    bots::set_settings(tx, id, flags, placeholder)?;
    Ok(bots::bump(tx, id)?)
}

/// Logs a bot out everywhere; returns the keys.
fn end_authorizations(tx: &Tx<'_>, id: UserId) -> Result<Vec<i64>, Error> {
    let keys: Vec<i64> = authorizations::of_user(tx, id)?.into_iter().map(|row| row.key_id).collect();
    for key_id in &keys {
        authorizations::delete(tx, *key_id)?;
    }
    Ok(keys)
}

/// What a token is while it is in the open.
pub(crate) type Secret = Zeroizing<String>;
