//! Polls, and reactions of bots.

use serde_json::{Value, json};
use zaun_messenger::messages::content::Body;
use zaun_messenger::peers::PeerRef;
use zaun_model::Peer;
use zaun_schema::api::{enums, types};

use super::Call;
use crate::error::ApiError;
use crate::text::{self, Formatted};
use crate::to_json::Eyes;

fn words(given: Formatted) -> types::TextWithEntities {
    types::TextWithEntities { text: given.text, entities: given.entities }
}

impl Call<'_> {
    /// A text that has its parse mode and its entities in parameters of its own.
    fn marked_up(&self, name: &str) -> Result<Formatted, ApiError> {
        let given = self.params.get(name).unwrap_or_default();
        let mode = self.params.get(&format!("{name}_parse_mode"));
        text::parse(given, mode, self.params.get(&format!("{name}_entities")))
    }

    /// The answers of a poll: texts, or objects with texts.
    fn answers(&self) -> Result<Vec<enums::PollAnswer>, ApiError> {
        let given = self.params.json("options", "options")?.unwrap_or_default();
        let given =
            given.as_array().ok_or_else(|| ApiError::bad("expected an Array of Strings as options"))?;
        let answer = |option: &Value| {
            let text = match option {
                Value::String(text) => Formatted { text: text.clone(), ..Formatted::default() },
                option => {
                    let entities = option.get("text_entities").map(ToString::to_string);
                    let words = option["text"].as_str().unwrap_or_default();
                    text::parse(words, option["text_parse_mode"].as_str(), entities.as_deref())?
                }
            };
            Ok::<_, ApiError>(types::InputPollAnswer { text: words(text), media: None }.into())
        };
        given.iter().map(answer).collect()
    }

    /// Which answers of a quiz are right, as one number or as a list.
    fn right_answers(&self) -> Result<Option<Vec<i32>>, ApiError> {
        let small = |number: i64| i32::try_from(number).unwrap_or(-1);
        if let Some(list) = self.params.json("correct_option_ids", "correct option identifiers")? {
            return Ok(Some(
                list.as_array().into_iter().flatten().filter_map(Value::as_i64).map(small).collect(),
            ));
        }
        Ok(self.params.number("correct_option_id").map(|number| vec![small(number)]))
    }
}

/// sendPoll
pub(super) async fn send_poll(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    let is_set_unless = |name: &str, default: bool| match call.params.get(name) {
        Some(_) => call.params.is_set(name),
        None => default,
    };
    let quiz = call.params.get("type") == Some("quiz");
    let small = |name: &str| call.params.number(name).and_then(|n| i32::try_from(n).ok()).filter(|n| *n > 0);
    let poll = types::Poll {
        question: words(call.marked_up("question")?),
        answers: call.answers()?,
        public_voters: !is_set_unless("is_anonymous", true),
        quiz,
        multiple_choice: call.params.is_set("allows_multiple_answers"),
        revoting_disabled: !is_set_unless("allows_revoting", !quiz),
        shuffle_answers: call.params.is_set("shuffle_options"),
        hide_results_until_close: call.params.is_set("hide_results_until_closes"),
        close_period: small("open_period"),
        close_date: small("close_date"),
        ..types::Poll::default()
    };
    let explanation = call.marked_up("explanation")?;
    let has_explanation = !explanation.text.is_empty();
    let media = types::InputMediaPoll {
        poll,
        correct_answers: call.right_answers()?.filter(|_| quiz),
        solution: has_explanation.then_some(explanation.text),
        solution_entities: has_explanation.then_some(explanation.entities),
        ..types::InputMediaPoll::default()
    };
    call.send_media(peer, media.into(), Formatted::default()).await
}

/// stopPoll
pub(super) async fn stop_poll(call: Call<'_>) -> Result<Value, ApiError> {
    let (peer, id) = (call.peer("chat_id").await?, call.message_id("message_id")?);
    let named = PeerRef::Known(peer);
    let (found, _) = call.messenger().shown_message(call.actor(), named, id).await?;
    found.ok_or_else(|| ApiError::bad("message with poll to stop not found"))?;
    let stopped = call.messenger().close_poll(call.actor(), named, id).await;
    stopped.map_err(|error| match &error {
        zaun_messenger::Error::Refused { text, .. } if text == "MESSAGE_ID_INVALID" => {
            ApiError::bad("message is not a poll")
        }
        zaun_messenger::Error::Refused { text, .. } if text == "MESSAGE_NOT_MODIFIED" => {
            ApiError::bad("poll has already been closed")
        }
        _ => error.into(),
    })?;
    let (shown, scene) = call.messenger().shown_message(call.actor(), named, id).await?;
    let eyes = Eyes { signer: &call.messenger().access, bot: call.bot.bot, scene: &scene };
    let body = shown.map(|shown| shown.message.body);
    match &body {
        Some(Body::Written(content)) => match &content.message.media {
            Some(enums::MessageMedia::MessageMediaPoll(media)) => Ok(eyes.poll(media, true)),
            _ => Err(ApiError::bad("message is not a poll")),
        },
        _ => Err(ApiError::bad("message is not a poll")),
    }
}

/// setMessageReaction; custom emoji and paid reactions do not exist here.
pub(super) async fn set_message_reaction(call: Call<'_>) -> Result<Value, ApiError> {
    let (peer, id) = (call.peer("chat_id").await?, call.message_id("message_id")?);
    let given = call.params.json("reaction", "reaction types")?.unwrap_or_default();
    let mut wanted = Vec::new();
    for reaction in given.as_array().into_iter().flatten() {
        if reaction["type"] != "emoji" {
            return Err(ApiError::bad("REACTION_INVALID"));
        }
        let emoticon = reaction["emoji"].as_str().unwrap_or_default().to_owned();
        wanted.push(types::ReactionEmoji { emoticon }.into());
    }
    let big = call.params.is_set("is_big");
    let done = call.messenger().send_reaction(call.actor(), PeerRef::Known(peer), id, wanted, big).await;
    match done {
        // To bots it is no error that nothing changes.
        Err(zaun_messenger::Error::Refused { text, .. }) if text == "MESSAGE_NOT_MODIFIED" => Ok(json!(true)),
        Err(zaun_messenger::Error::Refused { text, .. }) if text == "MESSAGE_ID_INVALID" => {
            Err(ApiError::bad("message to react not found"))
        }
        Err(error) => Err(error.into()),
        Ok(_) => Ok(json!(true)),
    }
}

/// deleteMessageReaction; channels do not react here.
pub(super) async fn delete_message_reaction(call: Call<'_>) -> Result<Value, ApiError> {
    let (peer, id) = (call.peer("chat_id").await?, call.message_id("message_id")?);
    if call.params.get("actor_chat_id").is_some() {
        return Err(ApiError::bad("MESSAGE_NOT_MODIFIED"));
    }
    let whom = PeerRef::Known(Peer::User(call.user()?));
    call.messenger().delete_reaction(call.actor(), PeerRef::Known(peer), id, whom).await?;
    Ok(json!(true))
}
