//! Reactions to messages (G-362 … G-371).

use zaun_model::rights::{AdminRights, BannedRights};
use zaun_model::{BoxId, ContentId, MsgId, Peer, UnixTime, UserId};
use zaun_schema::api::enums::{ChatReactions, Reaction};
use zaun_schema::api::{enums, types};
use zaun_store::Tx;
use zaun_store::repo::contents::{self, ContentRow};
use zaun_store::repo::marks::{self, MarkRow, REACTION};
use zaun_store::repo::messages::{self, MessageRow};
use zaun_store::repo::{channels, chats};

use crate::blocking::require_unblocked;
use crate::changes::Audience;
use crate::channels::log::{kind, record};
use crate::limits::{IDS_PER_CALL, KINDS_OF_REACTIONS, PAGE, REACTIONS_OF_CHAT};
use crate::peers::{PeerRef, peer_to_tl};
use crate::rights::{self, Group, Membership, Reading};
use crate::views::{self, Message, Scene};
use crate::{Actor, Changes, Error, Messenger, Outcome, bots, errors, stored};

/// Reactions that apps offer; others are refused (G-363). `getAvailableReactions` would need animations for each.
pub(super) const EMOJI: &[&str] = &[
    "👍",
    "👎",
    "❤",
    "🔥",
    "🥰",
    "👏",
    "😁",
    "🤔",
    "🤯",
    "😱",
    "🤬",
    "😢",
    "🎉",
    "🤩",
    "🤮",
    "💩",
    "🙏",
    "👌",
    "🕊",
    "🤡",
    "🥱",
    "🥴",
    "😍",
    "🐳",
    "❤‍🔥",
    "🌚",
    "🌭",
    "💯",
    "🤣",
    "⚡",
    "🍌",
    "🏆",
    "💔",
    "🤨",
    "😐",
    "🍓",
    "🍾",
    "💋",
    "🖕",
    "😈",
    "😴",
    "😭",
    "🤓",
    "👻",
    "👨‍💻",
    "👀",
    "🎃",
    "🙈",
    "😇",
    "😨",
    "🤝",
    "✍",
    "🤗",
    "🫡",
    "🎅",
    "🎄",
    "☃",
    "💅",
    "🤪",
    "🗿",
    "🆒",
    "💘",
    "🙉",
    "🦄",
    "😘",
    "💊",
    "🙊",
    "😎",
    "👾",
    "🤷‍♂",
    "🤷",
    "🤷‍♀",
    "😡",
];
/// The emoji's own way to say that it is one; clients leave it out or not.
const VARIATION: char = '\u{fe0f}';
/// How many of those who reacted last a message names.
const RECENT: i64 = 3;

/// Those who reacted to a message.
#[derive(Debug, Clone)]
pub struct Reactors {
    /// How many reactions there are.
    pub count: i32,
    /// A page of them, the newest first.
    pub rows: Vec<MarkRow>,
    /// Where the next page begins; none at the end.
    pub next: Option<String>,
    /// They.
    pub scene: Scene,
}

/// Returns a stored reaction as clients see it.
#[must_use]
pub fn to_tl(value: &[u8]) -> Reaction {
    types::ReactionEmoji { emoticon: String::from_utf8_lossy(value).into_owned() }.into()
}

/// Returns how a reaction is stored. Custom emoji take Premium, which does not exist here; paid ones are refused.
pub(super) fn from_tl(reaction: &Reaction) -> Result<Option<String>, Error> {
    match reaction {
        Reaction::ReactionEmpty => Ok(None),
        Reaction::ReactionEmoji(emoji) => {
            let plain = emoji.emoticon.replace(VARIATION, "");
            let known = EMOJI.iter().find(|known| **known == plain);
            known.map(|known| Some((*known).to_owned())).ok_or_else(|| Error::bad(errors::REACTION_INVALID))
        }
        Reaction::ReactionCustomEmoji(_) => Err(Error::refused(403, errors::PREMIUM_ACCOUNT_REQUIRED)),
        Reaction::ReactionPaid => Err(Error::bad(errors::REACTION_INVALID)),
    }
}

/// Reads the stored sum of reactions.
pub(crate) fn decode(bytes: Vec<u8>) -> Result<types::MessageReactions, Error> {
    stored::decode(bytes)
}

/// Returns the reactions to a message as a viewer sees them; `None` stands for any member of a channel, who gets the
/// common form (G-365).
#[must_use]
pub fn shown(message: &Message, viewer: Option<(UserId, &Scene)>) -> Option<types::MessageReactions> {
    let mut reactions = message.reactions.clone()?;
    // G-366: in a broadcast channel nobody sees who reacted.
    if message.is_post() {
        reactions.recent_reactions = None;
    }
    reactions.can_see_list = !message.is_post();
    let Some((viewer, scene)) = viewer else {
        reactions.min = true;
        return Some(reactions);
    };
    let own: Vec<Reaction> =
        scene.marks(viewer, message.row.content_id, REACTION).map(|mark| to_tl(&mark.value)).collect();
    for result in &mut reactions.results {
        let place = own.iter().position(|reaction| *reaction == result.reaction);
        result.chosen_order = place.map(|place| i32::try_from(place + 1).unwrap_or(1));
    }
    let is_author = message.writer == Peer::User(viewer);
    for recent in reactions.recent_reactions.iter_mut().flatten() {
        recent.my = recent.peer_id == peer_to_tl(Peer::User(viewer));
        // Unread is a matter between who reacted and the author.
        recent.unread &= is_author;
    }
    Some(reactions)
}

/// Requires that the viewer may react in a conversation.
fn require_reacting(tx: &Tx<'_>, reading: &Reading) -> Result<(ChatReactions, i32), Error> {
    let decoded = |bytes: Option<Vec<u8>>| bytes.map(stored::decode).transpose();
    let all = || types::ChatReactionsAll { allow_custom: true }.into();
    let (reactions, limit) = match reading.peer {
        Peer::User(id) => {
            if id != reading.viewer {
                require_unblocked(tx, reading.viewer, id)?;
            }
            (None, 0)
        }
        Peer::Chat(id) => {
            let group = Group::load(tx, reading.viewer, id)?;
            group.require_allowed(BannedRights::SEND_REACTIONS)?;
            (decoded(group.chat.reactions)?, group.chat.reactions_limit)
        }
        Peer::Channel(id) => {
            let membership = Membership::load(tx, reading.viewer, id)?;
            if membership.channel.broadcast {
                membership.require_visible()?;
            } else {
                membership.require_allowed(BannedRights::SEND_REACTIONS)?;
            }
            (decoded(membership.channel.reactions)?, membership.channel.reactions_limit)
        }
    };
    let limit = if limit > 0 { limit } else { KINDS_OF_REACTIONS };
    Ok((reactions.unwrap_or_else(all), limit))
}

fn is_allowed(reactions: &ChatReactions, wanted: &str) -> bool {
    match reactions {
        ChatReactions::ChatReactionsNone => false,
        ChatReactions::ChatReactionsAll(_) => true,
        ChatReactions::ChatReactionsSome(some) => {
            some.reactions.iter().any(|allowed| *allowed == to_tl(wanted.as_bytes()))
        }
    }
}

fn find(tx: &Tx<'_>, reading: &Reading, id: MsgId) -> Result<(MessageRow, ContentRow), Error> {
    let invalid = || Error::bad(errors::MESSAGE_ID_INVALID);
    let row = messages::find(tx, reading.box_id, reading.peer, id)?.filter(|row| reading.shows(row.id));
    let row = row.ok_or_else(invalid)?;
    let content = contents::find_many(tx, &[row.content_id])?.pop().ok_or_else(invalid)?;
    Ok((row, content))
}

impl Messenger {
    /// Puts the actor's reactions to a message in place of those it had; an empty list takes them back. Only the last
    /// one counts (G-362).
    pub async fn send_reaction(
        &self,
        actor: Actor,
        peer: PeerRef,
        id: MsgId,
        wanted: Vec<Reaction>,
        big: bool,
    ) -> Result<Outcome<Message>, Error> {
        let wanted: Vec<String> =
            wanted.iter().map(from_tl).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        let work = move |changes: &mut Changes<'_, '_>| {
            let reading = rights::reading(changes.tx, actor.user_id, peer)?;
            let (allowed, limit) = require_reacting(changes.tx, &reading)?;
            let (row, content) = find(changes.tx, &reading, id)?;
            let body = super::content::Body::decode(&content)?;
            body.written()?;
            let me = Peer::User(actor.user_id);
            let before = marks::of_peer(changes.tx, content.id, REACTION, me)?;
            let wanted: Vec<&String> = wanted.last().into_iter().collect();
            if before.iter().map(|mark| mark.value.as_slice()).eq(wanted.iter().map(|value| value.as_bytes()))
            {
                return Err(Error::bad(errors::MESSAGE_NOT_MODIFIED));
            }
            let mut sum = content.reactions.clone().map(decode).transpose()?.unwrap_or_default();
            before.iter().for_each(|mark| count(&mut sum, &to_tl(&mark.value), -1));
            for value in &wanted {
                let reaction = to_tl(value.as_bytes());
                let is_new = sum.results.iter().all(|result| reaction_of(result) != &reaction);
                // G-363: kinds that are there already stay possible.
                if is_new && !is_allowed(&allowed, value) {
                    return Err(Error::bad(errors::REACTION_INVALID));
                }
                if is_new && i32::try_from(sum.results.len()).unwrap_or(i32::MAX) >= limit {
                    return Err(Error::bad(errors::REACTIONS_TOO_MANY));
                }
                count(&mut sum, &reaction, 1);
            }
            marks::delete(changes.tx, content.id, REACTION, me)?;
            for (position, value) in (0..).zip(&wanted) {
                let value = value.as_bytes().to_vec();
                let (content_id, date) = (content.id, changes.now);
                let mark = MarkRow { content_id, kind: REACTION, peer: me, position, value, date, big };
                marks::insert(changes.tx, &mark)?;
            }
            let unread = call_author(changes, &content, actor.user_id, !wanted.is_empty())?;
            let old = before.iter().map(|mark| to_tl(&mark.value)).collect();
            let new = wanted.iter().map(|value| to_tl(value.as_bytes())).collect();
            let told = (&row, body.is_post());
            bots::marks::tell_reaction(changes, &content, told, actor.user_id, (old, new), &sum.results)?;
            save(changes.tx, content.id, sum, unread)?;
            super::tell_viewers(changes, actor, &row, |message, viewer| {
                update(message, shown(message, viewer))
            })
        };
        self.change(actor, work).await
    }

    /// Takes away what somebody reacted to a message of a group with, as an administrator who may delete messages.
    pub async fn delete_reaction(
        &self,
        actor: Actor,
        peer: PeerRef,
        id: MsgId,
        participant: PeerRef,
    ) -> Result<Outcome<Message>, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let reading = rights::reading(changes.tx, actor.user_id, peer)?;
            if reading.peer.user().is_some() {
                return Err(Error::bad(errors::PEER_ID_INVALID));
            }
            rights::require_over_others(changes.tx, &reading, AdminRights::DELETE_MESSAGES, None)?;
            let whom = participant.user(changes.tx, actor.user_id)?;
            let (row, content) = find(changes.tx, &reading, id)?;
            let body = super::content::Body::decode(&content)?;
            // G-366: where nobody sees who reacted, nobody can say whose reaction is to go.
            if body.is_post() {
                return Err(Error::refused(403, errors::BROADCAST_FORBIDDEN));
            }
            let before = marks::of_peer(changes.tx, content.id, REACTION, Peer::User(whom))?;
            if before.is_empty() {
                return Err(Error::bad(errors::MESSAGE_NOT_MODIFIED));
            }
            let mut sum = content.reactions.clone().map(decode).transpose()?.unwrap_or_default();
            before.iter().for_each(|mark| count(&mut sum, &to_tl(&mark.value), -1));
            marks::delete(changes.tx, content.id, REACTION, Peer::User(whom))?;
            call_author(changes, &content, whom, false)?;
            let old = before.iter().map(|mark| to_tl(&mark.value)).collect();
            let told = (&row, false);
            bots::marks::tell_reaction(changes, &content, told, whom, (old, Vec::new()), &sum.results)?;
            save(changes.tx, content.id, sum, false)?;
            super::tell_viewers(changes, actor, &row, |message, viewer| {
                update(message, shown(message, viewer))
            })
        };
        self.change(actor, work).await
    }

    /// Returns messages with the reactions to them; those that are not there are left out.
    pub async fn reactions_of(
        &self,
        actor: Actor,
        peer: PeerRef,
        ids: Vec<MsgId>,
    ) -> Result<(Vec<Message>, Scene), Error> {
        if ids.len() > IDS_PER_CALL {
            return Err(Error::bad(errors::MESSAGE_IDS_TOO_MUCH));
        }
        self.read(actor.user_id, move |tx| {
            let reading = rights::reading(tx, actor.user_id, peer)?;
            let mut rows = messages::find_many(tx, reading.box_id, reading.peer, &ids)?;
            rows.retain(|row| reading.shows(row.id));
            let found = views::messages(tx, rows)?;
            let mut mentioned = zaun_schema::visit::Mentioned::default();
            found.iter().for_each(|message| message.mentions(&mut mentioned));
            Ok((found, Scene::for_viewer(tx, actor.user_id, &mentioned)?))
        })
        .await
    }

    /// Returns who reacted to a message, with one reaction or any (G-366).
    pub async fn reactors(
        &self,
        actor: Actor,
        peer: PeerRef,
        id: MsgId,
        reaction: Option<Reaction>,
        offset: Option<String>,
        limit: i32,
    ) -> Result<Reactors, Error> {
        let value = reaction.as_ref().map(from_tl).transpose()?.flatten();
        let limit = i64::from(limit).clamp(1, PAGE);
        let before = offset.as_deref().filter(|text| !text.is_empty()).map(read_place).transpose()?;
        self.read(actor.user_id, move |tx| {
            let reading = rights::reading(tx, actor.user_id, peer)?;
            let (_, content) = find(tx, &reading, id)?;
            if super::content::Body::decode(&content)?.is_post() {
                return Err(Error::refused(403, errors::BROADCAST_FORBIDDEN));
            }
            let from = before.unwrap_or((UnixTime(i64::MAX), Peer::User(UserId(0))));
            let kind = (content.id, REACTION);
            let rows = marks::newest(tx, kind, value.as_deref().map(str::as_bytes), from, limit)?;
            let sum = content.reactions.clone().map(decode).transpose()?.unwrap_or_default();
            let wanted = value.as_deref().map(|value| to_tl(value.as_bytes()));
            let fits = |result: &&enums::ReactionCount| {
                wanted.as_ref().is_none_or(|wanted| reaction_of(result) == wanted)
            };
            let count = sum.results.iter().filter(fits).map(count_of).sum();
            let full = i64::try_from(rows.len()).unwrap_or(0) == limit;
            let next = rows.last().filter(|_| full).map(|mark| place_of(mark.date, mark.peer));
            let peers: Vec<Peer> = rows.iter().map(|mark| mark.peer).collect();
            Ok(Reactors { count, next, scene: Scene::of_peers(tx, actor.user_id, peers)?, rows })
        })
        .await
    }

    /// Says which reactions a group or channel allows (G-370).
    pub async fn set_chat_reactions(
        &self,
        actor: Actor,
        peer: PeerRef,
        reactions: ChatReactions,
        limit: Option<i32>,
    ) -> Result<Outcome<()>, Error> {
        let reactions = checked(reactions)?;
        let limit = limit.unwrap_or(0);
        if !(0..=KINDS_OF_REACTIONS).contains(&limit) {
            return Err(Error::bad(errors::LIMIT_PER_POST_INVALID));
        }
        let stored = stored::encode(&reactions)?;
        let work = move |changes: &mut Changes<'_, '_>| {
            let peer = peer.resolve(changes.tx, actor.user_id)?;
            let all = || types::ChatReactionsAll { allow_custom: true }.into();
            match peer {
                Peer::User(_) => return Err(Error::bad(errors::PEER_ID_INVALID)),
                Peer::Chat(id) => {
                    let mut group = Group::load(changes.tx, actor.user_id, id)?;
                    group.require_admin()?;
                    if group.chat.reactions.as_ref() == Some(&stored) && group.chat.reactions_limit == limit {
                        return Err(Error::bad(errors::CHAT_NOT_MODIFIED));
                    }
                    (group.chat.reactions, group.chat.reactions_limit) = (Some(stored.clone()), limit);
                    chats::save(changes.tx, &group.chat)?;
                    crate::chats::tell_changed(changes, id)?;
                }
                Peer::Channel(id) => {
                    let membership = Membership::load(changes.tx, actor.user_id, id)?;
                    membership.require_admin(AdminRights::CHANGE_INFO)?;
                    let mut row = membership.channel;
                    if row.reactions.as_ref() == Some(&stored) && row.reactions_limit == limit {
                        return Err(Error::bad(errors::CHAT_NOT_MODIFIED));
                    }
                    let before = row.reactions.replace(stored.clone());
                    row.reactions_limit = limit;
                    channels::save(changes.tx, &row)?;
                    let prev_value = before.map(stored::decode).transpose()?.unwrap_or_else(all);
                    let new_value = reactions.clone();
                    let done =
                        types::ChannelAdminLogEventActionChangeAvailableReactions { prev_value, new_value };
                    record(changes, id, actor.user_id, kind::SETTINGS, done)?;
                    changes.hint(Audience::Channel(id), types::UpdateChannel { channel_id: id.0 }.into());
                }
            }
            crate::peers::mention(&mut changes.mentioned, peer);
            Ok(())
        };
        self.change(actor, work).await
    }
}

/// Which reactions a conversation allows, as its page shows them; none are told where it is all.
pub(crate) fn available(stored: Option<&Vec<u8>>) -> Result<ChatReactions, Error> {
    match stored {
        Some(bytes) => stored::decode(bytes.clone()),
        None => Ok(types::ChatReactionsAll { allow_custom: true }.into()),
    }
}

fn checked(reactions: ChatReactions) -> Result<ChatReactions, Error> {
    let ChatReactions::ChatReactionsSome(some) = reactions else { return Ok(reactions) };
    if some.reactions.len() > REACTIONS_OF_CHAT {
        return Err(Error::bad(errors::REACTION_INVALID));
    }
    let mut allowed: Vec<Reaction> = Vec::new();
    for reaction in &some.reactions {
        let Some(value) = from_tl(reaction).map_err(|_| Error::bad(errors::REACTION_INVALID))? else {
            continue;
        };
        let reaction = to_tl(value.as_bytes());
        if !allowed.contains(&reaction) {
            allowed.push(reaction);
        }
    }
    Ok(match allowed.is_empty() {
        true => ChatReactions::ChatReactionsNone,
        false => types::ChatReactionsSome { reactions: allowed }.into(),
    })
}

fn reaction_of(result: &enums::ReactionCount) -> &Reaction {
    &result.reaction
}

fn count_of(result: &enums::ReactionCount) -> i32 {
    result.count
}

/// Counts one reaction more or less (G-364): each kind once, the most frequent first.
fn count(sum: &mut types::MessageReactions, reaction: &Reaction, change: i32) {
    let found = sum.results.iter_mut().find(|result| reaction_of(result) == reaction);
    match found {
        Some(result) => {
            result.count = result.count.saturating_add(change).max(0);
        }
        None => {
            let reaction = reaction.clone();
            let new = types::ReactionCount { chosen_order: None, reaction, count: change.max(0) };
            sum.results.push(new);
        }
    }
    sum.results.retain(|result| count_of(result) > 0);
    sum.results.sort_by_key(|result| std::cmp::Reverse(count_of(result)));
}

/// Lets a reaction wait for the message's author, or not any more. Says whether it waits.
fn call_author(
    changes: &Changes<'_, '_>,
    content: &ContentRow,
    actor: UserId,
    is_there: bool,
) -> Result<bool, Error> {
    let Some(author) = content.author.user().filter(|author| *author != actor) else { return Ok(false) };
    let own = BoxId::User(author);
    let theirs = content.copies().find(|(box_id, _)| *box_id == own || box_id.user().is_none());
    let row = messages::find_copies(changes.tx, &theirs.into_iter().collect::<Vec<_>>())?.pop();
    // A post of a broadcast channel has no author to tell.
    let Some(row) = row.filter(|row| row.author.user().is_some()) else { return Ok(false) };
    let place = (row.peer, REACTION, row.id);
    if is_there {
        marks::call_attention(changes.tx, author, place, content.id)?;
    } else {
        marks::attend(changes.tx, author, (row.peer, REACTION), Some(row.id))?;
    }
    Ok(is_there)
}

/// Writes the sum back, with those who reacted last; the newest of them is unread for the author.
fn save(
    tx: &Tx<'_>,
    content: ContentId,
    mut sum: types::MessageReactions,
    unread: bool,
) -> Result<(), Error> {
    if sum.results.is_empty() {
        return Ok(contents::set_reactions(tx, content, None)?);
    }
    let from = (UnixTime(i64::MAX), Peer::User(UserId(0)));
    let newest = marks::newest(tx, (content, REACTION), None, from, RECENT)?;
    let was_unread = sum.recent_reactions.take().unwrap_or_default();
    let was_unread =
        |peer: &enums::Peer| was_unread.iter().any(|recent| recent.unread && recent.peer_id == *peer);
    let recent = newest.iter().enumerate().map(|(place, mark)| {
        let peer_id = peer_to_tl(mark.peer);
        let unread = (unread && place == 0) || was_unread(&peer_id);
        let (date, reaction) = (mark.date.to_tl(), to_tl(&mark.value));
        types::MessagePeerReaction { big: mark.big, unread, my: false, peer_id, date, reaction }
    });
    sum.recent_reactions = Some(recent.collect());
    let sum = stored::encode(&sum)?;
    Ok(contents::set_reactions(tx, content, Some(&sum))?)
}

/// The author saw the reactions to a message.
pub(crate) fn mark_read(tx: &Tx<'_>, content: &ContentRow) -> Result<(), Error> {
    let Some(bytes) = content.reactions.clone() else { return Ok(()) };
    let mut sum = decode(bytes)?;
    for recent in sum.recent_reactions.iter_mut().flatten() {
        recent.unread = false;
    }
    let sum = stored::encode(&sum)?;
    Ok(contents::set_reactions(tx, content.id, Some(&sum))?)
}

/// Returns the update that tells of the reactions to a message (G-368), which has no pts; of none, if there are none
/// left.
#[must_use]
pub fn update(message: &Message, reactions: Option<types::MessageReactions>) -> enums::Update {
    types::UpdateMessageReactions {
        peer: peer_to_tl(message.row.peer),
        msg_id: message.row.id.0,
        reactions: reactions.unwrap_or_default(),
        ..types::UpdateMessageReactions::default()
    }
    .into()
}

/// A place in a list, as an opaque text for clients.
pub(crate) fn place_of(date: UnixTime, peer: Peer) -> String {
    format!("{}_{}", date.0, peer.marked())
}

/// Reads such a place.
pub(crate) fn read_place(text: &str) -> Result<(UnixTime, Peer), Error> {
    let invalid = || Error::bad(errors::OFFSET_INVALID);
    let (date, peer) = text.split_once('_').ok_or_else(invalid)?;
    let date = date.parse().map_err(|_| invalid())?;
    let peer = peer.parse().ok().and_then(Peer::from_marked).ok_or_else(invalid)?;
    Ok((UnixTime(date), peer))
}
