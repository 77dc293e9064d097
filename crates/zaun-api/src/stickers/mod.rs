//! `stickers.*`: sets, made and changed.

use zaun_messenger::stickers::{EMOJI, MASKS, NewSet, REGULAR, StickerChange};
use zaun_messenger::views::Scene;
use zaun_messenger::{Error, errors};
use zaun_schema::api::{enums, functions, types};

use crate::Call;

/// A set in its new form, for the caller.
fn answer(call: &Call, set: types::messages::StickerSet) -> enums::messages::StickerSet {
    call.view(&Scene::default()).completed(set.into())
}

/// stickers.createStickerSet
pub(crate) async fn create_sticker_set(
    call: Call,
    r: functions::stickers::CreateStickerSet,
) -> Result<enums::messages::StickerSet, Error> {
    let kind = match (r.masks, r.emojis) {
        (false, false) => REGULAR,
        (true, false) => MASKS,
        (false, true) => EMOJI,
        (true, true) => return Err(Error::bad(errors::PACK_TYPE_INVALID)),
    };
    let new = NewSet {
        owner: call.user(&r.user_id)?,
        kind,
        text_color: r.text_color,
        title: r.title,
        short_name: r.short_name,
        thumb: r.thumb,
        stickers: r.stickers,
    };
    let made = call.messenger().create_sticker_set(call.actor(), new).await?;
    Ok(answer(&call, made))
}

/// stickers.addStickerToSet
pub(crate) async fn add_sticker_to_set(
    call: Call,
    r: functions::stickers::AddStickerToSet,
) -> Result<enums::messages::StickerSet, Error> {
    let set = call.messenger().add_sticker(call.actor(), &r.stickerset, r.sticker).await?;
    Ok(answer(&call, set))
}

/// stickers.removeStickerFromSet
pub(crate) async fn remove_sticker_from_set(
    call: Call,
    r: functions::stickers::RemoveStickerFromSet,
) -> Result<enums::messages::StickerSet, Error> {
    let set = call.messenger().remove_sticker(call.actor(), &r.sticker).await?;
    Ok(answer(&call, set))
}

/// stickers.changeStickerPosition
pub(crate) async fn change_sticker_position(
    call: Call,
    r: functions::stickers::ChangeStickerPosition,
) -> Result<enums::messages::StickerSet, Error> {
    let set = call.messenger().move_sticker(call.actor(), &r.sticker, r.position).await?;
    Ok(answer(&call, set))
}

/// stickers.changeSticker
pub(crate) async fn change_sticker(
    call: Call,
    r: functions::stickers::ChangeSticker,
) -> Result<enums::messages::StickerSet, Error> {
    let change = StickerChange { emoji: r.emoji, mask: r.mask_coords.map(Some), keywords: r.keywords };
    let set = call.messenger().change_sticker(call.actor(), &r.sticker, change).await?;
    Ok(answer(&call, set))
}

/// stickers.replaceSticker
pub(crate) async fn replace_sticker(
    call: Call,
    r: functions::stickers::ReplaceSticker,
) -> Result<enums::messages::StickerSet, Error> {
    let set = call.messenger().replace_sticker(call.actor(), &r.sticker, r.new_sticker).await?;
    Ok(answer(&call, set))
}

/// stickers.renameStickerSet
pub(crate) async fn rename_sticker_set(
    call: Call,
    r: functions::stickers::RenameStickerSet,
) -> Result<enums::messages::StickerSet, Error> {
    let set = call.messenger().rename_sticker_set(call.actor(), &r.stickerset, &r.title).await?;
    Ok(answer(&call, set))
}

/// stickers.setStickerSetThumb
pub(crate) async fn set_sticker_set_thumb(
    call: Call,
    r: functions::stickers::SetStickerSetThumb,
) -> Result<enums::messages::StickerSet, Error> {
    let (thumb, member) = (r.thumb.as_ref(), r.thumb_document_id);
    let set = call.messenger().set_sticker_set_thumb(call.actor(), &r.stickerset, thumb, member).await?;
    Ok(answer(&call, set))
}

/// stickers.deleteStickerSet
pub(crate) async fn delete_sticker_set(
    call: Call,
    r: functions::stickers::DeleteStickerSet,
) -> Result<bool, Error> {
    call.messenger().delete_sticker_set(call.actor(), &r.stickerset).await?;
    Ok(true)
}

/// stickers.checkShortName
pub(crate) async fn check_short_name(
    call: Call,
    r: functions::stickers::CheckShortName,
) -> Result<bool, Error> {
    call.messenger().check_sticker_set_name(call.actor(), r.short_name).await?;
    Ok(true)
}

/// stickers.suggestShortName
pub(crate) async fn suggest_short_name(
    call: Call,
    r: functions::stickers::SuggestShortName,
) -> Result<enums::stickers::SuggestedShortName, Error> {
    let short_name = call.messenger().suggest_sticker_set_name(call.actor(), &r.title).await?;
    Ok(types::stickers::SuggestedShortName { short_name })
}
