//! Inline mode: answers to inline queries, and the names of messages that were sent by way of the bot (B-101 … B-116).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use zaun_messenger::bots::{InlineAnswer, InlineMessageId, InlineResult};
use zaun_messenger::messages::change::Edit;
use zaun_model::MsgId;
use zaun_schema::api::{enums, types};

use super::Call;
use super::files::{Given, known};
use crate::error::ApiError;
use crate::file_ids::{FileId, FileKind};
use crate::limits::INLINE_CACHE_DEFAULT_S;
use crate::markup;
use crate::request::Params;
use crate::text;

/// Kinds of results that are files: the kind in the Bot API, what it is a file of, the kind in TL, and the names of the
/// parameters with an address and with a file_id.
const FILES: [(&str, FileKind, &str, &str, &str); 8] = [
    ("photo", FileKind::Photo, "photo", "photo_url", "photo_file_id"),
    ("gif", FileKind::Animation, "gif", "gif_url", "gif_file_id"),
    ("mpeg4_gif", FileKind::Animation, "gif", "mpeg4_url", "mpeg4_file_id"),
    ("video", FileKind::Video, "video", "video_url", "video_file_id"),
    ("audio", FileKind::Audio, "audio", "audio_url", "audio_file_id"),
    ("voice", FileKind::Voice, "voice", "voice_url", "voice_file_id"),
    ("document", FileKind::Document, "file", "document_url", "document_file_id"),
    ("sticker", FileKind::Sticker, "sticker", "sticker_url", "sticker_file_id"),
];

/// answerInlineQuery
pub(super) async fn answer_inline_query(call: Call<'_>) -> Result<Value, ApiError> {
    let id = call.params.required("inline_query_id")?.parse().unwrap_or(0);
    let given = call.params.json("results", "inline query results")?.unwrap_or_default();
    let Value::Array(given) = given else {
        return Err(ApiError::bad("expected an Array of inline query results"));
    };
    if given.len() > zaun_messenger::limits::INLINE_RESULTS {
        return Err(ApiError::bad("too many inline query results specified"));
    }
    let mut results = Vec::with_capacity(given.len());
    for result in &given {
        results.push(call.inline_result(result).await?);
    }
    let visual = ["photo", "gif", "mpeg4_gif", "video", "sticker"];
    let gallery = !given.is_empty()
        && given.iter().all(|result| result["type"].as_str().is_some_and(|kind| visual.contains(&kind)));
    let (switch_pm, switch_webview) = button(&call)?;
    let cache_time = call.params.number("cache_time").unwrap_or(INLINE_CACHE_DEFAULT_S);
    let answer = InlineAnswer {
        gallery,
        private: call.params.is_set("is_personal"),
        results,
        cache_time: i32::try_from(cache_time).unwrap_or(i32::MAX),
        next_offset: call.params.get("next_offset").map(str::to_owned),
        switch_pm,
        switch_webview,
    };
    call.messenger().answer_inline(call.bot.bot, id, answer).await?;
    Ok(json!(true))
}

/// The button above the results, in its own form or in that of before (B-109).
fn button(
    call: &Call<'_>,
) -> Result<(Option<types::InlineBotSwitchPM>, Option<types::InlineBotWebView>), ApiError> {
    let switch = |text: &str, start: &str| types::InlineBotSwitchPM {
        text: text.to_owned(),
        start_param: start.to_owned(),
    };
    if let Some(button) = call.params.json("button", "inline query results button")?.filter(Value::is_object)
    {
        let text = button["text"].as_str().unwrap_or_default();
        return match (button["start_parameter"].as_str(), button["web_app"]["url"].as_str()) {
            (Some(start), None) => Ok((Some(switch(text, start)), None)),
            (None, Some(url)) => {
                Ok((None, Some(types::InlineBotWebView { text: text.to_owned(), url: url.to_owned() })))
            }
            _ => Err(ApiError::bad("InlineQueryResultsButton must have exactly one optional field")),
        };
    }
    let old = call.params.get("switch_pm_text");
    Ok((old.map(|text| switch(text, call.params.get("switch_pm_parameter").unwrap_or_default())), None))
}

fn on_the_web(url: &str, mime_type: &str) -> types::InputWebDocument {
    types::InputWebDocument {
        url: url.to_owned(),
        size: 0,
        mime_type: mime_type.to_owned(),
        attributes: Vec::new(),
    }
}

impl Call<'_> {
    pub(super) async fn inline_result(&self, given: &Value) -> Result<InlineResult, ApiError> {
        let facts = Params::of_json(given);
        let kind = facts.get("type").unwrap_or_default();
        let id = facts.get("id").unwrap_or_default().to_owned();
        let words = |name: &str| facts.get(name).map(str::to_owned);
        let send_message = message_of(given, &facts, kind)?;
        let thumb = facts.get("thumbnail_url").or(facts.get("thumb_url"));
        let thumb = thumb.map(|url| on_the_web(url, "image/jpeg"));
        let plain = |kind: &str, send_message, content: Option<&str>| types::InputBotInlineResult {
            id: id.clone(),
            r#type: kind.to_owned(),
            title: words("title"),
            description: words("description"),
            url: words("url"),
            thumb: thumb.clone(),
            content: content
                .map(|url| on_the_web(url, facts.get("mime_type").unwrap_or("application/octet-stream"))),
            send_message,
        };
        let input: enums::InputBotInlineResult = match kind {
            "article" => plain("article", send_message, None).into(),
            "location" => plain("geo", send_message, None).into(),
            "venue" | "contact" => plain(kind, send_message, None).into(),
            _ => {
                let file = FILES.iter().find(|(name, ..)| *name == kind);
                let Some((_, file, shown, url, file_id)) = file else {
                    return Err(ApiError::bad(format!(
                        "type \"{kind}\" is unsupported for the inline query result"
                    )));
                };
                let replaced = given.get("input_message_content").is_some();
                match self.result_file(*file, (facts.get(url), facts.get(file_id)), replaced, &facts).await? {
                    Some(enums::InputMedia::InputMediaPhoto(photo)) => types::InputBotInlineResultPhoto {
                        id: id.clone(),
                        r#type: (*shown).to_owned(),
                        photo: photo.id,
                        send_message,
                    }
                    .into(),
                    Some(enums::InputMedia::InputMediaDocument(document)) => {
                        types::InputBotInlineResultDocument {
                            id: id.clone(),
                            r#type: (*shown).to_owned(),
                            title: words("title"),
                            description: words("description"),
                            document: document.id,
                            send_message,
                        }
                        .into()
                    }
                    _ => plain(shown, send_message, facts.get(url)).into(),
                }
            }
        };
        Ok(self.messenger().make_inline_result(self.actor(), input).await?)
    }

    /// The file of a result: one that the server has, or one that is fetched unless something else is sent in its
    /// place. `None` if it cannot be had.
    async fn result_file(
        &self,
        kind: FileKind,
        (url, file_id): (Option<&str>, Option<&str>),
        replaced: bool,
        facts: &Params,
    ) -> Result<Option<enums::InputMedia>, ApiError> {
        if let Some(file_id) = file_id {
            let Given::Known(id) = self.file("file_id", Some(file_id)).await? else { return Ok(None) };
            return Ok(Some(known(self.api, id)));
        }
        let Some(url) = url.filter(|_| !replaced) else { return Ok(None) };
        let given = match self.file("url", Some(url)).await {
            Ok(given) => given,
            Err(error) => {
                tracing::debug!(%error, "the file of an inline result could not be fetched");
                return Ok(None);
            }
        };
        if let Given::Known(id) = given {
            return Ok(Some(known(self.api, id)));
        }
        let input = self.input(kind, given, facts).await?;
        let media_id = match self.messenger().make_media(self.actor(), input).await? {
            enums::MessageMedia::MessageMediaPhoto(media) => media.photo.map(|photo| match photo {
                enums::Photo::Photo(photo) => photo.id,
                enums::Photo::PhotoEmpty(photo) => photo.id,
            }),
            enums::MessageMedia::MessageMediaDocument(media) => {
                media.document.map(|document| match document {
                    enums::Document::Document(document) => document.id,
                    enums::Document::DocumentEmpty(document) => document.id,
                })
            }
            _ => None,
        };
        Ok(media_id.map(|media_id| known(self.api, FileId { kind, media_id, letter: 0 })))
    }

    /// The message that a call names by way of which it was sent (B-114); none if it names a chat's.
    pub(super) fn inline_name(&self) -> Result<Option<InlineMessageId>, ApiError> {
        let Some(text) = self.params.get("inline_message_id") else { return Ok(None) };
        read_name(text).map(Some).ok_or_else(|| ApiError::bad("MESSAGE_ID_INVALID"))
    }

    /// Edits such a message; the answer is no message (B-115).
    pub(super) async fn edit_inline(&self, name: InlineMessageId, edit: Edit) -> Result<Value, ApiError> {
        let edit = Edit { reply_markup: markup::read(self.params)?, ..edit };
        self.messenger().edit_inline(self.actor(), name, edit).await?;
        Ok(json!(true))
    }
}

/// What is sent when a result is chosen (B-108).
fn message_of(given: &Value, facts: &Params, kind: &str) -> Result<enums::InputBotInlineMessage, ApiError> {
    let reply_markup = markup::read(facts)?;
    let listed = |entities: Vec<_>| Some(entities).filter(|list| !list.is_empty());
    let inner = given.get("input_message_content").filter(|content| content.is_object());
    let from = inner.map(Params::of_json);
    let source = from.as_ref().unwrap_or(facts);
    let word = |name: &str| source.get(name).unwrap_or_default().to_owned();
    let is_text = source.get("message_text").is_some();
    if inner.is_some() && is_text {
        let words = source.get("message_text").unwrap_or_default();
        let parsed = text::parse(words, source.get("parse_mode"), source.get("entities"))?;
        return Ok(types::InputBotInlineMessageText {
            no_webpage: source.is_set("disable_web_page_preview"),
            invert_media: false,
            message: parsed.text,
            entities: listed(parsed.entities),
            reply_markup,
        }
        .into());
    }
    if source.get("phone_number").is_some() {
        return Ok(types::InputBotInlineMessageMediaContact {
            phone_number: word("phone_number"),
            first_name: word("first_name"),
            last_name: word("last_name"),
            vcard: word("vcard"),
            reply_markup,
        }
        .into());
    }
    if source.get("latitude").is_some() {
        return place_of(source, reply_markup);
    }
    if inner.is_some() || kind == "article" {
        return Err(ApiError::bad("message content is empty"));
    }
    let caption = facts.get("caption").unwrap_or_default();
    let parsed = text::parse(caption, facts.get("parse_mode"), facts.get("caption_entities"))?;
    Ok(types::InputBotInlineMessageMediaAuto {
        invert_media: facts.is_set("show_caption_above_media"),
        message: parsed.text,
        entities: listed(parsed.entities),
        reply_markup,
    }
    .into())
}

/// A place that is sent, with a name and an address if they are given.
fn place_of(
    source: &Params,
    reply_markup: Option<enums::ReplyMarkup>,
) -> Result<enums::InputBotInlineMessage, ApiError> {
    let number = |name: &str| source.float(name)?.ok_or_else(|| ApiError::bad(format!("{name} is empty")));
    let accuracy = source.number("horizontal_accuracy").and_then(|n| i32::try_from(n).ok());
    let (lat, long) = (number("latitude")?, number("longitude")?);
    let accuracy_radius = accuracy.filter(|n| *n > 0);
    let geo_point = types::InputGeoPoint { lat, long, accuracy_radius }.into();
    if source.get("address").is_none() {
        return Ok(types::InputBotInlineMessageMediaGeo {
            geo_point,
            heading: None,
            period: None,
            proximity_notification_radius: None,
            reply_markup,
        }
        .into());
    }
    let word = |name: &str| source.get(name).unwrap_or_default().to_owned();
    let (provider, id, r#type) = match source.get("google_place_id") {
        Some(_) => ("gplaces", "google_place_id", "google_place_type"),
        None => ("foursquare", "foursquare_id", "foursquare_type"),
    };
    Ok(types::InputBotInlineMessageMediaVenue {
        geo_point,
        title: word("title"),
        address: word("address"),
        provider: provider.to_owned(),
        venue_id: word(id),
        venue_type: word(r#type),
        reply_markup,
    }
    .into())
}

/// Writes the name of a message, as TDLib and Telethon read it (B-114).
pub(crate) fn write_name(name: &enums::InputBotInlineMessageID) -> Option<String> {
    let enums::InputBotInlineMessageID::InputBotInlineMessageID64(id) = name else { return None };
    let mut bytes = id.dc_id.to_le_bytes().to_vec();
    bytes.extend_from_slice(&id.owner_id.to_le_bytes());
    bytes.extend_from_slice(&id.id.to_le_bytes());
    bytes.extend_from_slice(&id.access_hash.to_le_bytes());
    Some(URL_SAFE_NO_PAD.encode(bytes))
}

fn read_name(text: &str) -> Option<InlineMessageId> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (_, rest) = bytes.split_first_chunk::<4>()?;
    let (owner, rest) = rest.split_first_chunk::<8>()?;
    let (id, rest) = rest.split_first_chunk::<4>()?;
    let access_hash = i64::from_le_bytes(rest.try_into().ok()?);
    Some(InlineMessageId {
        owner: i64::from_le_bytes(*owner),
        id: MsgId(i32::from_le_bytes(*id)),
        access_hash,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b114_names_of_inline_messages_are_read_as_they_are_written() {
        let name = InlineMessageId { owner: -1_000_000_000_123, id: MsgId(77), access_hash: -5 };
        let text = write_name(&name.to_tl()).unwrap();
        assert_eq!((text.len(), read_name(&text)), (32, Some(name)));
        assert_eq!(read_name("e2e"), None);
    }

    #[test]
    fn b108_what_is_sent_is_the_content_or_the_file() {
        let read =
            |given: Value| message_of(&given, &Params::of_json(&given), given["type"].as_str().unwrap());
        let text = json!({ "type": "article", "input_message_content": { "message_text": "<b>x</b>", "parse_mode": "HTML" } });
        assert!(
            matches!(read(text), Ok(enums::InputBotInlineMessage::InputBotInlineMessageText(message)) if message.message == "x")
        );
        assert!(read(json!({ "type": "article" })).is_err());
        let photo = json!({ "type": "photo", "caption": "c" });
        assert!(matches!(read(photo), Ok(enums::InputBotInlineMessage::InputBotInlineMessageMediaAuto(_))));
        let place = json!({ "type": "location", "latitude": 1.5, "longitude": 2, "title": "t" });
        assert!(matches!(read(place), Ok(enums::InputBotInlineMessage::InputBotInlineMessageMediaGeo(_))));
    }
}
