//! Which reactions a user is offered first.

use md5::{Digest, Md5};
use zaun_model::UserId;
use zaun_schema::api::enums::Reaction;
use zaun_store::Tx;
use zaun_store::repo::settings;

use super::reactions::{EMOJI, from_tl, to_tl};
use crate::limits::RECENT_REACTIONS;
use crate::{Actor, Error, Messenger};

/// Name of the setting: emoji, the newest first, each in a line.
const RECENT: &str = "recent_reactions";

fn recent(tx: &Tx<'_>, user: UserId) -> Result<Vec<String>, Error> {
    let found = settings::find(tx, user, RECENT)?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&found).lines().map(str::to_owned).collect())
}

/// The number by which clients know that they have a list of reactions already (G-371, A-152).
#[must_use]
pub fn hash_of(list: &[Reaction]) -> i64 {
    let mut hash = 0_u64;
    for reaction in list {
        let number = match reaction {
            Reaction::ReactionEmoji(emoji) => {
                let digest: [u8; 16] = Md5::digest(emoji.emoticon.as_bytes()).into();
                digest.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
            }
            Reaction::ReactionCustomEmoji(emoji) => emoji.document_id.cast_unsigned(),
            Reaction::ReactionEmpty | Reaction::ReactionPaid => continue,
        };
        hash ^= hash >> 21;
        hash ^= hash << 35;
        hash ^= hash >> 4;
        hash = hash.wrapping_add(number);
    }
    hash.cast_signed()
}

impl Messenger {
    /// Notes which reaction the actor chose last.
    pub async fn note_reaction(&self, actor: Actor, chosen: Reaction) -> Result<(), Error> {
        let Some(chosen) = from_tl(&chosen)? else { return Ok(()) };
        self.write(actor.user_id, move |tx| {
            let mut list = recent(tx, actor.user_id)?;
            list.retain(|known| *known != chosen);
            list.insert(0, chosen.clone());
            list.truncate(RECENT_REACTIONS);
            Ok(settings::put(tx, actor.user_id, RECENT, list.join("\n").as_bytes())?)
        })
        .await
    }

    /// Returns the reactions that the actor chose, the newest first.
    pub async fn recent_reactions(&self, actor: Actor, limit: i32) -> Result<Vec<Reaction>, Error> {
        let limit = usize::try_from(limit).unwrap_or(0);
        let found = self.read(actor.user_id, move |tx| recent(tx, actor.user_id)).await?;
        Ok(found.iter().take(limit).map(|value| to_tl(value.as_bytes())).collect())
    }

    /// Returns all reactions that there are, those first that the actor chose last.
    pub async fn top_reactions(&self, actor: Actor, limit: i32) -> Result<Vec<Reaction>, Error> {
        let limit = usize::try_from(limit).unwrap_or(0);
        let found = self.read(actor.user_id, move |tx| recent(tx, actor.user_id)).await?;
        let others = EMOJI.iter().filter(|known| !found.iter().any(|recent| recent == *known));
        let all = found.iter().map(String::as_str).chain(others.copied());
        Ok(all.take(limit).map(|value| to_tl(value.as_bytes())).collect())
    }

    /// Forgets which reactions the actor chose.
    pub async fn clear_recent_reactions(&self, actor: Actor) -> Result<(), Error> {
        self.write(actor.user_id, move |tx| Ok(settings::put(tx, actor.user_id, RECENT, &[])?)).await
    }
}
