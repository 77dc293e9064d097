//! Sending.

use std::sync::Arc;

use zaun_model::{BoxId, MsgId, Peer, UnixTime, UserId};
use zaun_schema::api::types;
use zaun_store::Tx;
use zaun_store::repo::{contents, messages};

use super::content::{Body, Content};
use super::entities::settle_content;
use crate::changes::Place;
use crate::limits::{CAPTION_LENGTH, ENTITIES, MESSAGE_LENGTH, QUOTE_LENGTH};
use crate::peers::PeerRef;
use crate::rights::{self, Posting};
use crate::views::{self, Message};
use crate::{Actor, Changes, Error, Messenger, Outcome, errors};

/// A message on its way in.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Makes a repetition harmless (M-218).
    pub random_id: i64,
    /// Text, entities, media and what else the author decided.
    pub content: Content,
    /// The message answered, in the author's view of the conversation.
    pub reply_to: Option<types::InputReplyToMessage>,
    /// Whether the draft of the conversation is spent with it.
    pub clear_draft: bool,
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
            let posting = rights::posting(changes.tx, actor.user_id, peer)?;
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
    content.message.reply_to = reply.as_ref().map(|reply| reply.header.clone().into());
    content.message.post = matches!(posting.author, Peer::Channel(_));
    let places = places(posting, reply.as_ref());
    let posted = changes.post(sender, posting.author, &content.into(), &places)?;
    let message = posted.into_iter().next().ok_or_else(|| Error::bad(errors::PEER_ID_INVALID))?;
    messages::put_random_id(changes.tx, sender, draft.random_id, changes.now, (peer, message.id()))?;
    if draft.clear_draft {
        crate::dialogs::remove_draft(changes, sender, peer)?;
    }
    Ok(Sent { random_id: draft.random_id, message })
}

/// Where a message of this posting shows up, the sender's view first.
fn places(posting: &Posting, reply: Option<&Reply>) -> Vec<Place> {
    let (sender, peer) = (posting.reading.viewer, posting.reading.peer);
    let place = |box_id: BoxId, peer: Peer, unread: bool| Place {
        box_id,
        peer,
        reply_to: reply.and_then(|reply| reply.id_in(box_id)),
        unread,
    };
    let own = place(posting.reading.box_id, peer, false);
    match peer {
        // Notes to oneself are never unread, and are in one place only.
        Peer::User(other) if other != sender => {
            vec![own, place(BoxId::User(other), Peer::User(sender), true)]
        }
        _ => vec![own],
    }
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
}

impl Reply {
    fn id_in(&self, box_id: BoxId) -> Option<MsgId> {
        self.copies.iter().find(|(copy, _)| *copy == box_id).map(|(_, id)| *id)
    }
}

fn find_reply(
    tx: &Tx<'_>,
    posting: &Posting,
    reply: &types::InputReplyToMessage,
) -> Result<Option<Reply>, Error> {
    let (box_id, peer) = (posting.reading.box_id, posting.reading.peer);
    // A reply to a message that is gone is sent as an ordinary message.
    let Some(row) = messages::find(tx, box_id, peer, MsgId(reply.reply_to_msg_id))? else { return Ok(None) };
    let Some(answered) = contents::find_many(tx, &[row.content_id])?.pop() else { return Ok(None) };
    if let Some(quote) = &reply.quote_text {
        // Case counts, and a wrong offset is no error.
        let fits = quote.chars().count() <= QUOTE_LENGTH && answered.text.contains(quote.as_str());
        if !fits {
            return Err(Error::bad(errors::QUOTE_TEXT_INVALID));
        }
    }
    let quote_entities = match (&reply.quote_text, &reply.quote_entities) {
        (Some(text), Some(entities)) => super::entities::settle(text, Some(entities.clone()))?.1,
        _ => None,
    };
    let header = types::MessageReplyHeader {
        quote: reply.quote_text.is_some(),
        quote_text: reply.quote_text.clone(),
        quote_entities,
        quote_offset: reply.quote_offset,
        ..types::MessageReplyHeader::default()
    };
    Ok(Some(Reply { header, copies: answered.copies().collect() }))
}

/// Sends a text from a service account, into the receiver's box only.
pub(crate) fn send_notice(
    changes: &mut Changes<'_, '_>,
    from: UserId,
    to: UserId,
    text: &str,
) -> Result<(), Error> {
    let body = Body::from(Content { text: text.to_owned(), ..Content::default() });
    let place = Place { box_id: BoxId::User(to), peer: Peer::User(from), reply_to: None, unread: true };
    changes.post(from, Peer::User(from), &body, &[place]).map(drop)
}
