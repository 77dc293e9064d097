//! Pressed buttons, and what the user was shown then.

use std::collections::BTreeMap;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;
use zaun_messenger::bots::CallbackAnswer;
use zaun_messenger::messages::content::{Body, Content};
use zaun_messenger::peers::PeerRef;
use zaun_messenger::views::Message;
use zaun_messenger::{Actor, Error};
use zaun_model::{MsgId, Peer, UserId};
use zaun_schema::api::types;

use super::see;
use super::wait::wait_ms;
use crate::fields::Fields;
use crate::keyboard::{self, Button, Effect};
use crate::limits::{MAX_MESSAGES, MAX_PRESSES};
use crate::{Control, Refusal};

/// One press of a button.
#[derive(Debug, Clone)]
struct Press {
    user: UserId,
    chat: Peer,
    message: MsgId,
    text: String,
    /// What came of it; none as long as the bot is silent.
    answer: watch::Receiver<Option<Value>>,
}

/// The presses of all users, by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Presses {
    list: Mutex<(i64, BTreeMap<i64, Press>)>,
}

impl Presses {
    fn add(&self, press: Press) -> i64 {
        let mut list = self.list.lock();
        let (last, presses) = &mut *list;
        *last += 1;
        if presses.len() >= MAX_PRESSES {
            presses.pop_first();
        }
        presses.insert(*last, press);
        *last
    }

    /// Forgets all presses; their numbers are not given again.
    pub(crate) fn clear(&self) {
        self.list.lock().1.clear();
    }

    fn find(&self, number: i64) -> Option<Press> {
        self.list.lock().1.get(&number).cloned()
    }
}

impl Press {
    fn to_json(&self, number: i64) -> Value {
        json!({
            "press": number, "chat": self.chat.marked(), "message": self.message.0, "button": self.text,
            "answer": self.answer.borrow().clone(),
        })
    }
}

/// Presses a button: a callback asks the bot, a button of a reply keyboard says its text, any other is returned as what
/// an app would do with it.
pub(crate) async fn press(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let actor = control.actor(&mut fields).await?;
    let chat = control.peer(&mut fields, "chat").await?;
    let message = fields.maybe_number("message", (1, i64::from(i32::MAX)))?;
    let text = fields.maybe_text("button")?;
    let data = fields.maybe_text("data")?;
    let wait = wait_ms(&mut fields)?;
    let place = fields.clone();
    fields.end()?;
    if text.is_some() == data.is_some() {
        return Err(place.wrong("button", "either the text of a button or its data has to be given"));
    }
    let is_meant = |button: &Button| match (&text, &data, &button.effect) {
        (Some(text), _, _) => button.text == *text,
        (_, Some(data), Effect::Callback(carried)) => carried == data.as_bytes(),
        _ => false,
    };
    let found = find_button(control, actor, chat, message, is_meant).await?;
    let Some((id, button)) = found else {
        let name = if text.is_some() { "button" } else { "data" };
        return Err(place.wrong(name, "the user sees no such button"));
    };
    match button.effect {
        Effect::Callback(bytes) => {
            let number = ask(control, actor, chat, id, button.text, bytes);
            settle(control, number, wait, false).await
        }
        Effect::Say => {
            let content = Content { text: button.text, message: types::Message::default() };
            let sent = super::speak::send_content(control, actor, chat, content, None).await?;
            Ok(json!({ "said": sent }))
        }
        Effect::Local(kind, value) => Ok(json!({ "kind": kind, "value": value })),
    }
}

/// Finds a button in a message, or in the newest message that has it.
async fn find_button(
    control: &Control,
    actor: Actor,
    chat: Peer,
    message: Option<i64>,
    is_meant: impl Fn(&Button) -> bool,
) -> Result<Option<(MsgId, Button)>, Error> {
    let messages: Vec<Message> = match message {
        Some(id) => {
            let id = MsgId(i32::try_from(id).unwrap_or(i32::MAX));
            let (shown, _) = control.messenger().shown_message(actor, PeerRef::Known(chat), id).await?;
            shown.into_iter().map(|shown| shown.message).collect()
        }
        None => see::newest(control, actor, chat, 0, MAX_MESSAGES).await?,
    };
    Ok(messages.iter().find_map(|message| {
        let Body::Written(content) = &message.body else { return None };
        let rows = keyboard::rows(content.message.reply_markup.as_ref());
        let button = rows.into_iter().flatten().find(&is_meant)?;
        Some((message.id(), button))
    }))
}

/// Asks the bot in the background, because its answer may come from the test that presses.
fn ask(control: &Control, actor: Actor, chat: Peer, message: MsgId, text: String, data: bytes::Bytes) -> i64 {
    let (sender, answer) = watch::channel(None);
    let messenger = control.messenger().clone();
    tokio::spawn(async move {
        let answered = messenger.press_button(actor, PeerRef::Known(chat), message, data).await;
        sender.send_replace(Some(answer_to_json(answered)));
    });
    control.presses().add(Press { user: actor.user_id, chat, message, text, answer })
}

fn answer_to_json(answered: Result<CallbackAnswer, Error>) -> Value {
    match answered {
        Ok(answer) => json!({
            "text": answer.message, "alert": answer.alert, "url": answer.url, "cache_time": answer.cache_time,
        }),
        Err(error) => Refusal::from(error).to_json(),
    }
}

/// Waits for the answer to a press. Without one in time the press is returned as it is, or refused.
async fn settle(control: &Control, number: i64, wait: Duration, is_needed: bool) -> Result<Value, Refusal> {
    let press = control.presses().find(number);
    let mut press = press.ok_or_else(|| Refusal::field("press", "nobody remembers this press"))?;
    let until = Instant::now() + wait;
    let answered = tokio::time::timeout_at(until, press.answer.wait_for(Option::is_some)).await.is_ok();
    if is_needed && !answered {
        let text = format!("the bot did not answer within {} ms", wait.as_millis());
        return Err(Refusal { seen: Some(press.to_json(number)), ..Refusal::new(408, text) });
    }
    Ok(press.to_json(number))
}

/// Waits until a bot answers a press.
pub(crate) async fn wait_answer(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let number = fields.number("press", (1, i64::MAX))?;
    let wait = wait_ms(&mut fields)?;
    fields.end()?;
    settle(control, number, wait, true).await
}

/// Returns what a user pressed and was shown, oldest first.
pub(crate) async fn answers(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let user = control.user(&mut fields, "as").await?;
    fields.end()?;
    let list = control.presses().list.lock();
    let own = list.1.iter().filter(|(_, press)| press.user == user);
    Ok(own.map(|(number, press)| press.to_json(*number)).collect::<Vec<_>>().into())
}
