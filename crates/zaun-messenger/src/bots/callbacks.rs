//! Pressed buttons: the question goes to the bot, the call of the user stays open until the bot answers (B-091 …).

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use rand::Rng;
use tokio::sync::oneshot;
use zaun_model::{BoxId, MsgId, Peer, UnixTime, UserId};
use zaun_schema::api::enums::{self, Update};
use zaun_schema::api::types;
use zaun_store::Tx;
use zaun_store::repo::{contents, messages};

use super::inline::inline_id;
use super::is_bot;
use crate::access::Signer;
use crate::limits::{CALLBACK_TEXT_LENGTH, OPEN_QUERIES, QUERY_LIFE_S, QUERY_WAIT_S};
use crate::peers::{PeerRef, peer_to_tl};
use crate::views::one_message;
use crate::{Actor, Audience, Error, Messenger, errors, rights};

/// What a bot answers to a pressed button.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallbackAnswer {
    /// A text to show.
    pub message: Option<String>,
    /// Whether it is shown in a window of its own.
    pub alert: bool,
    /// A place to open.
    pub url: Option<String>,
    /// Seconds for which the client need not ask again.
    pub cache_time: i32,
}

struct Open<T> {
    bot: UserId,
    until: UnixTime,
    /// Taken by the first answer; later ones in time are ignored.
    answer: Option<oneshot::Sender<T>>,
}

/// Questions that wait for the answer of a bot. In memory: who asked is gone after a restart.
pub struct Questions<T> {
    open: Mutex<HashMap<i64, Open<T>>>,
}

impl<T> Default for Questions<T> {
    fn default() -> Self {
        Questions { open: Mutex::default() }
    }
}

impl<T> Questions<T> {
    pub(crate) fn ask(&self, bot: UserId, now: UnixTime) -> Result<(i64, oneshot::Receiver<T>), Error> {
        let mut open = self.open.lock();
        if open.len() >= OPEN_QUERIES {
            open.retain(|_, query| query.until > now);
        }
        if open.len() >= OPEN_QUERIES {
            return Err(Error::flood(1));
        }
        let (sender, receiver) = oneshot::channel();
        let id = (rand::rng().next_u64() >> 1).cast_signed();
        open.insert(id, Open { bot, until: now + QUERY_LIFE_S, answer: Some(sender) });
        Ok((id, receiver))
    }

    /// Forgets all questions; whoever waits gets no answer.
    pub(crate) fn clear(&self) {
        self.open.lock().clear();
    }

    pub(crate) fn answer(&self, bot: UserId, id: i64, now: UnixTime, answer: T) -> Result<(), Error> {
        let mut open = self.open.lock();
        let query = open.get_mut(&id).filter(|query| query.bot == bot && query.until > now);
        let query = query.ok_or_else(|| Error::bad(errors::QUERY_ID_INVALID))?;
        if let Some(sender) = query.answer.take() {
            // Whoever asked may be gone.
            let _ = sender.send(answer);
        }
        Ok(())
    }
}

/// Says whether a button of the keyboard carries these bytes (B-100).
fn has_button(markup: Option<&enums::ReplyMarkup>, data: &[u8]) -> bool {
    let Some(enums::ReplyMarkup::ReplyInlineMarkup(markup)) = markup else { return false };
    markup.rows.iter().flat_map(|row| &row.buttons).any(|button| match &button.r#type {
        enums::InlineButtonType::InlineButtonTypeCallback(callback) => callback.data == data,
        _ => false,
    })
}

impl Messenger {
    /// Presses a button of a bot's message and waits for the answer (B-091, B-094).
    pub async fn press_button(
        &self,
        actor: Actor,
        peer: PeerRef,
        msg_id: MsgId,
        data: Bytes,
    ) -> Result<CallbackAnswer, Error> {
        let (signer, wanted) = (self.access.clone(), data.clone());
        let pressed =
            self.read(actor.user_id, move |tx| pressed(tx, &signer, actor.user_id, (peer, msg_id), &wanted));
        let (bot, update) = pressed.await?;
        let (query_id, answer) = self.queries.ask(bot, self.now())?;
        let update = match update {
            Update::UpdateInlineBotCallbackQuery(query) => {
                types::UpdateInlineBotCallbackQuery { query_id, data: Some(data), ..*query }.into()
            }
            Update::UpdateBotCallbackQuery(query) => {
                types::UpdateBotCallbackQuery { query_id, data: Some(data), ..*query }.into()
            }
            other => other,
        };
        self.hint(vec![Audience::User(bot)], update).await?;
        match tokio::time::timeout(Duration::from_secs(QUERY_WAIT_S), answer).await {
            Ok(Ok(answer)) => Ok(answer),
            _ => Err(Error::bad(errors::BOT_RESPONSE_TIMEOUT)),
        }
    }

    /// Answers a pressed button (B-095, B-097). A second answer in time changes nothing.
    pub fn answer_callback(&self, bot: UserId, query_id: i64, answer: CallbackAnswer) -> Result<(), Error> {
        if answer.message.as_ref().is_some_and(|text| text.chars().count() > CALLBACK_TEXT_LENGTH) {
            return Err(Error::bad(errors::MESSAGE_TOO_LONG));
        }
        self.queries.answer(bot, query_id, self.now(), answer)
    }
}

/// The bot whose button is pressed, and what it is told but for the query: of its own message, or of one that was sent by
/// way of it (B-092).
fn pressed(
    tx: &Tx<'_>,
    signer: &Signer,
    user: UserId,
    (peer, msg_id): (PeerRef, MsgId),
    data: &[u8],
) -> Result<(UserId, Update), Error> {
    let invalid = || Error::bad(errors::MESSAGE_ID_INVALID);
    let reading = rights::reading(tx, user, peer)?;
    let row = messages::find(tx, reading.box_id, reading.peer, msg_id)?.ok_or_else(invalid)?;
    let content = contents::find_many(tx, &[row.content_id])?.pop().ok_or_else(invalid)?;
    let message = one_message(tx, row)?;
    let written = message.body.written()?;
    let via = written.message.via_bot_id.map(UserId);
    let bot = via.or_else(|| message.writer.user()).ok_or_else(invalid)?;
    if !is_bot(tx, bot)? {
        return Err(invalid());
    }
    if !has_button(written.message.reply_markup.as_ref(), data) {
        return Err(Error::bad(errors::DATA_INVALID));
    }
    if via.is_some() {
        let name = inline_id(signer, &content, bot, reading.box_id, msg_id);
        let query = types::UpdateInlineBotCallbackQuery {
            query_id: 0,
            user_id: user.0,
            msg_id: name.to_tl(),
            chat_instance: signer.chat_instance(bot, reading.peer),
            data: None,
            game_short_name: None,
        };
        return Ok((bot, query.into()));
    }
    // As the bot numbers the message, and whom it has the conversation with.
    let own =
        || content.copies().find(|(place, _)| *place == BoxId::User(bot)).map_or(MsgId(0), |(_, id)| id);
    let (place, id) = match reading.peer {
        Peer::User(_) => (Peer::User(user), own()),
        Peer::Chat(_) => (reading.peer, own()),
        Peer::Channel(_) => (reading.peer, msg_id),
    };
    let query = types::UpdateBotCallbackQuery {
        query_id: 0,
        user_id: user.0,
        peer: peer_to_tl(place),
        msg_id: id.0,
        chat_instance: signer.chat_instance(bot, place),
        data: None,
        game_short_name: None,
    };
    Ok((bot, query.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b095_a_query_is_answered_by_its_bot_in_time_and_once() {
        let queries = Questions::<CallbackAnswer>::default();
        let (now, bot) = (UnixTime(100), UserId(1));
        let (id, mut waiting) = queries.ask(bot, now).unwrap();
        let answer = |text: &str| CallbackAnswer { message: Some(text.into()), ..CallbackAnswer::default() };
        assert!(queries.answer(UserId(2), id, now, answer("stranger")).is_err());
        assert!(queries.answer(bot, id, now + QUERY_LIFE_S, answer("late")).is_err());
        queries.answer(bot, id, now, answer("first")).unwrap();
        queries.answer(bot, id, now, answer("second")).unwrap();
        assert_eq!(waiting.try_recv().unwrap(), answer("first"));
    }
}
