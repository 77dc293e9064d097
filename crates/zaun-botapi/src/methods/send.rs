//! Sending messages that are no files.

use rand::Rng;
use serde_json::{Value, json};
use zaun_messenger::messages::content::Content;
use zaun_messenger::messages::live::FOR_EVER;
use zaun_messenger::messages::send::{Draft, Quote, ReplyTo};
use zaun_messenger::peers::PeerRef;
use zaun_messenger::views::Message;
use zaun_model::{MsgId, Peer, UserId};
use zaun_schema::api::{enums, types};

use super::{Call, sending};
use crate::error::ApiError;
use crate::markup;
use crate::request::leading_number;
use crate::text::{self, Formatted};
use crate::to_json::Eyes;

/// A number that names a message that is sent only once anyway.
pub(super) fn random_id() -> i64 {
    (rand::rng().next_u64() >> 1).cast_signed().max(1)
}

impl Call<'_> {
    /// The text that two parameters give, with its entities.
    pub(super) fn formatted(&self, text: &str, entities: &str) -> Result<Formatted, ApiError> {
        let words = self.params.get(text).unwrap_or_default();
        text::parse(words, self.params.get("parse_mode"), self.params.get(entities))
    }

    /// What every kind of message may bring along.
    pub(super) fn options(&self) -> Result<types::Message, ApiError> {
        Ok(types::Message {
            silent: self.params.is_set("disable_notification"),
            noforwards: self.params.is_set("protect_content"),
            reply_markup: markup::read(self.params)?,
            ..types::Message::default()
        })
    }

    /// The topic of a forum that is named (B-098).
    pub(super) fn thread(&self, peer: Peer) -> Option<MsgId> {
        let id = self.params.number("message_thread_id").and_then(|id| i32::try_from(id).ok());
        id.filter(|id| *id > 0 && peer.channel().is_some()).map(MsgId)
    }

    /// The message that is answered.
    pub(super) async fn reply_to(&self, peer: Peer) -> Result<Option<ReplyTo>, ApiError> {
        let given = self.params.json("reply_parameters", "reply parameters")?.unwrap_or_default();
        let number = |value: &Value| match value {
            Value::String(text) => Some(leading_number(text)),
            other => other.as_i64(),
        };
        let id = number(&given["message_id"]).or_else(|| self.params.number("reply_to_message_id"));
        let thread = self.thread(peer);
        let Some(id) = id.filter(|id| *id != 0) else {
            return Ok(thread.map(|id| ReplyTo { msg_id: id, thread, ..ReplyTo::default() }));
        };
        let place = match &given["chat_id"] {
            Value::Null => peer,
            Value::String(name) => self.peer_named(name).await?,
            other => self.peer_named(&other.to_string()).await?,
        };
        let msg_id = MsgId(i32::try_from(id).unwrap_or(0));
        let (found, _) = self.messenger().shown_message(self.actor(), PeerRef::Known(place), msg_id).await?;
        if found.is_none() {
            let anyway = given["allow_sending_without_reply"].as_bool().unwrap_or(false)
                || self.params.is_set("allow_sending_without_reply");
            let here = thread.map(|id| ReplyTo { msg_id: id, thread, ..ReplyTo::default() });
            return if anyway { Ok(here) } else { Err(ApiError::bad("message to be replied not found")) };
        }
        let quote = match given["quote"].as_str().filter(|quote| !quote.is_empty()) {
            Some(words) => {
                let entities = given.get("quote_entities").map(ToString::to_string);
                let parsed = text::parse(words, given["quote_parse_mode"].as_str(), entities.as_deref())?;
                let offset = given["quote_position"].as_i64().and_then(|at| i32::try_from(at).ok());
                Some(Quote { text: parsed.text, entities: Some(parsed.entities), offset })
            }
            None => None,
        };
        let elsewhere = (place != peer).then_some(PeerRef::Known(place));
        Ok(Some(ReplyTo { msg_id, elsewhere, quote, thread }))
    }

    /// Sends messages and returns them as the bot sees them.
    pub(super) async fn send(&self, peer: Peer, contents: Vec<Content>) -> Result<Vec<Value>, ApiError> {
        self.send_with(peer, contents, None).await
    }

    /// Sends messages, of which one may be an invoice with this behind it.
    pub(super) async fn send_with(
        &self,
        peer: Peer,
        contents: Vec<Content>,
        invoice: Option<(UserId, Vec<u8>)>,
    ) -> Result<Vec<Value>, ApiError> {
        let reply_to = self.reply_to(peer).await?;
        let drafts = contents.into_iter().map(|content| Draft {
            invoice: invoice.clone(),
            ..Draft::of(random_id(), content, reply_to.clone())
        });
        let sent = self.messenger().send(self.actor(), PeerRef::Known(peer), drafts.collect()).await;
        let sent = sent.map_err(|error| sending(peer, error))?;
        self.written(sent.value.iter().map(|sent| (*sent.message).clone()).collect()).await
    }

    /// Writes messages that were just sent.
    pub(super) async fn written(&self, messages: Vec<Message>) -> Result<Vec<Value>, ApiError> {
        let (shown, scene) = self.messenger().show_sent(self.bot.bot, messages).await?;
        let eyes = Eyes { signer: &self.messenger().access, bot: self.bot.bot, scene: &scene };
        Ok(shown.iter().filter_map(|shown| eyes.message(shown)).collect())
    }

    /// Sends one message with media of which everything is known.
    pub(super) async fn send_media(
        &self,
        peer: Peer,
        input: enums::InputMedia,
        caption: Formatted,
    ) -> Result<Value, ApiError> {
        let media = self.messenger().make_media(self.actor(), input).await?;
        let message = types::Message {
            media: Some(media),
            entities: Some(caption.entities).filter(|list| !list.is_empty()),
            invert_media: self.params.is_set("show_caption_above_media"),
            ..self.options()?
        };
        let sent = self.send(peer, vec![Content { text: caption.text, message }]).await?;
        Ok(sent.into_iter().next().unwrap_or_default())
    }

    fn small(&self, name: &str) -> Option<i32> {
        self.params.number(name).and_then(|number| i32::try_from(number).ok())
    }

    /// A place that moves, as the parameters say.
    pub(super) fn live_place(&self) -> Result<types::InputMediaGeoLive, ApiError> {
        Ok(types::InputMediaGeoLive {
            stopped: false,
            geo_point: self.geo_point()?,
            heading: self.small("heading").filter(|heading| *heading > 0),
            period: self.small("live_period").filter(|period| *period > 0),
            proximity_notification_radius: self.small("proximity_alert_radius").filter(|metres| *metres > 0),
        })
    }

    fn geo_point(&self) -> Result<enums::InputGeoPoint, ApiError> {
        let coordinate =
            |name: &str| self.params.float(name)?.ok_or_else(|| ApiError::bad(format!("{name} is empty")));
        let (lat, long) = (coordinate("latitude")?, coordinate("longitude")?);
        let accuracy = self.params.number("horizontal_accuracy").and_then(|n| i32::try_from(n).ok());
        Ok(types::InputGeoPoint { lat, long, accuracy_radius: accuracy.filter(|n| *n > 0) }.into())
    }
}

/// sendMessage
pub(super) async fn send_message(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    if call.params.get("text").is_none() {
        return Err(ApiError::bad("message text is empty"));
    }
    let Formatted { text, entities } = call.formatted("text", "entities")?;
    if text.trim().is_empty() {
        return Err(ApiError::bad("text must be non-empty"));
    }
    let entities = Some(entities).filter(|list| !list.is_empty());
    let message = types::Message { entities, ..call.options()? };
    let sent = call.send(peer, vec![Content { text, message }]).await?;
    Ok(sent.into_iter().next().unwrap_or_default())
}

/// sendLocation; places that move do not exist yet.
pub(super) async fn send_location(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    if call.small("live_period").is_some_and(|period| period != 0) {
        let media = call.live_place()?;
        if !media.period.is_some_and(|period| period == FOR_EVER || (60..=86_400).contains(&period)) {
            return Err(ApiError::bad("wrong live location period specified"));
        }
        return call.send_media(peer, media.into(), Formatted::default()).await;
    }
    let media = types::InputMediaGeoPoint { geo_point: call.geo_point()? };
    call.send_media(peer, media.into(), Formatted::default()).await
}

/// sendVenue
pub(super) async fn send_venue(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    let text = |name: &str| call.params.get(name).unwrap_or_default().to_owned();
    let google = call.params.get("google_place_id").is_some();
    let (provider, id, kind) = match google {
        true => ("gplaces", "google_place_id", "google_place_type"),
        false => ("foursquare", "foursquare_id", "foursquare_type"),
    };
    let media = types::InputMediaVenue {
        geo_point: call.geo_point()?,
        title: call.params.required("title")?.to_owned(),
        address: call.params.required("address")?.to_owned(),
        provider: provider.to_owned(),
        venue_id: text(id),
        venue_type: text(kind),
    };
    call.send_media(peer, media.into(), Formatted::default()).await
}

/// sendContact
pub(super) async fn send_contact(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    let media = types::InputMediaContact {
        phone_number: call.params.required("phone_number")?.to_owned(),
        first_name: call.params.required("first_name")?.to_owned(),
        last_name: call.params.get("last_name").unwrap_or_default().to_owned(),
        vcard: call.params.get("vcard").unwrap_or_default().to_owned(),
    };
    call.send_media(peer, media.into(), Formatted::default()).await
}

/// sendDice
pub(super) async fn send_dice(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    let emoticon = call.params.get("emoji").unwrap_or("🎲").to_owned();
    call.send_media(peer, types::InputMediaDice { emoticon }.into(), Formatted::default()).await
}

/// sendChatAction (B-273)
pub(super) async fn send_chat_action(call: Call<'_>) -> Result<Value, ApiError> {
    use enums::SendMessageAction as A;
    let peer = call.peer("chat_id").await?;
    let progress = 0;
    let action: A = match call.params.get("action").unwrap_or_default().to_ascii_lowercase().as_str() {
        "typing" => A::SendMessageTypingAction,
        "cancel" => A::SendMessageCancelAction,
        "upload_photo" => types::SendMessageUploadPhotoAction { progress }.into(),
        "record_video" => A::SendMessageRecordVideoAction,
        "upload_video" => types::SendMessageUploadVideoAction { progress }.into(),
        "record_voice" | "record_audio" => A::SendMessageRecordAudioAction,
        "upload_voice" | "upload_audio" => types::SendMessageUploadAudioAction { progress }.into(),
        "upload_document" => types::SendMessageUploadDocumentAction { progress }.into(),
        "choose_sticker" => A::SendMessageChooseStickerAction,
        "find_location" | "pick_up_location" => A::SendMessageGeoLocationAction,
        "record_video_note" => A::SendMessageRecordRoundAction,
        "upload_video_note" => types::SendMessageUploadRoundAction { progress }.into(),
        _ => return Err(ApiError::bad("wrong parameter action in request")),
    };
    let told = call.messenger().set_typing(call.actor(), PeerRef::Known(peer), action).await;
    told.map_err(|error| sending(peer, error))?;
    Ok(json!(true))
}

/// sendMessageDraft: what a bot is about to say, while it grows (B-280).
pub(super) async fn send_message_draft(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    if !matches!(peer, Peer::User(_)) {
        return Err(ApiError::bad("drafts can be sent in private chats only"));
    }
    let draft_id = call.params.number("draft_id").filter(|id| *id != 0);
    let random_id = draft_id.ok_or_else(|| ApiError::bad("draft_id must be non-zero"))?;
    let Formatted { text, entities } = call.formatted("text", "entities")?;
    if text.chars().count() > zaun_messenger::limits::MESSAGE_LENGTH {
        return Err(ApiError::bad("message is too long"));
    }
    let action = types::SendMessageTextDraftAction {
        can_stop: call.params.is_set("can_stop"),
        keep_on_stop: call.params.is_set("keep_on_stop"),
        random_id,
        text: types::TextWithEntities { text, entities },
    };
    let told = call.messenger().set_typing(call.actor(), PeerRef::Known(peer), action.into()).await;
    told.map_err(|error| sending(peer, error))?;
    Ok(json!(true))
}
