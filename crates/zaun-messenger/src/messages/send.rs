//! Sending.

use std::sync::Arc;

use zaun_model::{BoxId, MsgId, Peer, UnixTime, UserId};
use zaun_schema::api::{enums, types};
use zaun_store::Tx;
use zaun_store::repo::messages::{self, MessageRow};
use zaun_store::repo::{channels, contents, users};

use super::content::{Body, Content};
use super::entities::settle_content;
use super::{mentions, polls, saved, ttl};
use crate::changes::{Place, Thread};
use crate::limits::{CAPTION_LENGTH, ENTITIES, MESSAGE_LENGTH, QUOTE_LENGTH};
use crate::payments;
use crate::peers::{PeerRef, peer_to_tl};
use crate::rights::{self, Posting, Reading};
use crate::threads::{self, GENERAL_TOPIC};
use crate::views::{self, Message};
use crate::{Actor, Changes, Error, Messenger, Outcome, bots, errors};

/// A message on its way in.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// Makes a repetition harmless (M-218).
    pub random_id: i64,
    /// Text, entities, media and what else the author decided.
    pub content: Content,
    /// The message answered.
    pub reply_to: Option<ReplyTo>,
    /// Whether the draft of the conversation is spent with it.
    pub clear_draft: bool,
    /// What stands behind it if it is an invoice: the bot, and the canonical TL InputMediaInvoice.
    pub invoice: Option<(UserId, Vec<u8>)>,
    /// As whom it is sent, if the author says so; all drafts of one call say the same.
    pub send_as: Option<PeerRef>,
}

impl Draft {
    /// A message that says and answers this, of which nothing else was decided.
    #[must_use]
    pub fn of(random_id: i64, content: Content, reply_to: Option<ReplyTo>) -> Draft {
        Draft { random_id, content, reply_to, ..Draft::default() }
    }
}

/// The message that another one answers.
#[derive(Debug, Clone, Default)]
pub struct ReplyTo {
    /// Its number in the author's view of its conversation.
    pub msg_id: MsgId,
    /// Its conversation, if that is another than the answer's.
    pub elsewhere: Option<PeerRef>,
    /// The part that is quoted, with its entities and its offset in the whole.
    pub quote: Option<Quote>,
    /// The topic or thread that the answer goes to, which decides if the answered message is gone.
    pub thread: Option<MsgId>,
}

/// A part of a message that an answer quotes.
#[derive(Debug, Clone, Default)]
pub struct Quote {
    /// The words.
    pub text: String,
    /// Their entities.
    pub entities: Option<Vec<enums::MessageEntity>>,
    /// Where they stand in the whole, in UTF-16 code units; a hint only.
    pub offset: Option<i32>,
}

/// A message that was sent, as the sender's view of the conversation has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// What the client called it.
    pub random_id: i64,
    /// The message.
    pub message: Arc<Message>,
}

/// Checks what an author wrote, or what is left after an edit.
pub(crate) fn check_content(content: &Content) -> Result<(), Error> {
    let length = content.text.chars().count();
    if content.has_media() && length > CAPTION_LENGTH {
        return Err(Error::bad(errors::MEDIA_CAPTION_TOO_LONG));
    }
    if length > MESSAGE_LENGTH {
        return Err(Error::bad(errors::MESSAGE_TOO_LONG));
    }
    if !content.has_media() && content.text.is_empty() {
        return Err(Error::bad(errors::MESSAGE_EMPTY));
    }
    if content.message.entities.as_ref().is_some_and(|e| e.len() > ENTITIES) {
        return Err(Error::bad(errors::ENTITIES_TOO_LONG));
    }
    Ok(())
}

/// Settles what only bots may give a message: buttons. Whether messages may be forwarded is a matter of the
/// conversation, not of one message of a user.
fn leave_to_bots(tx: &Tx<'_>, posting: &Posting, draft: &mut Draft) -> Result<(), Error> {
    let message = &mut draft.content.message;
    bots::markup::settle_pay(message)?;
    if message.reply_markup.is_none() && !message.noforwards {
        return Ok(());
    }
    // What was made by a bot keeps its buttons, whoever sends it (B-110).
    if message.via_bot_id.is_none() && !bots::is_bot(tx, posting.reading.viewer)? {
        (message.reply_markup, message.noforwards) = (None, false);
        return Ok(());
    }
    let (peer, broadcast) = (posting.reading.peer, posting.is_post);
    message.reply_markup = match message.reply_markup.take() {
        Some(markup) => bots::markup::settle(markup, peer, broadcast)?,
        None => None,
    };
    Ok(())
}

impl Messenger {
    /// Sends messages to one peer, all or none of them; each in its own place in the order given.
    pub async fn send(
        &self,
        actor: Actor,
        peer: PeerRef,
        mut drafts: Vec<Draft>,
    ) -> Result<Outcome<Vec<Sent>>, Error> {
        for draft in &mut drafts {
            settle_content(&mut draft.content)?;
            check_content(&draft.content)?;
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let send_as = drafts.first().and_then(|draft| draft.send_as);
            let posting = rights::speaking_as(changes.tx, actor.user_id, peer, send_as)?;
            let ids: Vec<i64> = drafts.iter().map(|draft| draft.random_id).collect();
            observe_slow_mode(changes, &posting, &ids)?;
            let mut drafts = drafts.clone();
            drafts.iter_mut().try_for_each(|draft| leave_to_bots(changes.tx, &posting, draft))?;
            drafts.iter().map(|draft| send_one_message(changes, &posting, draft)).collect()
        };
        self.change(actor, work).await
    }

    /// Returns the messages that a repeated call made the first time; nothing is processed again then. `None` unless
    /// all of them were made.
    pub async fn sent_before(
        &self,
        actor: Actor,
        peer: PeerRef,
        random_ids: Vec<i64>,
    ) -> Result<Option<Outcome<Vec<Sent>>>, Error> {
        let now = self.now();
        self.read(actor.user_id, move |tx| {
            let peer = rights::reading(tx, actor.user_id, peer)?.peer;
            let again = |id: &i64| find_repeated(tx, actor.user_id, peer, *id, now);
            let sent: Option<Vec<Sent>> = random_ids.iter().map(again).collect::<Result<_, _>>()?;
            sent.map(|sent| {
                let mut mentioned = zaun_schema::visit::Mentioned::default();
                sent.iter().for_each(|sent| sent.message.mentions(&mut mentioned));
                let scene = Arc::new(views::Scene::for_viewer(tx, actor.user_id, &mentioned)?);
                Ok(Outcome { value: sent, own: Vec::new(), scene })
            })
            .transpose()
        })
        .await
    }
}

/// Sends one message inside a running change; a repeated random_id returns the first result.
pub(crate) fn send_one_message(
    changes: &mut Changes<'_, '_>,
    posting: &Posting,
    draft: &Draft,
) -> Result<Sent, Error> {
    let (sender, peer) = (posting.reading.viewer, posting.reading.peer);
    if draft.random_id == 0 {
        return Err(Error::bad(errors::RANDOM_ID_EMPTY));
    }
    if let Some(sent) = find_repeated(changes.tx, sender, peer, draft.random_id, changes.now)? {
        sent.message.mentions(&mut changes.mentioned);
        return Ok(sent);
    }
    let reply = match &draft.reply_to {
        Some(reply) => find_reply(changes.tx, posting, reply)?,
        None => None,
    };
    let mut content = draft.content.clone();
    let asked = draft.reply_to.as_ref().and_then(|reply| reply.thread);
    let (answered, header) = match &reply {
        Some(reply) => (reply.row.as_ref(), Some(reply.header.clone())),
        None => (None, None),
    };
    let spot = threads::settle(changes.tx, posting, asked, answered, header)?;
    content.message.reply_to = spot.header.clone().map(Into::into);
    if posting.is_post && posting.linked_id.0 != 0 {
        content.message.replies = Some(threads::comments::empty_sum(changes, posting.linked_id)?);
    }
    content.message.post = posting.is_post;
    if posting.signed {
        content.message.post_author = users::find(changes.tx, sender)?.map(|user| user.full_name());
    }
    if peer == Peer::User(sender) {
        // G-414: each note says to which conversation of Saved Messages it belongs.
        content.message.saved_peer_id = Some(peer_to_tl(saved::origin(&content, sender)));
    }
    if let Peer::User(bot) = peer
        && posting.starts_bot
    {
        zaun_store::repo::bots::allow(changes.tx, bot, sender, changes.now)?;
    }
    let ttl = match peer {
        Peer::User(other) => ttl::before_sending(changes, sender, other)?,
        _ => posting.ttl,
    };
    content.message.ttl_period = (ttl > 0).then_some(ttl);
    posting.forbidden.check(&content)?;
    polls::require_fitting(posting, &content)?;
    let mut places = places(posting, |box_id| reply.as_ref().and_then(|reply| reply.id_in(box_id)));
    if posting.is_threaded() {
        for place in &mut places {
            (place.thread, place.reply_to) = (spot.thread, spot.answers);
        }
    }
    let answered = reply.as_ref().and_then(|reply| reply.author);
    let answered = answered.filter(|_| {
        spot.header.as_ref().is_some_and(|header| !header.forum_topic || header.reply_to_top_id.is_some())
    });
    let mentioned = mentions::of(changes.tx, posting, &content, answered)?;
    crate::stickers::lists::note_sent(changes, sender, content.message.media.as_ref())?;
    let posted = changes.post(sender, posting.author, &content.into(), &places, &mentioned)?;
    let message = posted.into_iter().next().ok_or_else(|| Error::bad(errors::PEER_ID_INVALID))?;
    polls::note_end(changes.tx, &message)?;
    if let Some(invoice) = &draft.invoice {
        payments::keep(changes.tx, message.row.content_id, invoice)?;
    }
    match (spot.thread, peer) {
        (Thread::Below(root), Peer::Channel(channel)) => {
            threads::grow(changes, channel, root, (message.row.author, message.id()))?;
        }
        (_, Peer::Channel(_)) if posting.is_post && posting.linked_id.0 != 0 => {
            threads::comments::copy_post(changes, posting.linked_id, &message)?;
        }
        _ => {}
    }
    messages::put_random_id(changes.tx, sender, draft.random_id, changes.now, (peer, message.id()))?;
    if draft.clear_draft {
        let topic = match spot.thread {
            Thread::Topic(id) => id,
            Thread::None | Thread::Below(_) => MsgId(0),
        };
        crate::dialogs::remove_draft(changes, sender, (peer, topic))?;
    }
    Ok(Sent { random_id: draft.random_id, message })
}

/// Requires that a member whom a slow mode binds waited long enough, and notes that it wrote; an album counts as one
/// message (G-223).
pub(crate) fn observe_slow_mode(
    changes: &Changes<'_, '_>,
    posting: &Posting,
    random_ids: &[i64],
) -> Result<(), Error> {
    let Some((member, seconds)) = &posting.slow_mode else { return Ok(()) };
    let Reading { viewer, peer, .. } = posting.reading;
    let mut is_new = false;
    for id in random_ids {
        is_new |= find_repeated(changes.tx, viewer, peer, *id, changes.now)?.is_none();
    }
    // M-218: a repetition is answered like the first time.
    if !is_new {
        return Ok(());
    }
    let next = member.posted_at.0 + i64::from(*seconds);
    if changes.now.0 < next {
        return Err(Error::refused(420, format!("SLOWMODE_WAIT_{}", next - changes.now.0)));
    }
    let row = channels::MemberRow { posted_at: changes.now, ..member.clone() };
    channels::put_member(changes.tx, &row)?;
    Ok(())
}

/// Where a message of this posting shows up, the sender's view first; `reply_in` finds the answered message in a box.
pub(crate) fn places(posting: &Posting, reply_in: impl Fn(BoxId) -> Option<MsgId>) -> Vec<Place> {
    let (sender, peer) = (posting.reading.viewer, posting.reading.peer);
    let place = |box_id: BoxId, peer: Peer, unread: bool| {
        let thread = posting.forum.map_or(Thread::None, |_| Thread::Topic(GENERAL_TOPIC));
        Place { box_id, peer, reply_to: reply_in(box_id), unread, thread }
    };
    // The other side of a private chat sees it as one with the sender.
    let theirs = if peer.user().is_some() { Peer::User(sender) } else { peer };
    let others = posting.others.iter().map(|user| place(BoxId::User(*user), theirs, true));
    std::iter::once(place(posting.reading.box_id, peer, false)).chain(others).collect()
}

/// Returns the message that the first call with this random_id made.
pub(crate) fn find_repeated(
    tx: &Tx<'_>,
    sender: UserId,
    peer: Peer,
    random_id: i64,
    now: UnixTime,
) -> Result<Option<Sent>, Error> {
    let Some((place, id)) = messages::by_random_id(tx, sender, random_id, now)? else { return Ok(None) };
    let row = messages::find(tx, BoxId::of(sender, place), place, id)?.filter(|row| row.peer == peer);
    let row = row.ok_or_else(|| Error::bad(errors::RANDOM_ID_DUPLICATE))?;
    Ok(Some(Sent { random_id, message: Arc::new(views::one_message(tx, row)?) }))
}

/// A message that is answered: the header, and its number in each box that shows it.
struct Reply {
    header: types::MessageReplyHeader,
    copies: Vec<(BoxId, MsgId)>,
    /// Who wrote it, if it is in the same conversation.
    author: Option<UserId>,
    /// Its row, if it is in the same conversation.
    row: Option<MessageRow>,
}

impl Reply {
    fn id_in(&self, box_id: BoxId) -> Option<MsgId> {
        self.copies.iter().find(|(copy, _)| *copy == box_id).map(|(_, id)| *id)
    }
}

fn find_reply(tx: &Tx<'_>, posting: &Posting, reply: &ReplyTo) -> Result<Option<Reply>, Error> {
    let here = &posting.reading;
    let there = match reply.elsewhere {
        Some(place) => rights::reading(tx, here.viewer, place)?,
        None => here.clone(),
    };
    // A reply to a message that is gone is sent as an ordinary message.
    let mut row = messages::find(tx, there.box_id, there.peer, reply.msg_id)?;
    if let (None, Some(thread), true) = (&row, reply.thread, posting.forum.is_none()) {
        // The thread that was named decides if the answered message is gone.
        row = messages::find(tx, there.box_id, there.peer, thread)?;
    }
    let Some(row) = row.filter(|row| there.shows(row.id)) else { return Ok(None) };
    if there.peer != here.peer {
        // G-234: what may not be forwarded may not be quoted elsewhere either.
        rights::require_forwardable(tx, there.peer)?;
    }
    let Some(answered) = contents::find_many(tx, &[row.content_id])?.pop() else { return Ok(None) };
    let mut header = quoting(reply.quote.as_ref(), &answered.text)?;
    if there.peer == here.peer {
        let author = answered.author.user();
        return Ok(Some(Reply { header, copies: answered.copies().collect(), author, row: Some(row) }));
    }
    // G-323: the reader need not be where the message is, so the header tells what it was.
    let post = row.author.channel().map(|_| row.id.0);
    header.reply_from = Some(types::MessageFwdHeader {
        from_id: Some(peer_to_tl(row.author)),
        channel_post: post,
        date: row.date.to_tl(),
        ..types::MessageFwdHeader::default()
    });
    if let Body::Written(content) = Body::decode(&answered)? {
        header.reply_media = polls::common_media(content.message.media);
    }
    if there.peer.channel().is_some() {
        header.reply_to_peer_id = Some(peer_to_tl(there.peer));
        header.reply_to_msg_id = Some(row.id.0);
    }
    Ok(Some(Reply { header, copies: Vec::new(), author: None, row: None }))
}

/// Returns the header of a reply with what it quotes. Case counts, and a wrong offset is no error.
fn quoting(quote: Option<&Quote>, answered: &str) -> Result<types::MessageReplyHeader, Error> {
    let Some(quote) = quote else { return Ok(types::MessageReplyHeader::default()) };
    if quote.text.chars().count() > QUOTE_LENGTH || !answered.contains(quote.text.as_str()) {
        return Err(Error::bad(errors::QUOTE_TEXT_INVALID));
    }
    let (text, entities) = super::entities::settle(&quote.text, quote.entities.clone())?;
    Ok(types::MessageReplyHeader {
        quote: true,
        quote_text: Some(text),
        quote_entities: entities.filter(|_| quote.entities.is_some()),
        quote_offset: quote.offset,
        ..types::MessageReplyHeader::default()
    })
}

/// Sends a text from a service account, into the receiver's box only.
pub(crate) fn send_notice(
    changes: &mut Changes<'_, '_>,
    from: UserId,
    to: UserId,
    text: &str,
) -> Result<(), Error> {
    let body = Body::from(Content { text: text.to_owned(), ..Content::default() });
    let (box_id, peer) = (BoxId::User(to), Peer::User(from));
    let place = Place { box_id, peer, reply_to: None, unread: true, thread: Thread::None };
    changes.post(from, Peer::User(from), &body, &[place], &[]).map(drop)
}
