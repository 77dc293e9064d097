//! Waiting until something is so.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;
use zaun_messenger::messages::content::Body;
use zaun_messenger::peers::PeerRef;
use zaun_messenger::views::Message;
use zaun_messenger::{Actor, Error};
use zaun_model::{MsgId, Peer};

use super::see;
use crate::fields::Fields;
use crate::keyboard;
use crate::limits::{LOOK_MS, MAX_MESSAGES, MAX_SEEN, MAX_WAIT_MS, WAIT_MS};
use crate::{Control, Refusal};

/// Takes the field that says how long a call may wait.
pub(super) fn wait_ms(fields: &mut Fields) -> Result<Duration, Refusal> {
    let wait = fields.maybe_number("wait_ms", (0, MAX_WAIT_MS))?.unwrap_or(WAIT_MS);
    Ok(Duration::from_millis(wait.unsigned_abs()))
}

/// What a message has to be like.
#[derive(Debug, Clone, Default)]
struct Wanted {
    text: Option<String>,
    contains: Option<String>,
    from: Option<Peer>,
    message: Option<i64>,
    button: Option<String>,
}

impl Wanted {
    async fn read(control: &Control, fields: &mut Fields) -> Result<Wanted, Refusal> {
        let from = match fields.take("from") {
            Some(value) => {
                let named = control.named(&value).await;
                Some(named.map_err(|refusal| refusal.of_field(&fields.path("from")))?)
            }
            None => None,
        };
        Ok(Wanted {
            text: fields.maybe_text("text")?,
            contains: fields.maybe_text("contains")?,
            from,
            message: fields.maybe_number("message", (1, i64::from(i32::MAX)))?,
            button: fields.maybe_text("button")?,
        })
    }

    fn fits(&self, message: &Message) -> bool {
        let markup = match &message.body {
            Body::Written(content) => content.message.reply_markup.as_ref(),
            Body::Service(_) => None,
        };
        let has_button =
            |text: &String| keyboard::rows(markup).iter().flatten().any(|button| button.text == *text);
        self.text.as_ref().is_none_or(|text| message.body.text() == text)
            && self.contains.as_ref().is_none_or(|part| message.body.text().contains(part.as_str()))
            && self.from.is_none_or(|from| message.writer == from || message.row.author == from)
            && self.message.is_none_or(|id| i64::from(message.id().0) == id)
            && self.button.as_ref().is_none_or(has_button)
    }
}

/// Waits until a user sees a message that fits, and returns the oldest one.
pub(crate) async fn wait_message(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let actor = control.actor(&mut fields).await?;
    let chat = control.peer(&mut fields, "chat").await?;
    let after = fields.maybe_number("after", (0, i64::from(i32::MAX)))?.unwrap_or(0);
    let wanted = Wanted::read(control, &mut fields).await?;
    let wait = wait_ms(&mut fields)?;
    fields.end()?;
    let after = i32::try_from(after).unwrap_or(i32::MAX);
    let until = Instant::now() + wait;
    // From before the first look on, so that nothing is missed.
    let mut changes = control.node().changes();
    loop {
        changes.mark_unchanged();
        let messages = see::newest(control, actor, chat, after, MAX_MESSAGES).await?;
        if let Some(found) = messages.iter().rev().find(|message| wanted.fits(message)) {
            let shown = see::messages_to_json(control, actor.user_id, vec![found.clone()]).await?;
            return Ok(shown.into_iter().next().unwrap_or_default());
        }
        let changed = tokio::time::timeout_at(until, changes.changed()).await;
        if !matches!(changed, Ok(Ok(()))) {
            return Err(in_vain(control, actor, messages, wait).await?);
        }
    }
}

async fn in_vain(
    control: &Control,
    actor: Actor,
    mut messages: Vec<Message>,
    wait: Duration,
) -> Result<Refusal, Error> {
    messages.truncate(MAX_SEEN);
    messages.reverse();
    let seen = see::messages_to_json(control, actor.user_id, messages).await?;
    let text = format!("no message that fits was there within {} ms", wait.as_millis());
    Ok(Refusal { seen: Some(seen.into()), ..Refusal::new(408, text) })
}

/// Waits until a user sees a message no more.
pub(crate) async fn wait_gone(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let actor = control.actor(&mut fields).await?;
    let chat = control.peer(&mut fields, "chat").await?;
    let id = MsgId(fields.message_id("message")?);
    let wait = wait_ms(&mut fields)?;
    fields.end()?;
    let until = Instant::now() + wait;
    let mut changes = control.node().changes();
    loop {
        changes.mark_unchanged();
        let (shown, _) = control.messenger().shown_message(actor, PeerRef::Known(chat), id).await?;
        let Some(shown) = shown else { return Ok(json!({})) };
        let changed = tokio::time::timeout_at(until, changes.changed()).await;
        if !matches!(changed, Ok(Ok(()))) {
            let seen = see::messages_to_json(control, actor.user_id, vec![shown.message]).await?;
            let text = format!("the message was still there after {} ms", wait.as_millis());
            return Err(Refusal { seen: Some(seen.into()), ..Refusal::new(408, text) });
        }
    }
}

/// Waits until a bot that speaks HTTP has taken all its updates.
pub(crate) async fn wait_idle(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let bot = control.user(&mut fields, "bot").await?;
    let wait = wait_ms(&mut fields)?;
    fields.end()?;
    let until = Instant::now() + wait;
    loop {
        let waiting = control.messenger().waiting_updates(bot).await?;
        if waiting == 0 {
            return Ok(json!({ "waiting": 0 }));
        }
        if Instant::now() >= until {
            let text = format!("updates were still waiting after {} ms", wait.as_millis());
            return Err(Refusal { seen: Some(json!({ "waiting": waiting })), ..Refusal::new(408, text) });
        }
        // Nobody is told when a bot confirms an update.
        tokio::time::sleep(Duration::from_millis(LOOK_MS)).await;
    }
}
