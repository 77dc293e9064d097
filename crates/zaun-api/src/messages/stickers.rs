//! Sets of stickers, and who has them installed.

use zaun_messenger::Error;
use zaun_messenger::stickers::{EMOJI, Kept, KeptList, MASKS, REGULAR};
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

/// messages.getFavedStickers
pub(crate) async fn get_faved_stickers(
    call: Call,
    r: functions::messages::GetFavedStickers,
) -> Result<enums::messages::FavedStickers, Error> {
    let Kept { hash, documents, packs, .. } =
        call.messenger().kept_documents(call.actor(), KeptList::Faved).await?;
    if r.hash != 0 && r.hash == hash {
        return Ok(enums::messages::FavedStickers::FavedStickersNotModified);
    }
    let stickers = completed(&call, documents);
    Ok(types::messages::FavedStickers { hash, packs, stickers }.into())
}

/// messages.faveSticker
pub(crate) async fn fave_sticker(call: Call, r: functions::messages::FaveSticker) -> Result<bool, Error> {
    call.messenger().keep_document_in(call.actor(), KeptList::Faved, &r.id, r.unfave).await?;
    Ok(true)
}

fn recent(attached: bool) -> KeptList {
    if attached { KeptList::Attached } else { KeptList::Recent }
}

/// messages.getRecentStickers
pub(crate) async fn get_recent_stickers(
    call: Call,
    r: functions::messages::GetRecentStickers,
) -> Result<enums::messages::RecentStickers, Error> {
    let Kept { hash, documents, packs, dates } =
        call.messenger().kept_documents(call.actor(), recent(r.attached)).await?;
    if r.hash != 0 && r.hash == hash {
        return Ok(enums::messages::RecentStickers::RecentStickersNotModified);
    }
    let stickers = completed(&call, documents);
    Ok(types::messages::RecentStickers { hash, packs, stickers, dates }.into())
}

/// messages.saveRecentSticker
pub(crate) async fn save_recent_sticker(
    call: Call,
    r: functions::messages::SaveRecentSticker,
) -> Result<bool, Error> {
    call.messenger().keep_document_in(call.actor(), recent(r.attached), &r.id, r.unsave).await?;
    Ok(true)
}

/// messages.clearRecentStickers
pub(crate) async fn clear_recent_stickers(
    call: Call,
    r: functions::messages::ClearRecentStickers,
) -> Result<bool, Error> {
    call.messenger().clear_kept(call.actor(), recent(r.attached)).await?;
    Ok(true)
}

/// messages.getSavedGifs
pub(crate) async fn get_saved_gifs(
    call: Call,
    r: functions::messages::GetSavedGifs,
) -> Result<enums::messages::SavedGifs, Error> {
    let Kept { hash, documents, .. } = call.messenger().kept_documents(call.actor(), KeptList::Gifs).await?;
    if r.hash != 0 && r.hash == hash {
        return Ok(enums::messages::SavedGifs::SavedGifsNotModified);
    }
    Ok(types::messages::SavedGifs { hash, gifs: completed(&call, documents) }.into())
}

/// messages.saveGif
pub(crate) async fn save_gif(call: Call, r: functions::messages::SaveGif) -> Result<bool, Error> {
    call.messenger().keep_document_in(call.actor(), KeptList::Gifs, &r.id, r.unsave).await?;
    Ok(true)
}

/// messages.getStickers: those of installed sets.
pub(crate) async fn get_stickers(
    call: Call,
    r: functions::messages::GetStickers,
) -> Result<enums::messages::Stickers, Error> {
    let Kept { hash, documents, .. } = call.messenger().stickers_of_emoji(call.actor(), &r.emoticon).await?;
    if r.hash != 0 && r.hash == hash {
        return Ok(enums::messages::Stickers::StickersNotModified);
    }
    Ok(types::messages::Stickers { hash, stickers: completed(&call, documents) }.into())
}

fn completed(call: &Call, documents: Vec<types::Document>) -> Vec<enums::Document> {
    call.view(&Scene::default()).completed(documents.into_iter().map(Into::into).collect())
}
