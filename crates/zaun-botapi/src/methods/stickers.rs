//! Sticker sets, and what is in them.

use serde_json::{Value, json};
use zaun_messenger::peers::PeerRef;
use zaun_messenger::stickers::{EMOJI, MASKS, NewSet, REGULAR, StickerChange};
use zaun_messenger::views::Scene;
use zaun_model::Peer;
use zaun_schema::api::{enums, types};

use super::Call;
use super::files::{Given, known};
use crate::error::ApiError;
use crate::file_ids::{FileId, FileKind};
use crate::request::Params;
use crate::to_json::{Eyes, Object};

/// Where a mask lies, in the order of the numbers of `maskCoords`.
const POINTS: [&str; 4] = ["forehead", "eyes", "mouth", "chin"];
const FORMATS: [&str; 3] = ["static", "animated", "video"];

/// Returns where a mask lies as bots read it.
pub(crate) fn mask_position(coords: &types::MaskCoords) -> Value {
    let point = usize::try_from(coords.n).ok().and_then(|n| POINTS.get(n)).unwrap_or(&"forehead");
    json!({ "point": point, "x_shift": coords.x, "y_shift": coords.y, "scale": coords.zoom })
}

fn coords(given: &Value) -> Result<types::MaskCoords, ApiError> {
    let wrong = || ApiError::bad("can't parse mask position JSON object");
    let number = |name: &str| given[name].as_f64().ok_or_else(wrong);
    let n = POINTS.iter().position(|point| given["point"] == *point);
    let n = n.and_then(|n| i32::try_from(n).ok());
    let n = n.ok_or_else(|| ApiError::bad("wrong point specified in mask position"))?;
    Ok(types::MaskCoords { n, x: number("x_shift")?, y: number("y_shift")?, zoom: number("scale")? })
}

fn words(given: &Value) -> Vec<String> {
    given.as_array().into_iter().flatten().filter_map(|word| word.as_str().map(str::to_owned)).collect()
}

fn set_named(name: &str) -> enums::InputStickerSet {
    types::InputStickerSetShortName { short_name: name.to_owned() }.into()
}

fn document_of(media: enums::InputMedia) -> Result<enums::InputDocument, ApiError> {
    match media {
        enums::InputMedia::InputMediaDocument(media) => Ok(media.id),
        _ => Err(ApiError::bad("wrong file type")),
    }
}

fn check_format(format: Option<&str>) -> Result<(), ApiError> {
    let good = format.is_some_and(|format| FORMATS.contains(&format));
    if good { Ok(()) } else { Err(ApiError::bad("invalid sticker format specified")) }
}

impl Call<'_> {
    fn set_name(&self, parameter: &str) -> Result<enums::InputStickerSet, ApiError> {
        let name = self.params.get(parameter);
        name.map(set_named).ok_or_else(|| ApiError::bad(format!("{parameter} is empty")))
    }

    /// The user for whom a set is made.
    async fn set_owner(&self) -> Result<PeerRef, ApiError> {
        let id = self.params.number("user_id").filter(|id| *id > 0);
        let id = id.ok_or_else(|| ApiError::bad("invalid user_id specified"))?;
        match self.peer_named(&id.to_string()).await? {
            user @ Peer::User(_) => Ok(PeerRef::Known(user)),
            _ => Err(ApiError::bad("invalid user_id specified")),
        }
    }

    /// A file as a document that the server has.
    async fn sticker_document(&self, given: Given) -> Result<enums::InputDocument, ApiError> {
        match given {
            Given::Known(id) if id.kind == FileKind::Photo => Err(ApiError::bad("wrong file type")),
            Given::Known(id) => document_of(known(self.api, id)),
            Given::New(_) => {
                let input = self.input(FileKind::Sticker, given, &Params::of_json(&json!({}))).await?;
                let id = self.made_document(input).await?.id;
                document_of(known(self.api, FileId { kind: FileKind::Sticker, media_id: id, letter: 0 }))
            }
        }
    }

    async fn made_document(&self, input: enums::InputMedia) -> Result<types::Document, ApiError> {
        let media = self.messenger().make_media(self.actor(), input).await?;
        if let enums::MessageMedia::MessageMediaDocument(media) = media
            && let Some(enums::Document::Document(document)) = media.document
        {
            return Ok(*document);
        }
        Err(ApiError::bad("wrong file type"))
    }

    /// A sticker of a set, by its file.
    fn own_sticker(&self, parameter: &str) -> Result<enums::InputDocument, ApiError> {
        let text = self.params.get(parameter).unwrap_or_default();
        let id = FileId::read(&self.messenger().access, self.bot.bot, text);
        let id = id.filter(|id| id.kind == FileKind::Sticker);
        let id = id.ok_or_else(|| ApiError::bad("invalid file identifier specified"))?;
        document_of(known(self.api, id))
    }

    /// What a call says of a sticker (InputSticker).
    async fn input_sticker(&self, given: &Value) -> Result<types::InputStickerSetItem, ApiError> {
        let facts = Params::of_json(given);
        if !given.is_object() {
            return Err(ApiError::bad("can't parse sticker JSON object"));
        }
        check_format(facts.get("format"))?;
        let named = facts.get("sticker").ok_or_else(|| ApiError::bad("can't find field \"sticker\""))?;
        let document = self.sticker_document(self.file("sticker", Some(named)).await?).await?;
        let emoji = words(&given["emoji_list"]).concat();
        let keywords = Some(words(&given["keywords"])).filter(|words| !words.is_empty());
        let mask = Some(&given["mask_position"]).filter(|mask| mask.is_object());
        Ok(types::InputStickerSetItem {
            document,
            emoji,
            mask_coords: mask.map(coords).transpose()?,
            keywords: keywords.map(|words| words.join(",")),
        })
    }

    async fn sticker_parameter(&self) -> Result<types::InputStickerSetItem, ApiError> {
        let given = self.params.json("sticker", "sticker")?;
        self.input_sticker(&given.unwrap_or_default()).await
    }

    async fn change(&self, change: StickerChange) -> Result<Value, ApiError> {
        let sticker = self.own_sticker("sticker")?;
        self.messenger().change_sticker(self.actor(), &sticker, change).await?;
        Ok(json!(true))
    }

    fn stickers(&self, scene: &Scene, documents: &[types::Document]) -> Vec<Value> {
        let eyes = Eyes { signer: &self.messenger().access, bot: self.bot.bot, scene };
        documents.iter().map(|document| eyes.document(document).1).collect()
    }
}

/// uploadStickerFile
pub(super) async fn upload_sticker_file(call: Call<'_>) -> Result<Value, ApiError> {
    call.set_owner().await?;
    check_format(call.params.get("sticker_format"))?;
    let given = call.file("sticker", call.params.get("sticker")).await?;
    let input = call.input(FileKind::Sticker, given, call.params).await?;
    let document = call.made_document(input).await?;
    let id = FileId { kind: FileKind::Sticker, media_id: document.id, letter: 0 };
    let signer = &call.messenger().access;
    let mut out = Object::default();
    out.set("file_id", id.write(signer, call.bot.bot));
    out.set("file_unique_id", id.unique(signer));
    out.set("file_size", document.size);
    Ok(out.done())
}

/// createNewStickerSet
pub(super) async fn create_new_sticker_set(call: Call<'_>) -> Result<Value, ApiError> {
    let owner = call.set_owner().await?;
    let kind = match call.params.get("sticker_type").unwrap_or("regular") {
        "regular" => REGULAR,
        "mask" => MASKS,
        "custom_emoji" => EMOJI,
        _ => return Err(ApiError::bad("unsupported sticker type specified")),
    };
    let list = call.params.json("stickers", "stickers")?.unwrap_or_default();
    let list = list.as_array().ok_or_else(|| ApiError::bad("expected an Array of InputSticker"))?;
    if list.is_empty() {
        return Err(ApiError::bad("sticker set must contain at least one sticker"));
    }
    let mut stickers = Vec::with_capacity(list.len());
    for given in list {
        stickers.push(call.input_sticker(given).await?);
    }
    let text = |name: &str| call.params.get(name).unwrap_or_default().to_owned();
    let new = NewSet {
        owner,
        kind,
        text_color: call.params.is_set("needs_repainting"),
        title: text("title"),
        short_name: text("name"),
        thumb: None,
        stickers,
    };
    call.messenger().create_sticker_set(call.actor(), new).await?;
    Ok(json!(true))
}

/// addStickerToSet
pub(super) async fn add_sticker_to_set(call: Call<'_>) -> Result<Value, ApiError> {
    call.set_owner().await?;
    let (set, item) = (call.set_name("name")?, call.sticker_parameter().await?);
    call.messenger().add_sticker(call.actor(), &set, item).await?;
    Ok(json!(true))
}

/// getStickerSet
pub(super) async fn get_sticker_set(call: Call<'_>) -> Result<Value, ApiError> {
    let set = call.messenger().sticker_set(call.actor(), &call.set_name("name")?, 0).await?;
    let set = set.ok_or_else(|| ApiError::bad("STICKERSET_INVALID"))?;
    let documents: Vec<types::Document> = set
        .documents
        .into_iter()
        .filter_map(|document| match document {
            enums::Document::Document(document) => Some(*document),
            enums::Document::DocumentEmpty(_) => None,
        })
        .collect();
    let scene = call.messenger().scene_of_stickers(call.actor(), &documents).await?;
    let thumb = call.messenger().sticker_set_picture(call.actor(), set.set.id).await?;
    let kind = match (set.set.masks, set.set.emojis) {
        (true, _) => "mask",
        (_, true) => "custom_emoji",
        _ => "regular",
    };
    let size = set.set.thumbs.and_then(|thumbs| thumbs.into_iter().next());
    let mut out = Object::default();
    out.set("name", set.set.short_name);
    out.set("title", set.set.title);
    out.set("sticker_type", kind);
    out.set("contains_masks", kind == "mask");
    out.set("stickers", call.stickers(&scene, &documents));
    if let Some(media_id) = thumb {
        let eyes = Eyes { signer: &call.messenger().access, bot: call.bot.bot, scene: &scene };
        out.set("thumbnail", eyes.set_thumb(media_id, size.as_ref()));
    }
    Ok(out.done())
}

/// getCustomEmojiStickers
pub(super) async fn get_custom_emoji_stickers(call: Call<'_>) -> Result<Value, ApiError> {
    let ids = call.params.json("custom_emoji_ids", "custom emoji identifiers")?.unwrap_or_default();
    let list =
        ids.as_array().ok_or_else(|| ApiError::bad("expected an Array of custom emoji identifiers"))?;
    let wrong = || ApiError::bad("invalid custom emoji identifier specified");
    let number = |id: &Value| id.as_str().and_then(|id| id.parse().ok()).or(id.as_i64()).ok_or_else(wrong);
    let ids: Vec<i64> = list.iter().map(number).collect::<Result<_, _>>()?;
    if ids.len() > zaun_messenger::limits::EMOJI_DOCUMENTS {
        return Err(ApiError::bad("too many custom emoji identifiers specified"));
    }
    let documents = call.messenger().custom_emoji(call.actor(), ids).await?;
    let scene = call.messenger().scene_of_stickers(call.actor(), &documents).await?;
    Ok(call.stickers(&scene, &documents).into())
}

/// setStickerPositionInSet
pub(super) async fn set_sticker_position_in_set(call: Call<'_>) -> Result<Value, ApiError> {
    let position = call.params.number("position").and_then(|n| i32::try_from(n).ok()).filter(|n| *n >= 0);
    let position = position.ok_or_else(|| ApiError::bad("invalid sticker position specified"))?;
    let sticker = call.own_sticker("sticker")?;
    call.messenger().move_sticker(call.actor(), &sticker, position).await?;
    Ok(json!(true))
}

/// deleteStickerFromSet
pub(super) async fn delete_sticker_from_set(call: Call<'_>) -> Result<Value, ApiError> {
    call.messenger().remove_sticker(call.actor(), &call.own_sticker("sticker")?).await?;
    Ok(json!(true))
}

/// replaceStickerInSet
pub(super) async fn replace_sticker_in_set(call: Call<'_>) -> Result<Value, ApiError> {
    call.set_owner().await?;
    let (old, item) = (call.own_sticker("old_sticker")?, call.sticker_parameter().await?);
    call.messenger().replace_sticker(call.actor(), &old, item).await?;
    Ok(json!(true))
}

/// setStickerEmojiList
pub(super) async fn set_sticker_emoji_list(call: Call<'_>) -> Result<Value, ApiError> {
    let list = call.params.json("emoji_list", "emoji list")?.unwrap_or_default();
    call.change(StickerChange { emoji: Some(words(&list).concat()), ..StickerChange::default() }).await
}

/// setStickerKeywords
pub(super) async fn set_sticker_keywords(call: Call<'_>) -> Result<Value, ApiError> {
    let list = call.params.json("keywords", "keywords")?.unwrap_or_default();
    call.change(StickerChange { keywords: Some(words(&list).join(",")), ..StickerChange::default() }).await
}

/// setStickerMaskPosition: without a position, none.
pub(super) async fn set_sticker_mask_position(call: Call<'_>) -> Result<Value, ApiError> {
    let given = call.params.json("mask_position", "mask position")?;
    let given = given.filter(|given| given.as_object().is_some_and(|fields| !fields.is_empty()));
    let mask = Some(given.as_ref().map(coords).transpose()?);
    call.change(StickerChange { mask, ..StickerChange::default() }).await
}

/// setStickerSetTitle
pub(super) async fn set_sticker_set_title(call: Call<'_>) -> Result<Value, ApiError> {
    let title = call.params.get("title").unwrap_or_default();
    call.messenger().rename_sticker_set(call.actor(), &call.set_name("name")?, title).await?;
    Ok(json!(true))
}

/// setStickerSetThumbnail: without a picture, the first sticker stands for the set again.
pub(super) async fn set_sticker_set_thumbnail(call: Call<'_>) -> Result<Value, ApiError> {
    call.set_owner().await?;
    check_format(call.params.get("format"))?;
    let set = call.set_name("name")?;
    let named = call.params.get("thumbnail");
    let thumb = if named.is_some() || call.params.files.contains_key("thumbnail") {
        Some(call.sticker_document(call.file("thumbnail", named).await?).await?)
    } else {
        None
    };
    call.messenger().set_sticker_set_thumb(call.actor(), &set, thumb.as_ref(), None).await?;
    Ok(json!(true))
}

/// setCustomEmojiStickerSetThumbnail
pub(super) async fn set_custom_emoji_sticker_set_thumbnail(call: Call<'_>) -> Result<Value, ApiError> {
    let set = call.set_name("name")?;
    let member = match call.params.get("custom_emoji_id") {
        Some(id) => Some(id.parse().map_err(|_| ApiError::bad("invalid custom emoji identifier specified"))?),
        None => None,
    };
    call.messenger().set_sticker_set_thumb(call.actor(), &set, None, member).await?;
    Ok(json!(true))
}

/// deleteStickerSet
pub(super) async fn delete_sticker_set(call: Call<'_>) -> Result<Value, ApiError> {
    call.messenger().delete_sticker_set(call.actor(), &call.set_name("name")?).await?;
    Ok(json!(true))
}

async fn chat_set(call: Call<'_>, set: enums::InputStickerSet) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    if !matches!(peer, Peer::Channel(_)) {
        return Err(ApiError::bad("method is available only for supergroups"));
    }
    call.messenger().set_channel_stickers(call.actor(), PeerRef::Known(peer), &set).await?;
    Ok(json!(true))
}

/// setChatStickerSet
pub(super) async fn set_chat_sticker_set(call: Call<'_>) -> Result<Value, ApiError> {
    chat_set(call, call.set_name("sticker_set_name")?).await
}

/// deleteChatStickerSet
pub(super) async fn delete_chat_sticker_set(call: Call<'_>) -> Result<Value, ApiError> {
    chat_set(call, enums::InputStickerSet::InputStickerSetEmpty).await
}
