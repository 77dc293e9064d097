//! From what the messenger shows to the objects of the Bot API, once per type. What is absent is left out (B-190).

pub mod members;
mod polls;

use serde_json::{Map, Value, json};
use zaun_messenger::access::Signer;
use zaun_messenger::bots::queue::{BotEvent, Shown};
use zaun_messenger::messages::content::Body;
use zaun_messenger::views::{Message, Scene, UserRow};
use zaun_model::{ChannelId, ChatId, Peer, UserId};
use zaun_schema::api::{enums, types};

use crate::file_ids::{FileId, FileKind};
use crate::markup;
use crate::methods::{payments, stickers, topics};

use enums::{MessageAction as A, MessageEntity as E, MessageMedia as M};

/// The eyes of a bot.
#[derive(Clone, Copy)]
pub struct Eyes<'a> {
    /// Names files.
    pub signer: &'a Signer,
    /// The bot.
    pub bot: UserId,
    /// Everybody who is mentioned.
    pub scene: &'a Scene,
}

/// An object whose absent fields are left out.
#[derive(Default)]
pub struct Object(Map<String, Value>);

impl Object {
    /// Sets a field.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Sets a field that says something.
    pub fn some(&mut self, name: &str, value: Option<impl Into<Value>>) {
        let value = value.map(Into::into);
        let says = |value: &Value| match value {
            Value::Null | Value::Bool(false) => false,
            Value::String(text) => !text.is_empty(),
            Value::Array(list) => !list.is_empty(),
            _ => true,
        };
        if let Some(value) = value.filter(says) {
            self.set(name, value);
        }
    }

    /// The object.
    #[must_use]
    pub fn done(self) -> Value {
        Value::Object(self.0)
    }
}

/// Writes a user. Fields that only the bot itself has are added by getMe.
#[must_use]
pub fn user(row: &UserRow) -> Value {
    let mut out = Object::default();
    out.set("id", row.id.0);
    out.set("is_bot", row.is_bot());
    out.set("first_name", row.first_name.clone());
    out.some("last_name", Some(row.last_name.clone()));
    out.some("username", row.username.clone());
    out.done()
}

impl Eyes<'_> {
    /// Writes a user of the scene.
    #[must_use]
    pub fn user(self, id: UserId) -> Value {
        match self.scene.person(self.bot, id) {
            Some(person) => user(person.user),
            None => json!({ "id": id.0, "is_bot": false, "first_name": "" }),
        }
    }

    /// Writes a conversation.
    #[must_use]
    pub fn chat(self, peer: Peer) -> Value {
        let mut out = Object::default();
        out.set("id", peer.marked());
        match peer {
            Peer::User(id) => {
                let row = self.scene.person(self.bot, id).map(|person| person.user);
                out.some("first_name", row.map(|row| row.first_name.clone()));
                out.some("last_name", row.map(|row| row.last_name.clone()));
                out.some("username", row.and_then(|row| row.username.clone()));
                out.set("type", "private");
            }
            Peer::Chat(id) => {
                let row = self.scene.groups(self.bot).find(|view| view.group.id == id);
                out.some("title", row.map(|view| view.group.title.clone()));
                out.set("type", "group");
            }
            Peer::Channel(id) => {
                let row = self.scene.channel(self.bot, id).map(|seen| seen.channel);
                out.some("title", row.map(|row| row.title.clone()));
                out.some("username", row.and_then(|row| row.username.clone()));
                let broadcast = row.is_some_and(|row| row.broadcast);
                out.some("is_forum", row.map(|row| row.is_forum()));
                out.set("type", if broadcast { "channel" } else { "supergroup" });
            }
        }
        out.done()
    }

    fn is_broadcast(self, id: ChannelId) -> bool {
        self.scene.channel(self.bot, id).is_some_and(|seen| seen.channel.broadcast)
    }

    /// Writes a message with the one that it answers; `None` for service messages that bots are not shown (B-042).
    #[must_use]
    pub fn message(self, shown: &Shown) -> Option<Value> {
        let mut out = self.bare_message(&shown.message)?;
        if let Some(reply) = &shown.reply {
            let inner = self.bare_message(reply).map(Object::done);
            let pinned = matches!(&shown.message.body, Body::Service(service)
                if matches!(service.action, A::MessageActionPinMessage));
            out.some(if pinned { "pinned_message" } else { "reply_to_message" }, inner);
        }
        Some(out.done())
    }

    fn bare_message(self, message: &Message) -> Option<Object> {
        let row = &message.row;
        let mut out = Object::default();
        out.set("message_id", row.id.0);
        match row.author {
            Peer::User(id) => out.set("from", self.user(id)),
            // B-239: a post is by its channel; in a group apps need a user, too.
            author => {
                out.set("sender_chat", self.chat(author));
                if !message.is_post() {
                    let (id, name, username) = match author == row.peer {
                        true => (1_087_968_824, "Group", "GroupAnonymousBot"),
                        false => (136_817_688, "Channel", "Channel_Bot"),
                    };
                    out.set(
                        "from",
                        json!({ "id": id, "is_bot": true, "first_name": name, "username": username }),
                    );
                }
            }
        }
        out.set("chat", self.chat(row.peer));
        out.set("date", row.date.to_tl());
        out.some("edit_date", message.edit_date.map(zaun_model::UnixTime::to_tl));
        match &message.body {
            Body::Written(content) => {
                let own = message.writer == Peer::User(self.bot);
                self.content(&mut out, &content.text, &content.message, own);
                topics::place(&mut out, message.reply_header(content.message.reply_to.clone()).as_ref());
                Some(out)
            }
            Body::Service(service) => {
                self.action(&mut out, &service.action)?;
                topics::place(&mut out, message.reply_header(service.reply_to.clone()).as_ref());
                if let A::MessageActionTopicCreate(_) = service.action {
                    out.set("message_thread_id", row.id.0);
                    out.set("is_topic_message", true);
                }
                Some(out)
            }
        }
    }

    fn content(self, out: &mut Object, text: &str, message: &types::Message, own: bool) {
        if let Some(header) = &message.fwd_from {
            self.forwarded(out, header);
        }
        out.some("via_bot", message.via_bot_id.map(|id| self.user(UserId(id))));
        out.some("has_protected_content", Some(message.noforwards));
        out.some("media_group_id", message.grouped_id.map(|id| id.to_string()));
        let media = message
            .media
            .as_ref()
            .filter(|media| !matches!(media, M::MessageMediaEmpty | M::MessageMediaWebPage(_)));
        let entities = message.entities.iter().flatten().filter_map(|entity| self.entity(entity));
        let entities: Vec<Value> = entities.collect();
        match media {
            None => {
                out.some("text", Some(text));
                out.some("entities", Some(entities));
            }
            Some(media) => {
                self.media(out, media, own);
                out.some("caption", Some(text));
                out.some("caption_entities", Some(entities));
                out.some("show_caption_above_media", Some(message.invert_media));
            }
        }
        if let Some(enums::MessageReplyHeader::MessageReplyHeader(header)) = &message.reply_to
            && header.quote
        {
            let mut quote = Object::default();
            quote.set("text", header.quote_text.clone().unwrap_or_default());
            let entities = header.quote_entities.iter().flatten().filter_map(|entity| self.entity(entity));
            quote.some("entities", Some(entities.collect::<Vec<_>>()));
            quote.set("position", header.quote_offset.unwrap_or(0));
            quote.set("is_manual", true);
            out.set("quote", quote.done());
        }
        out.some("reply_markup", markup::write(message.reply_markup.as_ref()));
    }

    /// B-240: where a message came from, in the new form and in the old one.
    fn forwarded(self, out: &mut Object, header: &types::MessageFwdHeader) {
        let date = header.date;
        let origin = match (&header.from_id, &header.from_name) {
            (Some(enums::Peer::PeerUser(user)), _) => {
                let sender = self.user(UserId(user.user_id));
                out.set("forward_from", sender.clone());
                json!({ "type": "user", "date": date, "sender_user": sender })
            }
            (Some(enums::Peer::PeerChannel(channel)), _) => {
                let chat = self.chat(Peer::Channel(ChannelId(channel.channel_id)));
                out.set("forward_from_chat", chat.clone());
                match header.channel_post {
                    Some(post) => {
                        out.set("forward_from_message_id", post);
                        json!({ "type": "channel", "date": date, "chat": chat, "message_id": post })
                    }
                    None => json!({ "type": "chat", "date": date, "sender_chat": chat }),
                }
            }
            (_, name) => {
                let name = name.clone().unwrap_or_default();
                out.set("forward_sender_name", name.clone());
                json!({ "type": "hidden_user", "date": date, "sender_user_name": name })
            }
        };
        out.set("forward_origin", origin);
        out.set("forward_date", date);
    }

    /// Writes an entity; some kinds are hidden (B-266).
    fn entity(self, entity: &E) -> Option<Value> {
        let (offset, length) = zaun_messenger::messages::entities::place(entity);
        let mut out = Object::default();
        out.set("offset", offset);
        out.set("length", length);
        let kind = match entity {
            E::MessageEntityMention(_) => "mention",
            E::MessageEntityHashtag(_) => "hashtag",
            E::MessageEntityCashtag(_) => "cashtag",
            E::MessageEntityBotCommand(_) => "bot_command",
            E::MessageEntityUrl(_) => "url",
            E::MessageEntityEmail(_) => "email",
            E::MessageEntityPhone(_) => "phone_number",
            E::MessageEntityBold(_) => "bold",
            E::MessageEntityItalic(_) => "italic",
            E::MessageEntityUnderline(_) => "underline",
            E::MessageEntityStrike(_) => "strikethrough",
            E::MessageEntitySpoiler(_) => "spoiler",
            E::MessageEntityBlockquote(quote) if quote.collapsed => "expandable_blockquote",
            E::MessageEntityBlockquote(_) => "blockquote",
            E::MessageEntityCode(_) => "code",
            E::MessageEntityPre(pre) => {
                out.some("language", Some(pre.language.clone()));
                "pre"
            }
            E::MessageEntityTextUrl(link) => {
                out.set("url", link.url.clone());
                "text_link"
            }
            E::MessageEntityMentionName(mention) => {
                out.set("user", self.user(UserId(mention.user_id)));
                "text_mention"
            }
            E::MessageEntityCustomEmoji(emoji) => {
                out.set("custom_emoji_id", emoji.document_id.to_string());
                "custom_emoji"
            }
            _ => return None,
        };
        out.set("type", kind);
        Some(out.done())
    }

    fn media(self, out: &mut Object, media: &M, own: bool) {
        match media {
            M::MessageMediaPhoto(media) => {
                if let Some(enums::Photo::Photo(photo)) = &media.photo {
                    out.set("photo", self.photo(photo));
                }
                out.some("has_media_spoiler", Some(media.spoiler));
            }
            M::MessageMediaDocument(media) => {
                if let Some(enums::Document::Document(document)) = &media.document {
                    let (kind, value) = self.document(document);
                    if kind == FileKind::Animation {
                        // B-203.
                        out.set("document", value.clone());
                    }
                    let name = match kind {
                        FileKind::VideoNote => "video_note",
                        FileKind::Voice => "voice",
                        other => other.word(),
                    };
                    out.set(name, value);
                }
                out.some("has_media_spoiler", Some(media.spoiler));
            }
            M::MessageMediaContact(contact) => {
                let mut value = Object::default();
                value.set("phone_number", contact.phone_number.clone());
                value.set("first_name", contact.first_name.clone());
                value.some("last_name", Some(contact.last_name.clone()));
                value.some("vcard", Some(contact.vcard.clone()));
                value.some("user_id", Some(contact.user_id).filter(|id| *id != 0));
                out.set("contact", value.done());
            }
            M::MessageMediaGeo(geo) => out.some("location", location(&geo.geo)),
            M::MessageMediaGeoLive(live) => {
                let mut value = place(&live.geo);
                value.set("live_period", live.period);
                value.some("heading", live.heading);
                value.some("proximity_alert_radius", live.proximity_notification_radius);
                out.set("location", value.done());
            }
            M::MessageMediaVenue(venue) => {
                let mut value = Object::default();
                value.some("location", location(&venue.geo));
                value.set("title", venue.title.clone());
                value.set("address", venue.address.clone());
                let (id, kind) = match venue.provider.as_str() {
                    "gplaces" => ("google_place_id", "google_place_type"),
                    _ => ("foursquare_id", "foursquare_type"),
                };
                value.some(id, Some(venue.venue_id.clone()));
                value.some(kind, Some(venue.venue_type.clone()));
                out.some("location", location(&venue.geo));
                out.set("venue", value.done());
            }
            M::MessageMediaPoll(media) => out.set("poll", self.poll(media, own)),
            M::MessageMediaInvoice(invoice) => {
                out.set(
                    "invoice",
                    json!({
                        "title": invoice.title, "description": invoice.description,
                        "start_parameter": invoice.start_param, "currency": invoice.currency,
                        "total_amount": invoice.total_amount,
                    }),
                );
            }
            M::MessageMediaDice(dice) => {
                out.set("dice", json!({ "emoji": dice.emoticon, "value": dice.value }));
            }
            _ => {}
        }
    }

    /// The sizes of a photo, smallest first (B-201).
    #[must_use]
    pub fn photo(self, photo: &types::Photo) -> Value {
        let mut sizes: Vec<(i32, Value)> = photo
            .sizes
            .iter()
            .filter_map(|size| {
                let (letter, w, h, bytes) = size_of(size)?;
                Some((w, self.size(FileKind::Photo, photo.id, (letter, w, h, bytes))))
            })
            .collect();
        sizes.sort_by_key(|(width, _)| *width);
        sizes.into_iter().map(|(_, value)| value).collect::<Vec<_>>().into()
    }

    /// The photo of a person, group or channel.
    #[must_use]
    pub fn chat_photo(self, photo: &types::Photo) -> Option<Value> {
        let mut sizes: Vec<(u8, i32, i32, i32)> = photo.sizes.iter().filter_map(size_of).collect();
        sizes.sort_by_key(|(_, width, ..)| *width);
        let id = |letter: u8| FileId { kind: FileKind::Photo, media_id: photo.id, letter };
        let (small, big) = (id(sizes.first()?.0), id(sizes.last()?.0));
        Some(json!({
            "small_file_id": small.write(self.signer, self.bot), "small_file_unique_id": small.unique(self.signer),
            "big_file_id": big.write(self.signer, self.bot), "big_file_unique_id": big.unique(self.signer),
        }))
    }

    fn size(self, kind: FileKind, media_id: i64, (letter, w, h, bytes): (u8, i32, i32, i32)) -> Value {
        let mut out = self.named(FileId { kind, media_id, letter });
        out.set("width", w);
        out.set("height", h);
        out.some("file_size", Some(bytes));
        out.done()
    }

    fn named(self, id: FileId) -> Object {
        let mut out = Object::default();
        out.set("file_id", id.write(self.signer, self.bot));
        out.set("file_unique_id", id.unique(self.signer));
        out
    }

    /// A document, as what it is.
    #[must_use]
    pub fn document(self, document: &types::Document) -> (FileKind, Value) {
        use enums::DocumentAttribute as D;
        let kind = kind_of(document);
        let mut out = self.named(FileId { kind, media_id: document.id, letter: 0 });
        out.some("file_size", Some(document.size));
        for attribute in &document.attributes {
            match attribute {
                D::DocumentAttributeFilename(name)
                    if !matches!(kind, FileKind::Voice | FileKind::VideoNote | FileKind::Sticker) =>
                {
                    out.some("file_name", Some(name.file_name.clone()));
                }
                D::DocumentAttributeVideo(video) if kind == FileKind::VideoNote => {
                    out.set("length", video.w);
                    out.set("duration", whole(video.duration));
                }
                D::DocumentAttributeVideo(video) if matches!(kind, FileKind::Video | FileKind::Animation) => {
                    out.set("width", video.w);
                    out.set("height", video.h);
                    out.set("duration", whole(video.duration));
                }
                D::DocumentAttributeAudio(audio) if matches!(kind, FileKind::Voice | FileKind::Audio) => {
                    out.set("duration", audio.duration);
                    if kind == FileKind::Audio {
                        out.some("performer", audio.performer.clone());
                        out.some("title", audio.title.clone());
                    }
                }
                D::DocumentAttributeImageSize(size)
                    if matches!(kind, FileKind::Animation | FileKind::Sticker) =>
                {
                    out.set("width", size.w);
                    out.set("height", size.h);
                }
                D::DocumentAttributeVideo(video) if kind == FileKind::Sticker => {
                    out.set("width", video.w);
                    out.set("height", video.h);
                }
                _ => {}
            }
        }
        if kind == FileKind::Sticker {
            self.sticker(&mut out, document);
        }
        if kind == FileKind::Animation && !out.0.contains_key("duration") {
            out.set("duration", 0);
        }
        if !matches!(kind, FileKind::VideoNote | FileKind::Sticker) {
            out.some("mime_type", Some(document.mime_type.clone()));
        }
        if kind != FileKind::Voice {
            let thumbs = document.thumbs.iter().flatten().filter_map(size_of);
            if let Some(thumb) = thumbs.max_by_key(|(_, width, ..)| *width) {
                let thumb = self.size(FileKind::Thumbnail, document.id, thumb);
                // B-202: under its old name as well.
                out.set("thumb", thumb.clone());
                out.set("thumbnail", thumb);
            }
        }
        (kind, out.done())
    }

    /// What a document says of itself as a sticker.
    fn sticker(self, out: &mut Object, document: &types::Document) {
        use enums::DocumentAttribute as D;
        out.set("is_animated", document.mime_type == "application/x-tgsticker");
        out.set("is_video", document.mime_type == "video/webm");
        let set = zaun_messenger::stickers::set_of(document).and_then(|id| self.scene.sticker_set(id));
        out.some("set_name", set);
        for attribute in &document.attributes {
            match attribute {
                D::DocumentAttributeSticker(sticker) => {
                    out.some("emoji", Some(sticker.alt.clone()));
                    out.set("type", if sticker.mask { "mask" } else { "regular" });
                    out.some("mask_position", sticker.mask_coords.as_ref().map(stickers::mask_position));
                }
                D::DocumentAttributeCustomEmoji(emoji) => {
                    out.some("emoji", Some(emoji.alt.clone()));
                    out.set("type", "custom_emoji");
                    out.set("custom_emoji_id", document.id.to_string());
                    out.some("needs_repainting", Some(emoji.text_color));
                }
                _ => {}
            }
        }
    }

    /// Writes the picture that stands for a sticker set.
    #[must_use]
    pub fn set_thumb(self, media_id: i64, size: Option<&enums::PhotoSize>) -> Value {
        let (width, height, bytes) =
            size.and_then(size_of).map_or((100, 100, 0), |(_, w, h, bytes)| (w, h, bytes));
        let mut out = self.named(FileId { kind: FileKind::Thumbnail, media_id, letter: 0 });
        out.set("width", width);
        out.set("height", height);
        out.some("file_size", Some(bytes).filter(|bytes| *bytes > 0));
        out.done()
    }

    fn action(self, out: &mut Object, action: &A) -> Option<()> {
        match action {
            A::MessageActionChatEditTitle(action) => out.set("new_chat_title", action.title.clone()),
            A::MessageActionChatEditPhoto(action) => {
                let enums::Photo::Photo(photo) = &action.photo else { return None };
                out.set("new_chat_photo", self.photo(photo));
            }
            A::MessageActionChatDeletePhoto => out.set("delete_chat_photo", true),
            A::MessageActionChatAddUser(action) => {
                let users: Vec<Value> = action.users.iter().map(|id| self.user(UserId(*id))).collect();
                // B-241: the old names as well.
                if let Some(first) = users.first() {
                    out.set("new_chat_member", first.clone());
                    out.set("new_chat_participant", first.clone());
                }
                out.set("new_chat_members", users);
            }
            A::MessageActionChatDeleteUser(action) => {
                let user = self.user(UserId(action.user_id));
                out.set("left_chat_participant", user.clone());
                out.set("left_chat_member", user);
            }
            A::MessageActionChannelCreate(_) => {
                let broadcast = out.0.get("chat").is_some_and(|chat| chat["type"] == "channel");
                out.set(if broadcast { "channel_chat_created" } else { "supergroup_chat_created" }, true);
            }
            A::MessageActionChatCreate(_) => out.set("group_chat_created", true),
            // B-245.
            A::MessageActionChatMigrateTo(action) => {
                out.set("migrate_to_chat_id", Peer::Channel(ChannelId(action.channel_id)).marked());
            }
            A::MessageActionChannelMigrateFrom(action) => {
                out.set("migrate_from_chat_id", Peer::Chat(ChatId(action.chat_id)).marked());
            }
            A::MessageActionWebViewDataSentMe(sent) => {
                out.set("web_app_data", json!({ "data": sent.data, "button_text": sent.text }));
            }
            A::MessageActionPaymentSentMe(paid) => {
                out.set("successful_payment", payments::successful_payment(paid));
            }
            A::MessageActionPaymentRefunded(refunded) => {
                out.set("refunded_payment", payments::refunded_payment(refunded));
            }
            topic if topics::action(out, topic) => {}
            A::MessageActionPinMessage => {}
            A::MessageActionBotAllowed(_) => out.set("write_access_allowed", json!({})),
            _ => return None,
        }
        Some(())
    }

    /// Writes an event as an update without a number: its kind and its object.
    #[must_use]
    pub fn event(self, event: &BotEvent) -> Option<(&'static str, Value)> {
        let message = self.message(&event.shown)?;
        let post = matches!(event.shown.message.row.peer, Peer::Channel(id) if self.is_broadcast(id));
        let kind = match (post, event.edited) {
            (false, false) => "message",
            (false, true) => "edited_message",
            (true, false) => "channel_post",
            (true, true) => "edited_channel_post",
        };
        Some((kind, message))
    }
}

/// What a document is by its attributes.
#[must_use]
pub fn kind_of(document: &types::Document) -> FileKind {
    use enums::DocumentAttribute as D;
    let has = |test: fn(&D) -> bool| document.attributes.iter().any(test);
    if has(|a| matches!(a, D::DocumentAttributeSticker(_) | D::DocumentAttributeCustomEmoji(_))) {
        FileKind::Sticker
    } else if has(|a| matches!(a, D::DocumentAttributeAnimated)) {
        FileKind::Animation
    } else if has(|a| matches!(a, D::DocumentAttributeVideo(v) if v.round_message)) {
        FileKind::VideoNote
    } else if has(|a| matches!(a, D::DocumentAttributeVideo(_))) {
        FileKind::Video
    } else if has(|a| matches!(a, D::DocumentAttributeAudio(v) if v.voice)) {
        FileKind::Voice
    } else if has(|a| matches!(a, D::DocumentAttributeAudio(_))) {
        FileKind::Audio
    } else {
        FileKind::Document
    }
}

/// Letter, width, height and bytes of a size; those that are no file have none.
#[must_use]
pub fn size_of(size: &enums::PhotoSize) -> Option<(u8, i32, i32, i32)> {
    match size {
        enums::PhotoSize::PhotoSize(size) => {
            Some((*size.r#type.as_bytes().first()?, size.w, size.h, size.size))
        }
        enums::PhotoSize::PhotoSizeProgressive(size) => {
            Some((*size.r#type.as_bytes().first()?, size.w, size.h, *size.sizes.last()?))
        }
        _ => None,
    }
}

/// Whole seconds.
fn whole(seconds: f64) -> Value {
    // Floats of a document are small; what is none becomes 0.
    format!("{seconds:.0}").parse::<i64>().unwrap_or(0).into()
}

fn location(geo: &enums::GeoPoint) -> Option<Value> {
    matches!(geo, enums::GeoPoint::GeoPoint(_)).then(|| place(geo).done())
}

fn place(geo: &enums::GeoPoint) -> Object {
    let mut out = Object::default();
    if let enums::GeoPoint::GeoPoint(point) = geo {
        out.set("latitude", point.lat);
        out.set("longitude", point.long);
        out.some("horizontal_accuracy", point.accuracy_radius);
    }
    out
}
