//! Who may see or do what of a user (G-422 … G-424).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use zaun_model::{ChannelId, ChatId, Peer, UserId};
use zaun_schema::api::enums::PrivacyRule as Rule;
use zaun_schema::api::{enums, types};
use zaun_schema::visit::Mentioned;
use zaun_store::Tx;
use zaun_store::repo::contacts;
pub use zaun_store::repo::privacy::bit;
use zaun_store::repo::users::UserRow;
use zaun_store::repo::{channels, chats, privacy, users};

use crate::limits::PRIVACY_ENTRIES;
use crate::peers::{PeerRef, mention};
use crate::views::Scene;
use crate::{Actor, Changes, Error, Messenger, errors, stored};

/// The rules that a user gave for one key.
pub type Rules = Vec<Rule>;

/// What rules are about. Only what is enforced can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    bit: i64,
    contacts_only: bool,
}

impl Key {
    /// Reads a key; one that this server does not enforce cannot be changed.
    pub fn from_tl(key: &enums::InputPrivacyKey) -> Result<Key, Error> {
        use enums::InputPrivacyKey as K;
        let (bit, contacts_only) = match key {
            K::InputPrivacyKeyStatusTimestamp => (bit::STATUS, false),
            K::InputPrivacyKeyChatInvite => (bit::INVITE, false),
            K::InputPrivacyKeyForwards => (bit::FORWARDS, false),
            K::InputPrivacyKeyProfilePhoto => (bit::PHOTO, false),
            K::InputPrivacyKeyPhoneNumber => (bit::PHONE, true),
            K::InputPrivacyKeyAddedByPhone => (bit::ADDED_BY_PHONE, false),
            K::InputPrivacyKeyAbout => (bit::ABOUT, false),
            _ => return Err(Error::bad(errors::PRIVACY_KEY_INVALID)),
        };
        Ok(Key { bit, contacts_only })
    }

    fn to_tl(self) -> enums::PrivacyKey {
        use enums::PrivacyKey as K;
        match self.bit {
            bit::STATUS => K::PrivacyKeyStatusTimestamp,
            bit::INVITE => K::PrivacyKeyChatInvite,
            bit::FORWARDS => K::PrivacyKeyForwards,
            bit::PHOTO => K::PrivacyKeyProfilePhoto,
            bit::PHONE => K::PrivacyKeyPhoneNumber,
            bit::ADDED_BY_PHONE => K::PrivacyKeyAddedByPhone,
            _ => K::PrivacyKeyAbout,
        }
    }

    /// What holds until the user says otherwise.
    fn default_rules(self) -> Rules {
        match self.contacts_only {
            true => vec![Rule::PrivacyValueAllowContacts, Rule::PrivacyValueDisallowAll],
            false => vec![Rule::PrivacyValueAllowAll],
        }
    }
}

/// What rules look at in somebody.
struct Asker<'a> {
    id: UserId,
    is_contact: bool,
    /// Groups and channels of the rules in which it is, by their bare ids.
    groups: &'a BTreeSet<i64>,
}

/// The first rule that fits decides; where none does, nobody may.
fn allows(rules: &[Rule], asker: &Asker<'_>) -> bool {
    let among = |users: &[i64]| users.contains(&asker.id.0);
    let in_one = |chats: &[i64]| chats.iter().any(|id| asker.groups.contains(id));
    for rule in rules {
        let (fits, allowed) = match rule {
            Rule::PrivacyValueAllowAll => (true, true),
            Rule::PrivacyValueDisallowAll => (true, false),
            Rule::PrivacyValueAllowContacts => (asker.is_contact, true),
            Rule::PrivacyValueDisallowContacts => (asker.is_contact, false),
            Rule::PrivacyValueAllowUsers(list) => (among(&list.users), true),
            Rule::PrivacyValueDisallowUsers(list) => (among(&list.users), false),
            Rule::PrivacyValueAllowChatParticipants(list) => (in_one(&list.chats), true),
            Rule::PrivacyValueDisallowChatParticipants(list) => (in_one(&list.chats), false),
            _ => (false, false),
        };
        if fits {
            return allowed;
        }
    }
    false
}

fn chats_of(rules: &[Rule]) -> impl Iterator<Item = i64> {
    rules.iter().flat_map(|rule| match rule {
        Rule::PrivacyValueAllowChatParticipants(list) => list.chats.clone(),
        Rule::PrivacyValueDisallowChatParticipants(list) => list.chats.clone(),
        _ => Vec::new(),
    })
}

/// In which of some groups a user is.
fn groups_of(tx: &Tx<'_>, ids: &BTreeSet<i64>, user: UserId) -> Result<BTreeSet<i64>, Error> {
    if ids.is_empty() {
        return Ok(BTreeSet::new());
    }
    let in_channels: Vec<_> = ids.iter().map(|id| (ChannelId(*id), user)).collect();
    let in_chats: Vec<_> = ids.iter().map(|id| (ChatId(*id), user)).collect();
    let channels = channels::members(tx, &in_channels)?.into_iter();
    let mut found: BTreeSet<i64> =
        channels.filter(|row| row.status == channels::MEMBER).map(|row| row.channel_id.0).collect();
    let chats = chats::members_of(tx, &in_chats)?.into_iter();
    found.extend(chats.filter(|row| row.status == chats::MEMBER).map(|row| row.chat_id.0));
    Ok(found)
}

/// What users hide from each other, as bits of [`bit`], by owner and viewer.
pub(crate) type Hidden = HashMap<(UserId, UserId), i64>;

/// Finds out what users hide from viewers. `knows` says whether the first has the second as a contact.
pub(crate) fn hidden(
    tx: &Tx<'_>,
    rows: &[UserRow],
    viewers: &BTreeSet<UserId>,
    knows: impl Fn(UserId, UserId) -> bool,
) -> Result<Hidden, Error> {
    let careful: Vec<&UserRow> = rows.iter().filter(|row| row.hides != 0).collect();
    let mut out = Hidden::new();
    if careful.is_empty() {
        return Ok(out);
    }
    let ids: Vec<UserId> = careful.iter().map(|row| row.id).collect();
    let mut rules: BTreeMap<UserId, Vec<(i64, Rules)>> = BTreeMap::new();
    for (user, key, body) in privacy::of_users(tx, &ids)? {
        rules.entry(user).or_default().push((key, stored::decode(body)?));
    }
    let everybody: BTreeSet<UserId> = rows.iter().map(|row| row.id).chain(viewers.iter().copied()).collect();
    let named: BTreeSet<i64> = rules.values().flatten().flat_map(|(_, rules)| chats_of(rules)).collect();
    let mut groups: HashMap<UserId, BTreeSet<i64>> = HashMap::new();
    if !named.is_empty() {
        for user in &everybody {
            groups.insert(*user, groups_of(tx, &named, *user)?);
        }
    }
    let none = BTreeSet::new();
    for (owner, list) in &rules {
        for viewer in everybody.iter().filter(|viewer| *viewer != owner && viewer.0 != 0) {
            let groups = groups.get(viewer).unwrap_or(&none);
            let asker = Asker { id: *viewer, is_contact: knows(*owner, *viewer), groups };
            let kept = list.iter().filter(|(_, rules)| !allows(rules, &asker)).map(|(key, _)| key);
            let bits = kept.fold(0, |bits, key| bits | key);
            if bits != 0 {
                out.insert((*owner, *viewer), bits);
            }
        }
    }
    let blocking = careful.iter().filter(|row| row.hides & bit::BLOCKS != 0);
    let pairs: Vec<_> =
        blocking.flat_map(|row| viewers.iter().map(move |viewer| (row.id, *viewer))).collect();
    // G-424
    for pair in privacy::blocks(tx, &pairs)? {
        *out.entry(pair).or_default() |= bit::STATUS | bit::PHOTO | bit::ABOUT;
    }
    Ok(out)
}

/// Says whether a user lets another one do something.
pub(crate) fn admits(tx: &Tx<'_>, owner: &UserRow, key: i64, asker: UserId) -> Result<bool, Error> {
    if owner.hides & key == 0 || owner.id == asker {
        return Ok(true);
    }
    let Some(body) = privacy::find(tx, owner.id, key)? else { return Ok(true) };
    let rules: Rules = stored::decode(body)?;
    let is_contact = contacts::find(tx, owner.id, asker)?.is_some();
    let groups = groups_of(tx, &chats_of(&rules).collect(), asker)?;
    Ok(allows(&rules, &Asker { id: asker, is_contact, groups: &groups }))
}

/// What a client gives as one rule, with users and chats named.
#[derive(Debug, Clone)]
pub enum RuleRef {
    /// One that names nobody.
    Plain(Rule),
    /// One about users.
    Users {
        /// Whether they may.
        allow: bool,
        /// The users.
        users: Vec<PeerRef>,
    },
    /// One about the members of groups.
    Chats {
        /// Whether they may.
        allow: bool,
        /// Bare ids of the groups.
        chats: Vec<i64>,
    },
}

fn resolve(tx: &Tx<'_>, viewer: UserId, rule: &RuleRef) -> Result<Rule, Error> {
    Ok(match rule {
        RuleRef::Plain(rule) => rule.clone(),
        RuleRef::Users { allow, users } => {
            let users: Result<Vec<i64>, Error> =
                users.iter().map(|user| Ok(user.user(tx, viewer)?.0)).collect();
            let users = users?;
            match allow {
                true => types::PrivacyValueAllowUsers { users }.into(),
                false => types::PrivacyValueDisallowUsers { users }.into(),
            }
        }
        RuleRef::Chats { allow, chats } => {
            let chats = chats.clone();
            match allow {
                true => types::PrivacyValueAllowChatParticipants { chats }.into(),
                false => types::PrivacyValueDisallowChatParticipants { chats }.into(),
            }
        }
    })
}

/// Everybody whom rules name.
fn scene_of(tx: &Tx<'_>, viewer: UserId, rules: &[Rule]) -> Result<Scene, Error> {
    let mut mentioned = Mentioned::default();
    for rule in rules {
        match rule {
            Rule::PrivacyValueAllowUsers(list) => mentioned.users.extend(&list.users),
            Rule::PrivacyValueDisallowUsers(list) => mentioned.users.extend(&list.users),
            _ => {}
        }
    }
    for id in chats_of(rules) {
        mention(&mut mentioned, Peer::Chat(ChatId(id)));
        mention(&mut mentioned, Peer::Channel(ChannelId(id)));
    }
    Scene::for_viewer(tx, viewer, &mentioned)
}

impl Messenger {
    /// Returns the rules of the actor for a key, with everybody in them.
    pub async fn privacy(&self, actor: Actor, key: Key) -> Result<(Rules, Scene), Error> {
        self.read(actor.user_id, move |tx| {
            let found = privacy::find(tx, actor.user_id, key.bit)?;
            let rules = found.map(stored::decode).transpose()?.unwrap_or_else(|| key.default_rules());
            let scene = scene_of(tx, actor.user_id, &rules)?;
            Ok((rules, scene))
        })
        .await
    }

    /// Gives a key other rules, and tells the actor's other sessions.
    pub async fn set_privacy(
        &self,
        actor: Actor,
        key: Key,
        rules: Vec<RuleRef>,
    ) -> Result<(Rules, Scene), Error> {
        let named = rules.iter().map(|rule| match rule {
            RuleRef::Plain(_) => 1,
            RuleRef::Users { users, .. } => users.len(),
            RuleRef::Chats { chats, .. } => chats.len(),
        });
        if named.sum::<usize>() > PRIVACY_ENTRIES || rules.len() > PRIVACY_ENTRIES {
            return Err(Error::bad(errors::PRIVACY_TOO_LONG));
        }
        if rules.is_empty() {
            return Err(Error::bad(errors::PRIVACY_VALUE_INVALID));
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let user = actor.user_id;
            let rules: Result<Rules, Error> =
                rules.iter().map(|rule| resolve(changes.tx, user, rule)).collect();
            let rules = rules?;
            privacy::put(changes.tx, user, key.bit, &stored::encode(&rules)?)?;
            let update = types::UpdatePrivacy { key: key.to_tl(), rules: rules.clone() };
            changes.hint_user(user, update.into());
            Ok((rules.clone(), scene_of(changes.tx, user, &rules)?))
        };
        Ok(self.change(actor, work).await?.value)
    }
}

/// Notes whether a user blocks anybody, which others' pages of it depend on.
pub(crate) fn note_blocks(tx: &Tx<'_>, user: UserId, blocks: bool) -> Result<(), Error> {
    privacy::mark(tx, user, bit::BLOCKS, blocks).map_err(Into::into)
}

/// Keeps those of an audience from whom a user does not hide when it was seen.
pub(crate) fn told_of_status(tx: &Tx<'_>, user: UserId, audience: Vec<UserId>) -> Result<Vec<UserId>, Error> {
    let Some(row) = users::find(tx, user)?.filter(|row| row.hides & (bit::STATUS | bit::BLOCKS) != 0) else {
        return Ok(audience);
    };
    let pairs: Vec<_> = audience.iter().map(|other| (user, *other)).collect();
    let known: BTreeSet<UserId> =
        contacts::find_pairs(tx, &pairs)?.into_iter().map(|contact| contact.user_id).collect();
    let viewers: BTreeSet<UserId> = audience.iter().copied().collect();
    let hidden = hidden(tx, &[row], &viewers, |_, other| known.contains(&other))?;
    let told = |other: &UserId| hidden.get(&(user, *other)).is_none_or(|bits| bits & bit::STATUS == 0);
    Ok(audience.into_iter().filter(told).collect())
}
