//! Sets of stickers, and who has them installed.

use zaun_messenger::Error;
use zaun_messenger::stickers::{EMOJI, MASKS, REGULAR};
use zaun_messenger::views::Scene;
use zaun_schema::api::{enums, functions, types};

use crate::Call;

/// messages.getStickerSet
pub(crate) async fn get_sticker_set(
    call: Call,
    r: functions::messages::GetStickerSet,
) -> Result<enums::messages::StickerSet, Error> {
    let found = call.messenger().sticker_set(call.actor(), &r.stickerset, r.hash).await?;
    Ok(match found {
        Some(set) => call.view(&Scene::default()).completed(set.into()),
        None => enums::messages::StickerSet::StickerSetNotModified,
    })
}

/// The installed sets of a kind; "not modified" only for a list that is not empty.
async fn installed(call: Call, kind: i64, hash: i64) -> Result<enums::messages::AllStickers, Error> {
    let list = call.messenger().installed_sets(call.actor(), kind).await?;
    if hash != 0 && hash == list.hash {
        return Ok(enums::messages::AllStickers::AllStickersNotModified);
    }
    let sets = call.view(&Scene::default()).completed(list.sets);
    Ok(types::messages::AllStickers { hash: list.hash, sets }.into())
}

/// messages.getAllStickers
pub(crate) async fn get_all_stickers(
    call: Call,
    r: functions::messages::GetAllStickers,
) -> Result<enums::messages::AllStickers, Error> {
    installed(call, REGULAR, r.hash).await
}

/// messages.getMaskStickers
pub(crate) async fn get_mask_stickers(
    call: Call,
    r: functions::messages::GetMaskStickers,
) -> Result<enums::messages::AllStickers, Error> {
    installed(call, MASKS, r.hash).await
}

/// messages.getEmojiStickers
pub(crate) async fn get_emoji_stickers(
    call: Call,
    r: functions::messages::GetEmojiStickers,
) -> Result<enums::messages::AllStickers, Error> {
    installed(call, EMOJI, r.hash).await
}

/// messages.installStickerSet
pub(crate) async fn install_sticker_set(
    call: Call,
    r: functions::messages::InstallStickerSet,
) -> Result<enums::messages::StickerSetInstallResult, Error> {
    let sets = call.messenger().install_sticker_set(call.actor(), &r.stickerset, r.archived).await?;
    if sets.is_empty() {
        return Ok(enums::messages::StickerSetInstallResult::StickerSetInstallResultSuccess);
    }
    let sets = call.view(&Scene::default()).completed(sets);
    Ok(types::messages::StickerSetInstallResultArchive { sets }.into())
}

/// messages.uninstallStickerSet
pub(crate) async fn uninstall_sticker_set(
    call: Call,
    r: functions::messages::UninstallStickerSet,
) -> Result<bool, Error> {
    call.messenger().uninstall_sticker_set(call.actor(), &r.stickerset).await?;
    Ok(true)
}

/// messages.reorderStickerSets
pub(crate) async fn reorder_sticker_sets(
    call: Call,
    r: functions::messages::ReorderStickerSets,
) -> Result<bool, Error> {
    call.messenger().reorder_sticker_sets(call.actor(), (r.masks, r.emojis), r.order).await?;
    Ok(true)
}

/// messages.getArchivedStickers
pub(crate) async fn get_archived_stickers(
    call: Call,
    r: functions::messages::GetArchivedStickers,
) -> Result<enums::messages::ArchivedStickers, Error> {
    let kind = (r.masks, r.emojis);
    let (count, sets) = call.messenger().archived_sets(call.actor(), kind, r.offset_id, r.limit).await?;
    let sets = call.view(&Scene::default()).completed(sets);
    Ok(types::messages::ArchivedStickers { count: i32::try_from(count).unwrap_or(i32::MAX), sets })
}

/// messages.getMyStickers
pub(crate) async fn get_my_stickers(
    call: Call,
    r: functions::messages::GetMyStickers,
) -> Result<enums::messages::MyStickers, Error> {
    let (count, sets) = call.messenger().own_sticker_sets(call.actor(), r.offset_id, r.limit).await?;
    let sets = call.view(&Scene::default()).completed(sets);
    Ok(types::messages::MyStickers { count: i32::try_from(count).unwrap_or(i32::MAX), sets })
}

/// messages.getCustomEmojiDocuments
pub(crate) async fn get_custom_emoji_documents(
    call: Call,
    r: functions::messages::GetCustomEmojiDocuments,
) -> Result<Vec<enums::Document>, Error> {
    let found = call.messenger().custom_emoji(call.actor(), r.document_id).await?;
    Ok(call.view(&Scene::default()).completed(found.into_iter().map(Into::into).collect()))
}
