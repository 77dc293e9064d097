//! Results of inline queries: from what a bot describes to what users are shown and what is sent (B-107, B-108).

use zaun_schema::api::{enums, types};

use super::inline::InlineResult;
use crate::messages::content::Content;
use crate::{Actor, Error, Messenger, errors};

use enums::{BotInlineMessage, InputBotInlineMessage as I, MessageMedia as M};

impl Messenger {
    /// Makes a result of what a bot describes. Places on the web are shown, but only what the server has is sent.
    pub async fn make_inline_result(
        &self,
        bot: Actor,
        input: enums::InputBotInlineResult,
    ) -> Result<InlineResult, Error> {
        use enums::InputBotInlineResult as R;
        match input {
            R::InputBotInlineResult(input) => {
                let (send_message, content) = self.inline_message(bot, input.send_message, None).await?;
                // What only shows a file of the web has nothing to send but its words.
                let is_file = matches!(send_message, BotInlineMessage::BotInlineMessageMediaAuto(_))
                    && input.r#type != "article";
                let shown = types::BotInlineResult {
                    id: input.id.clone(),
                    r#type: input.r#type,
                    title: input.title,
                    description: input.description,
                    url: input.url,
                    thumb: input.thumb.map(on_the_web),
                    content: input.content.map(on_the_web),
                    send_message,
                };
                let content = content.filter(|_| !is_file);
                Ok(InlineResult { id: input.id, shown: shown.into(), content })
            }
            R::InputBotInlineResultPhoto(input) => {
                let photo = types::InputMediaPhoto { id: input.photo, ..types::InputMediaPhoto::default() };
                let media = self.make_media(bot, photo.into()).await?;
                self.media_result(bot, (input.id, input.r#type), (None, None), media, input.send_message)
                    .await
            }
            R::InputBotInlineResultDocument(input) => {
                let document =
                    types::InputMediaDocument { id: input.document, ..types::InputMediaDocument::default() };
                let media = self.make_media(bot, document.into()).await?;
                let words = (input.title, input.description);
                self.media_result(bot, (input.id, input.r#type), words, media, input.send_message).await
            }
            R::InputBotInlineResultGame(_) => Err(Error::bad(errors::RESULT_TYPE_INVALID)),
        }
    }

    async fn media_result(
        &self,
        bot: Actor,
        (id, r#type): (String, String),
        (title, description): (Option<String>, Option<String>),
        media: M,
        message: I,
    ) -> Result<InlineResult, Error> {
        let (photo, document) = match &media {
            M::MessageMediaPhoto(media) => (media.photo.clone(), None),
            M::MessageMediaDocument(media) => (None, media.document.clone()),
            _ => (None, None),
        };
        let (send_message, content) = self.inline_message(bot, message, Some(media)).await?;
        let shown = types::BotInlineMediaResult {
            id: id.clone(),
            r#type,
            photo,
            document,
            title,
            description,
            send_message,
        };
        Ok(InlineResult { id, shown: shown.into(), content })
    }

    /// What is sent when a result is chosen; `media` is that of the result.
    async fn inline_message(
        &self,
        bot: Actor,
        input: I,
        media: Option<M>,
    ) -> Result<(BotInlineMessage, Option<Content>), Error> {
        let (shown, content) = match input {
            I::InputBotInlineMessageMediaAuto(input) => {
                let types::InputBotInlineMessageMediaAuto { invert_media, message, entities, reply_markup } =
                    *input;
                let media = types::Message { media, invert_media, ..types::Message::default() };
                let made = words(&message, &entities, &reply_markup, media);
                let shown =
                    types::BotInlineMessageMediaAuto { invert_media, message, entities, reply_markup };
                (shown.into(), made)
            }
            I::InputBotInlineMessageText(input) => text(*input),
            I::InputBotInlineMessageMediaWebPage(input) => text(types::InputBotInlineMessageText {
                no_webpage: false,
                invert_media: input.invert_media,
                message: input.message,
                entities: input.entities,
                reply_markup: input.reply_markup,
            }),
            I::InputBotInlineMessageMediaGeo(input) => self.inline_place(bot, *input).await?,
            I::InputBotInlineMessageMediaVenue(input) => self.inline_venue(bot, *input).await?,
            I::InputBotInlineMessageMediaContact(input) => self.inline_contact(bot, *input).await?,
            _ => return Err(Error::bad(errors::SEND_MESSAGE_TYPE_INVALID)),
        };
        Ok((shown, Some(content)))
    }

    async fn inline_place(&self, bot: Actor, input: types::InputBotInlineMessageMediaGeo) -> Made {
        if input.period.is_some() {
            return Err(Error::bad(errors::MEDIA_INVALID));
        }
        let media = types::InputMediaGeoPoint { geo_point: input.geo_point };
        let media = self.make_media(bot, media.into()).await?;
        let M::MessageMediaGeo(geo) = &media else { return Err(Error::bad(errors::MEDIA_INVALID)) };
        let shown = types::BotInlineMessageMediaGeo {
            geo: geo.geo.clone(),
            heading: None,
            period: None,
            proximity_notification_radius: None,
            reply_markup: input.reply_markup.clone(),
        };
        Ok((shown.into(), only(media, input.reply_markup)))
    }

    async fn inline_venue(&self, bot: Actor, input: types::InputBotInlineMessageMediaVenue) -> Made {
        let venue = types::InputMediaVenue {
            geo_point: input.geo_point,
            title: input.title,
            address: input.address,
            provider: input.provider,
            venue_id: input.venue_id,
            venue_type: input.venue_type,
        };
        let media = self.make_media(bot, venue.into()).await?;
        let M::MessageMediaVenue(venue) = &media else { return Err(Error::bad(errors::MEDIA_INVALID)) };
        let types::MessageMediaVenue { geo, title, address, provider, venue_id, venue_type } =
            (**venue).clone();
        let reply_markup = input.reply_markup.clone();
        let shown = types::BotInlineMessageMediaVenue {
            geo,
            title,
            address,
            provider,
            venue_id,
            venue_type,
            reply_markup,
        };
        Ok((shown.into(), only(media, input.reply_markup)))
    }

    async fn inline_contact(&self, bot: Actor, input: types::InputBotInlineMessageMediaContact) -> Made {
        let types::InputBotInlineMessageMediaContact {
            phone_number,
            first_name,
            last_name,
            vcard,
            reply_markup,
        } = input;
        let contact = types::InputMediaContact {
            phone_number: phone_number.clone(),
            first_name: first_name.clone(),
            last_name: last_name.clone(),
            vcard: vcard.clone(),
        };
        let media = self.make_media(bot, contact.into()).await?;
        let made = only(media, reply_markup.clone());
        let shown =
            types::BotInlineMessageMediaContact { phone_number, first_name, last_name, vcard, reply_markup };
        Ok((shown.into(), made))
    }
}

/// What is shown, and what is sent.
type Made = Result<(BotInlineMessage, Content), Error>;

/// A text; what is known of a page on the web is not.
fn text(input: types::InputBotInlineMessageText) -> (BotInlineMessage, Content) {
    let types::InputBotInlineMessageText { no_webpage, invert_media, message, entities, reply_markup } =
        input;
    let made = words(&message, &entities, &reply_markup, types::Message::default());
    let shown = types::BotInlineMessageText { no_webpage, invert_media, message, entities, reply_markup };
    (shown.into(), made)
}

/// A message with words and whatever else it has.
fn words(
    text: &str,
    entities: &Option<Vec<enums::MessageEntity>>,
    reply_markup: &Option<enums::ReplyMarkup>,
    rest: types::Message,
) -> Content {
    let (entities, reply_markup) = (entities.clone(), reply_markup.clone());
    Content { text: text.to_owned(), message: types::Message { entities, reply_markup, ..rest } }
}

/// A message that is nothing but media.
fn only(media: M, reply_markup: Option<enums::ReplyMarkup>) -> Content {
    let message = types::Message { media: Some(media), reply_markup, ..types::Message::default() };
    Content { text: String::new(), message }
}

fn on_the_web(input: enums::InputWebDocument) -> enums::WebDocument {
    let enums::InputWebDocument { url, size, mime_type, attributes } = input;
    types::WebDocumentNoProxy { url, size, mime_type, attributes }.into()
}
