//! Deleting accounts: when their owner says so, or when nobody used them for long.

use std::collections::BTreeSet;

use zaun_model::{Peer, UserId};
use zaun_schema::api::types;
use zaun_store::Tx;
use zaun_store::repo::{authorizations, channels, chats, contacts, passwords, settings, users};

use crate::limits::{ACCOUNT_TTL_DAYS, ACCOUNT_TTL_DEFAULT_DAYS, CHANNELS_PER_USER, SWEEP_BATCH};
use crate::passwords::Answer;
use crate::people::audience;
use crate::{Actor, Changes, Error, Messenger, NOBODY, errors};

const DAY_S: i64 = 86_400;
/// Name of the setting.
const TTL: &str = "account_ttl";

fn read_days(body: &[u8]) -> i32 {
    body.first_chunk().map_or(ACCOUNT_TTL_DEFAULT_DAYS, |bytes| i32::from_le_bytes(*bytes))
}

/// Makes an account an empty shell that others still see in what it wrote.
fn close(changes: &mut Changes<'_, '_>, user: UserId) -> Result<BTreeSet<i64>, Error> {
    let told = audience(changes.tx, user)?;
    users::claim_username(changes.tx, Peer::User(user), None)?;
    users::close(changes.tx, user)?;
    passwords::delete(changes.tx, user)?;
    contacts::clear(changes.tx, user)?;
    let limit = i64::try_from(CHANNELS_PER_USER).unwrap_or(i64::MAX);
    for member in channels::memberships(changes.tx, user, limit)? {
        let Some(mut channel) = channels::find(changes.tx, member.channel_id)? else { continue };
        channel.members = (channel.members - 1).max(0);
        channel.admins -= i32::from(member.admin != zaun_model::rights::AdminRights::NONE);
        channels::save(changes.tx, &channel)?;
        channels::put_member(changes.tx, &channels::MemberRow { status: channels::LEFT, ..member })?;
        changes.membership(user, channel.id, None);
    }
    chats::leave_all(changes.tx, user)?;
    let keys: BTreeSet<i64> =
        authorizations::of_user(changes.tx, user)?.into_iter().map(|row| row.key_id).collect();
    for key in &keys {
        authorizations::delete(changes.tx, *key)?;
    }
    for other in told {
        changes.hint_user(other, types::UpdateUser { user_id: user.0 }.into());
    }
    Ok(keys)
}

impl Messenger {
    /// Deletes the actor's account. With a password that is not given, it takes a week (the error says so).
    pub async fn delete_account(&self, actor: Actor, answer: Option<Answer>) -> Result<(), Error> {
        if answer.is_none() && self.password_state(actor).await?.set.is_some() {
            return Err(Error::bad(errors::PASSWORD_MISSING));
        }
        self.require_password(actor, answer).await?;
        let work = move |changes: &mut Changes<'_, '_>| close(changes, actor.user_id);
        for key in self.change(actor, work).await?.value {
            self.outlet.key_ended(key, key != actor.key_id);
        }
        Ok(())
    }

    /// After how many days without use the actor's account is deleted.
    pub async fn account_ttl(&self, actor: Actor) -> Result<i32, Error> {
        self.read(actor.user_id, move |tx| {
            let found = settings::find(tx, actor.user_id, TTL)?;
            Ok(found.map_or(ACCOUNT_TTL_DEFAULT_DAYS, |body| read_days(&body)))
        })
        .await
    }

    /// Sets after how many days without use the actor's account is deleted.
    pub async fn set_account_ttl(&self, actor: Actor, days: i32) -> Result<(), Error> {
        if !ACCOUNT_TTL_DAYS.contains(&days) {
            return Err(Error::bad(errors::TTL_DAYS_INVALID));
        }
        let work = move |tx: &Tx<'_>| settings::put(tx, actor.user_id, TTL, &days.to_le_bytes());
        self.write(actor.user_id, move |tx| work(tx).map_err(Into::into)).await
    }

    /// Deletes accounts that nobody used for longer than their owners wanted. Only who set such a time is looked at: a
    /// server that belongs to somebody does not throw out people who said nothing.
    pub async fn close_unused_accounts(&self) -> Result<(), Error> {
        let (now, mut after) = (self.now(), UserId(0));
        loop {
            let found = self.read(NOBODY, move |tx| Ok(users::with_setting(tx, TTL, after, SWEEP_BATCH)?));
            let found = found.await?;
            let Some((last, ..)) = found.last() else { return Ok(()) };
            after = *last;
            for (user, seen, days) in found {
                if now - seen <= i64::from(read_days(&days)) * DAY_S {
                    continue;
                }
                let actor = Actor { user_id: user, key_id: 0, session_id: 0 };
                let work = move |changes: &mut Changes<'_, '_>| close(changes, user);
                for key in self.change(actor, work).await?.value {
                    self.outlet.key_ended(key, true);
                }
            }
        }
    }
}
