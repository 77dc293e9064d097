//! Inline mode: what a user types goes to a bot, whose results any user may send (B-101 … B-116). Questions and results
//! are in memory: after a restart a client asks anew.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rand::Rng;
use tokio::sync::oneshot;
use zaun_model::{BoxId, ChannelId, MsgId, Peer, UnixTime, UserId};
use zaun_schema::api::{enums, types};
use zaun_store::Tx;
use zaun_store::repo::contents::{self, ContentRow};
use zaun_store::repo::{boxes, messages, users};

use super::flag;
use crate::limits::{
    INLINE_ANSWER_BYTES, INLINE_CACHE_S, INLINE_KEPT, INLINE_KEPT_PER_BOT, INLINE_KEPT_S,
    INLINE_OFFSET_BYTES, INLINE_OPEN_PER_USER, INLINE_QUERY_LENGTH, INLINE_RESULT_ID_BYTES, INLINE_RESULTS,
    OPEN_QUERIES, QUERY_WAIT_S,
};
use crate::messages::change::{Edit, apply_edit};
use crate::messages::content::{Body, Content};
use crate::messages::entities::settle_content;
use crate::messages::send::{Draft, ReplyTo, Sent};
use crate::peers::PeerRef;
use crate::{Actor, Audience, Changes, Error, Messenger, Outcome, access::Signer, errors};

/// What a user types for a bot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InlineQuery {
    /// The words.
    pub query: String,
    /// Where the page begins: what the page before named as its end.
    pub offset: String,
}

/// One result, as it is shown and as it is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct InlineResult {
    /// Its number in the bot's words.
    pub id: String,
    /// What the user is shown.
    pub shown: enums::BotInlineResult,
    /// What is sent; none if it could not be fetched.
    pub content: Option<Content>,
}

impl InlineResult {
    /// About how many bytes it takes to keep: what is shown, and the words of what is sent.
    fn bytes(&self) -> usize {
        let shown = zaun_tl::to_bytes(&self.shown, zaun_schema::LAYER).map_or(0, |bytes| bytes.len());
        shown + self.content.as_ref().map_or(0, |content| content.text.len())
    }
}

/// What a bot answers to an inline query.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InlineAnswer {
    /// Whether results are shown as a gallery.
    pub gallery: bool,
    /// Whether the answer is for this user alone.
    pub private: bool,
    /// The results.
    pub results: Vec<InlineResult>,
    /// Seconds for which the answer may be given to others.
    pub cache_time: i32,
    /// Where the next page begins; none if this is the last.
    pub next_offset: Option<String>,
    /// A button that leads into the chat with the bot.
    pub switch_pm: Option<types::InlineBotSwitchPM>,
    /// A button that opens a mini app.
    pub switch_webview: Option<types::InlineBotWebView>,
}

/// An answer that is kept: its number, and for which question of whose bot.
#[derive(Debug)]
pub struct Kept {
    /// The number under which results are sent.
    pub query_id: i64,
    /// The bot.
    pub bot: UserId,
    /// What was asked.
    pub asked: InlineQuery,
    /// The answer.
    pub answer: InlineAnswer,
    user: UserId,
    until: UnixTime,
}

struct Open {
    bot: UserId,
    user: UserId,
    asked: InlineQuery,
    until: UnixTime,
    answer: Option<oneshot::Sender<Arc<Kept>>>,
}

type CacheKey = (UserId, Option<UserId>, InlineQuery);

#[derive(Default)]
struct State {
    open: HashMap<i64, Open>,
    kept: HashMap<i64, Arc<Kept>>,
    cache: HashMap<CacheKey, (UnixTime, Arc<Kept>)>,
}

impl State {
    /// Makes room for one more answer: a bot with many loses its own oldest, else the oldest of all goes.
    fn make_room(&mut self, bot: UserId) {
        let of_bot = self.kept.values().filter(|kept| kept.bot == bot).count();
        let is_own = of_bot >= INLINE_KEPT_PER_BOT;
        if !is_own && self.kept.len() < INLINE_KEPT {
            return;
        }
        let may_go = self.kept.values().filter(|kept| !is_own || kept.bot == bot);
        let oldest = may_go.min_by_key(|kept| kept.until).map(|kept| kept.query_id);
        if let Some(oldest) = oldest {
            self.kept.remove(&oldest);
            self.cache.retain(|_, (_, kept)| kept.query_id != oldest);
        }
    }
}

/// Inline queries that wait for their bots, and the answers of bots.
#[derive(Default)]
pub struct InlineQueries {
    state: Mutex<State>,
}

impl InlineQueries {
    /// B-103: an answer for everybody, or for this user.
    fn cached(&self, bot: UserId, user: UserId, asked: &InlineQuery, now: UnixTime) -> Option<Arc<Kept>> {
        let state = self.state.lock();
        let found = |user| state.cache.get(&(bot, user, asked.clone())).filter(|(until, _)| *until > now);
        found(None).or_else(|| found(Some(user))).map(|(_, kept)| kept.clone())
    }

    fn ask(
        &self,
        bot: UserId,
        user: UserId,
        asked: InlineQuery,
        now: UnixTime,
    ) -> Result<(i64, oneshot::Receiver<Arc<Kept>>), Error> {
        let mut state = self.state.lock();
        if state.open.len() >= OPEN_QUERIES {
            state.open.retain(|_, query| query.until > now);
        }
        let own = state.open.values().filter(|query| query.user == user && query.answer.is_some());
        let is_greedy = own.filter(|query| query.until > now).count() >= INLINE_OPEN_PER_USER;
        if is_greedy || state.open.len() >= OPEN_QUERIES {
            return Err(Error::flood(1));
        }
        let (sender, receiver) = oneshot::channel();
        let id = (rand::rng().next_u64() >> 1).cast_signed();
        let until = now + i64::try_from(QUERY_WAIT_S).unwrap_or(0);
        state.open.insert(id, Open { bot, user, asked, until, answer: Some(sender) });
        Ok((id, receiver))
    }

    /// B-105: a query is answered by its bot, in time; a second answer changes nothing.
    fn answer(&self, bot: UserId, query_id: i64, answer: InlineAnswer, now: UnixTime) -> Result<(), Error> {
        let mut state = self.state.lock();
        let invalid = || Error::bad(errors::QUERY_ID_INVALID);
        let open = state.open.get_mut(&query_id).filter(|query| query.bot == bot && query.until > now);
        let open = open.ok_or_else(invalid)?;
        let Some(sender) = open.answer.take() else { return Ok(()) };
        let (user, asked) = (open.user, open.asked.clone());
        let cached = now + i64::from(answer.cache_time);
        let until = cached.max(now + INLINE_KEPT_S);
        let private = answer.private;
        let has_cache = answer.cache_time > 0;
        let kept = Arc::new(Kept { query_id, bot, asked: asked.clone(), answer, user, until });
        if state.kept.len() >= INLINE_KEPT {
            state.kept.retain(|_, kept| kept.until > now);
            state.cache.retain(|_, (until, _)| *until > now);
        }
        state.make_room(bot);
        state.kept.insert(query_id, kept.clone());
        if has_cache {
            state.cache.insert((bot, private.then_some(user), asked), (cached, kept.clone()));
        }
        // Whoever asked may be gone.
        let _ = sender.send(kept);
        Ok(())
    }

    fn kept(&self, query_id: i64, user: UserId, now: UnixTime) -> Option<Arc<Kept>> {
        let state = self.state.lock();
        let kept = state.kept.get(&query_id).filter(|kept| kept.until > now)?;
        (!kept.answer.private || kept.user == user).then(|| kept.clone())
    }
}

/// A message that was sent by way of a bot, as the bot may name it (B-114).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InlineMessageId {
    /// The box in which it is numbered, marked: that of its sender, or the channel's.
    pub owner: i64,
    /// Its number there.
    pub id: MsgId,
    /// Proves that the server named it.
    pub access_hash: i64,
}

/// The DC where inline messages are edited.
const DC: i32 = 2;

impl InlineMessageId {
    pub(super) fn new(signer: &Signer, bot: UserId, box_id: BoxId, id: MsgId) -> InlineMessageId {
        let owner = box_id.marked();
        InlineMessageId { owner, id, access_hash: hash_of(signer, bot, owner, id) }
    }

    /// As clients name it.
    #[must_use]
    pub fn to_tl(self) -> enums::InputBotInlineMessageID {
        types::InputBotInlineMessageID64 {
            dc_id: DC,
            owner_id: self.owner,
            id: self.id.0,
            access_hash: self.access_hash,
        }
        .into()
    }

    /// Reads what a client names; the form of before does not exist here.
    #[must_use]
    pub fn from_tl(id: &enums::InputBotInlineMessageID) -> Option<InlineMessageId> {
        match id {
            enums::InputBotInlineMessageID::InputBotInlineMessageID64(id) => {
                Some(InlineMessageId { owner: id.owner_id, id: MsgId(id.id), access_hash: id.access_hash })
            }
            enums::InputBotInlineMessageID::InputBotInlineMessageID(_) => None,
        }
    }
}

fn hash_of(signer: &Signer, bot: UserId, owner: i64, id: MsgId) -> i64 {
    let mut bytes = bot.0.to_le_bytes().to_vec();
    bytes.extend_from_slice(&owner.to_le_bytes());
    bytes.extend_from_slice(&id.0.to_le_bytes());
    let seal = signer.seal_of(b"inline message", &bytes);
    seal.first_chunk().map_or(0, |first| i64::from_le_bytes(*first))
}

/// Names a message for the bot by way of which it was sent.
pub(crate) fn inline_id(
    signer: &Signer,
    content: &ContentRow,
    bot: UserId,
    box_id: BoxId,
    id: MsgId,
) -> InlineMessageId {
    let writers = content.author.user().map(BoxId::User);
    let place = match box_id {
        BoxId::Channel(_) => (box_id, id),
        // In private chats and basic groups it is the sender's number that names it.
        BoxId::User(_) => content.copies().find(|(copy, _)| Some(*copy) == writers).unwrap_or((box_id, id)),
    };
    InlineMessageId::new(signer, bot, place.0, place.1)
}

fn box_of(owner: i64) -> Option<BoxId> {
    match Peer::from_marked(owner)? {
        Peer::User(id) => Some(BoxId::User(id)),
        Peer::Channel(id) => Some(BoxId::Channel(id)),
        Peer::Chat(_) => None,
    }
}

/// How a result of an inline query is sent.
#[derive(Debug, Clone)]
pub struct InlineDraft {
    /// Makes a repetition harmless (M-218).
    pub random_id: i64,
    /// The message answered.
    pub reply_to: Option<ReplyTo>,
    /// Whether the draft of the conversation is spent with it.
    pub clear_draft: bool,
    /// Without a sound.
    pub silent: bool,
    /// As whom it is sent, if the sender says so.
    pub send_as: Option<PeerRef>,
}

impl Messenger {
    /// Asks a bot, or finds what it answered before (B-101 … B-104). `peer` is where the results would be sent.
    pub async fn ask_inline(
        &self,
        actor: Actor,
        bot: PeerRef,
        peer: Option<PeerRef>,
        asked: InlineQuery,
    ) -> Result<Arc<Kept>, Error> {
        if asked.query.chars().count() > INLINE_QUERY_LENGTH || asked.offset.len() > INLINE_OFFSET_BYTES {
            return Err(Error::bad(errors::LIMIT_INVALID));
        }
        let user = actor.user_id;
        let (bot, peer_type) = self
            .read(user, move |tx| {
                let bot = bot.user(tx, user)?;
                let row = users::find(tx, bot)?.filter(|row| row.is_bot() && !row.deleted);
                let row = row.ok_or_else(|| Error::bad(errors::BOT_INVALID))?;
                if row.bot_placeholder.is_none() {
                    return Err(Error::bad(errors::BOT_INLINE_DISABLED));
                }
                let place = peer.map(|peer| peer.resolve(tx, user)).transpose()?;
                Ok((bot, place.map(|place| peer_type(tx, bot, place)).transpose()?))
            })
            .await?;
        if let Some(kept) = self.inline.cached(bot, user, &asked, self.now()) {
            return Ok(kept);
        }
        let (query_id, answer) = self.inline.ask(bot, user, asked.clone(), self.now())?;
        let update = types::UpdateBotInlineQuery {
            query_id,
            user_id: user.0,
            query: asked.query,
            geo: None,
            peer_type,
            offset: asked.offset,
        };
        self.hint(vec![Audience::User(bot)], update.into()).await?;
        match tokio::time::timeout(Duration::from_secs(QUERY_WAIT_S), answer).await {
            Ok(Ok(kept)) => Ok(kept),
            _ => Err(Error::bad(errors::BOT_RESPONSE_TIMEOUT)),
        }
    }

    /// Takes a bot's answer (B-105, B-106).
    pub async fn answer_inline(
        &self,
        bot: UserId,
        query_id: i64,
        mut answer: InlineAnswer,
    ) -> Result<(), Error> {
        if answer.results.len() > INLINE_RESULTS {
            return Err(Error::bad(errors::RESULTS_TOO_MUCH));
        }
        let bytes: usize = answer.results.iter().map(InlineResult::bytes).sum();
        if bytes > INLINE_ANSWER_BYTES {
            return Err(Error::bad(errors::RESULTS_TOO_MUCH));
        }
        let mut ids = HashSet::new();
        for result in &answer.results {
            if result.id.is_empty() || result.id.len() > INLINE_RESULT_ID_BYTES {
                return Err(Error::bad(errors::RESULT_ID_INVALID));
            }
            if !ids.insert(result.id.as_str()) {
                return Err(Error::bad(errors::RESULT_ID_DUPLICATE));
            }
        }
        answer.next_offset = answer.next_offset.filter(|offset| !offset.is_empty());
        if answer.next_offset.as_ref().is_some_and(|offset| offset.len() > INLINE_OFFSET_BYTES) {
            return Err(Error::bad(errors::NEXT_OFFSET_INVALID));
        }
        answer.cache_time = answer.cache_time.clamp(0, INLINE_CACHE_S);
        for result in &mut answer.results {
            if let Some(content) = &mut result.content {
                settle_content(content)?;
                content.message.via_bot_id = Some(bot.0);
                if let Some(markup) = content.message.reply_markup.take() {
                    content.message.reply_markup = super::markup::settle(markup, Peer::User(bot), false)?;
                }
            }
        }
        self.inline.answer(bot, query_id, answer, self.now())
    }

    /// Sends a result (B-110, B-111), and tells the bot if it wants to know (B-112, B-113).
    pub async fn send_inline(
        &self,
        actor: Actor,
        peer: PeerRef,
        chosen: (i64, String),
        draft: InlineDraft,
    ) -> Result<Outcome<Vec<Sent>>, Error> {
        let (query_id, id) = chosen;
        let expired = || Error::bad(errors::INLINE_RESULT_EXPIRED);
        let kept = self.inline.kept(query_id, actor.user_id, self.now()).ok_or_else(expired)?;
        let result = kept.answer.results.iter().find(|result| result.id == id);
        let result = result.ok_or_else(|| Error::bad(errors::RESULT_ID_INVALID))?;
        let mut content = result.content.clone().ok_or_else(|| Error::bad(errors::WEBPAGE_CURL_FAILED))?;
        content.message.silent = draft.silent;
        let has_keyboard = content.message.reply_markup.is_some();
        let InlineDraft { random_id, reply_to, clear_draft, send_as, .. } = draft;
        let draft = Draft { clear_draft, send_as, ..Draft::of(random_id, content, reply_to) };
        let sent = self.send(actor, peer, vec![draft]).await?;
        if let Some(message) = sent.value.first().map(|sent| sent.message.clone()) {
            let bot = kept.bot;
            let row = self.read(actor.user_id, move |tx| Ok(users::find(tx, bot)?)).await?;
            if row.is_some_and(|row| row.bot_flags & flag::INLINE_FEEDBACK != 0) {
                let name = InlineMessageId::new(&self.access, bot, message.row.box_id, message.id());
                let update = types::UpdateBotInlineSend {
                    user_id: actor.user_id.0,
                    query: kept.asked.query.clone(),
                    geo: None,
                    id,
                    msg_id: has_keyboard.then(|| name.to_tl()),
                };
                self.hint(vec![Audience::User(bot)], update.into()).await?;
            }
        }
        Ok(sent)
    }

    /// Edits a message that was sent by way of the bot (B-115, B-116).
    pub async fn edit_inline(&self, bot: Actor, name: InlineMessageId, mut edit: Edit) -> Result<(), Error> {
        let invalid = || Error::bad(errors::MESSAGE_ID_INVALID);
        if name.access_hash != hash_of(&self.access, bot.user_id, name.owner, name.id) {
            return Err(invalid());
        }
        if let Some((text, entities)) = edit.text.take() {
            let message = types::Message { entities, ..types::Message::default() };
            let mut content = Content { text, message };
            settle_content(&mut content)?;
            edit.text = Some((content.text, content.message.entities));
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let box_id = box_of(name.owner).ok_or_else(invalid)?;
            boxes::find(changes.tx, box_id)?;
            let row = messages::find_copies(changes.tx, &[(box_id, name.id)])?.pop().ok_or_else(invalid)?;
            let content = contents::find_many(changes.tx, &[row.content_id])?.pop().ok_or_else(invalid)?;
            let before = Body::decode(&content)?;
            let before = before.written()?;
            if before.message.via_bot_id != Some(bot.user_id.0) {
                return Err(Error::bad(errors::MESSAGE_AUTHOR_REQUIRED));
            }
            let mut edit = edit.clone();
            edit.reply_markup = match edit.reply_markup.take() {
                Some(markup @ enums::ReplyMarkup::ReplyInlineMarkup(_)) => {
                    super::markup::settle(markup, row.peer, before.message.post)?
                }
                Some(_) => return Err(Error::bad(errors::BUTTON_TYPE_INVALID)),
                None => None,
            };
            let body = apply_edit(before, &edit, changes.now - row.date)?;
            changes.edit(&content, &body)
        };
        self.change(bot, work).await.map(drop)
    }
}

/// The kind of conversation in which a user asks (B-102).
fn peer_type(tx: &Tx<'_>, bot: UserId, place: Peer) -> Result<enums::InlineQueryPeerType, Error> {
    use enums::InlineQueryPeerType as T;
    Ok(match place {
        Peer::User(id) if id == bot => T::InlineQueryPeerTypeSameBotPM,
        Peer::User(id) if super::is_bot(tx, id)? => T::InlineQueryPeerTypeBotPM,
        Peer::User(_) => T::InlineQueryPeerTypePM,
        Peer::Chat(_) => T::InlineQueryPeerTypeChat,
        Peer::Channel(id) if is_broadcast(tx, id)? => T::InlineQueryPeerTypeBroadcast,
        Peer::Channel(_) => T::InlineQueryPeerTypeMegagroup,
    })
}

fn is_broadcast(tx: &Tx<'_>, id: ChannelId) -> Result<bool, Error> {
    Ok(zaun_store::repo::channels::find(tx, id)?.is_some_and(|channel| channel.broadcast))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str) -> InlineQuery {
        InlineQuery { query: query.into(), offset: String::new() }
    }

    #[test]
    fn b103_b105_answers_are_kept_for_whom_they_are_meant() {
        let (queries, now) = (InlineQueries::default(), UnixTime(100));
        let (bot, alice, bob) = (UserId(1), UserId(2), UserId(3));
        let (id, mut waiting) = queries.ask(bot, alice, asked("a"), now).unwrap();
        let answer = InlineAnswer { private: true, cache_time: 60, ..InlineAnswer::default() };
        assert!(queries.answer(UserId(9), id, answer.clone(), now).is_err(), "another bot");
        assert!(queries.answer(bot, id, answer.clone(), now + 60).is_err(), "too late");
        queries.answer(bot, id, answer, now).unwrap();
        assert_eq!(waiting.try_recv().unwrap().query_id, id);
        assert!(queries.cached(bot, alice, &asked("a"), now + 59).is_some());
        assert!(queries.cached(bot, alice, &asked("a"), now + 60).is_none(), "the cache ends");
        assert!(queries.cached(bot, bob, &asked("a"), now).is_none(), "it is personal");
        assert!(queries.cached(bot, alice, &asked("b"), now).is_none());
        assert!(queries.kept(id, alice, now + INLINE_KEPT_S - 1).is_some());
        assert!(
            queries.kept(id, bob, now).is_none() && queries.kept(id, alice, now + INLINE_KEPT_S).is_none()
        );
    }

    #[test]
    fn b114_inline_messages_are_named_for_one_bot() {
        let signer = Signer::new([7; 32]);
        let name = InlineMessageId::new(&signer, UserId(1), BoxId::User(UserId(5)), MsgId(9));
        assert_eq!(InlineMessageId::from_tl(&name.to_tl()), Some(name));
        assert_eq!(name.access_hash, hash_of(&signer, UserId(1), name.owner, MsgId(9)));
        assert_ne!(name.access_hash, hash_of(&signer, UserId(2), name.owner, MsgId(9)));
    }

    #[test]
    fn a_bot_with_many_answers_loses_its_own_and_nobody_elses() {
        let queries = InlineQueries::default();
        let (busy, other, now) = (UserId(1), UserId(2), UnixTime(100));
        let answer = |bot: UserId, user: i64, number: usize| {
            let (id, _receiver) = queries.ask(bot, UserId(user), asked(&number.to_string()), now).unwrap();
            queries.answer(bot, id, InlineAnswer::default(), now).unwrap();
            id
        };
        let first = answer(other, 7, 0);
        for number in 0..INLINE_KEPT_PER_BOT + 5 {
            answer(busy, 8, number);
        }
        let state = queries.state.lock();
        assert!(state.kept.contains_key(&first));
        assert_eq!(state.kept.values().filter(|kept| kept.bot == busy).count(), INLINE_KEPT_PER_BOT);
    }

    #[test]
    fn one_user_cannot_ask_for_everybody() {
        let queries = InlineQueries::default();
        let ask = |user| queries.ask(UserId(1), UserId(user), asked(""), UnixTime(100));
        let open: Vec<_> = (0..INLINE_OPEN_PER_USER).map(|_| ask(7).unwrap()).collect();
        assert!(ask(7).is_err() && ask(8).is_ok());
        drop(open);
    }
}
