//! Who has which sets installed, and in which order.

use std::collections::HashMap;

use zaun_schema::api::{enums, types};
use zaun_store::Tx;
use zaun_store::repo::stickers::{self, EMOJI, InstallRow, MASKS, SetRow};

use super::{covered, list_hash, lists_changed, set_ref, set_to_tl, whole};
use crate::limits::{ARCHIVED_SETS, INSTALLED_SETS, SET_PAGE};
use crate::{Actor, Changes, Error, Messenger, errors};

/// The installed sets of a kind, in the order shown.
#[derive(Debug, Clone, Default)]
pub struct Installed {
    /// The hash of the list.
    pub hash: i64,
    /// The sets.
    pub sets: Vec<types::StickerSet>,
}

/// Loads the sets of installs, in their order.
fn sets_of(tx: &Tx<'_>, installs: Vec<InstallRow>) -> Result<Vec<(SetRow, Option<InstallRow>)>, Error> {
    let ids: Vec<i64> = installs.iter().map(|install| install.set_id).collect();
    let mut rows: HashMap<i64, SetRow> =
        stickers::find_many(tx, &ids)?.into_iter().map(|row| (row.id, row)).collect();
    Ok(installs
        .into_iter()
        .filter_map(|install| Some((rows.remove(&install.set_id)?, Some(install))))
        .collect())
}

/// Puts what is beyond the limit out of sight; returns it.
fn archive_last(tx: &Tx<'_>, actor: Actor, kind: i64) -> Result<Vec<InstallRow>, Error> {
    let shown = stickers::installs(tx, actor.user_id, kind, false, INSTALLED_SETS + 1)?;
    let most = usize::try_from(INSTALLED_SETS).unwrap_or(usize::MAX);
    let mut out = Vec::new();
    for install in shown.into_iter().skip(most) {
        let install = InstallRow { archived: true, ..install };
        stickers::put_install(tx, &install)?;
        out.push(install);
    }
    let archived = stickers::installs(tx, actor.user_id, kind, true, ARCHIVED_SETS + 1)?;
    for install in archived.iter().skip(usize::try_from(ARCHIVED_SETS).unwrap_or(usize::MAX)) {
        stickers::remove_install(tx, actor.user_id, install.set_id)?;
    }
    Ok(out)
}

/// Puts a set on top of the actor's list of its kind.
fn put_on_top(changes: &Changes<'_, '_>, actor: Actor, row: &SetRow, archived: bool) -> Result<(), Error> {
    let mut top = 0;
    for side in [false, true] {
        let first = stickers::installs(changes.tx, actor.user_id, row.kind, side, 1)?;
        top = first.first().map_or(0, |install| install.place).max(top);
    }
    let before = stickers::install(changes.tx, actor.user_id, row.id)?;
    let install = InstallRow {
        user_id: actor.user_id,
        set_id: row.id,
        kind: row.kind,
        place: top + 1,
        date: before.map_or(changes.now, |before| before.date),
        archived,
    };
    stickers::put_install(changes.tx, &install).map_err(Into::into)
}

fn kind_of(masks: bool, emojis: bool) -> i64 {
    match (masks, emojis) {
        (true, _) => MASKS,
        (_, true) => EMOJI,
        _ => stickers::REGULAR,
    }
}

impl Messenger {
    /// Returns the installed sets of a kind (G-432).
    pub async fn installed_sets(&self, actor: Actor, kind: i64) -> Result<Installed, Error> {
        let signer = self.access.clone();
        self.read(actor.user_id, move |tx| {
            let installs = stickers::installs(tx, actor.user_id, kind, false, INSTALLED_SETS)?;
            let mut sets = Vec::with_capacity(installs.len());
            for (row, install) in sets_of(tx, installs)? {
                sets.push(set_to_tl(&signer, actor.user_id, &row, install.as_ref())?);
            }
            let hash = list_hash(sets.iter().map(|set| i64::from(set.hash)));
            Ok(Installed { hash, sets })
        })
        .await
    }

    /// Installs a set, or archives it; returns the sets that were put out of sight for it.
    pub async fn install_sticker_set(
        &self,
        actor: Actor,
        set: &enums::InputStickerSet,
        archived: bool,
    ) -> Result<Vec<enums::StickerSetCovered>, Error> {
        let (set, signer) = (set_ref(&self.access, set), self.access.clone());
        let work = move |changes: &mut Changes<'_, '_>| {
            let row = set.existing(changes.tx)?;
            put_on_top(changes, actor, &row, archived)?;
            let gone = sets_of(changes.tx, archive_last(changes.tx, actor, row.kind)?)?;
            let told = if archived {
                lists_changed(row.kind)
            } else {
                let stickerset = whole(changes.tx, &signer, actor.user_id, &row)?;
                types::UpdateNewStickerSet { stickerset: stickerset.into() }.into()
            };
            changes.hint_user(actor.user_id, told);
            covered(changes.tx, &signer, actor.user_id, &gone)
        };
        Ok(self.change(actor, work).await?.value)
    }

    /// Takes a set from the actor's lists.
    pub async fn uninstall_sticker_set(
        &self,
        actor: Actor,
        set: &enums::InputStickerSet,
    ) -> Result<(), Error> {
        let set = set_ref(&self.access, set);
        let work = move |changes: &mut Changes<'_, '_>| {
            let row = set.existing(changes.tx)?;
            if stickers::remove_install(changes.tx, actor.user_id, row.id)? {
                changes.hint_user(actor.user_id, lists_changed(row.kind));
            }
            Ok(())
        };
        self.change(actor, work).await.map(drop)
    }

    /// Shows the installed sets of a kind in another order; those that are not named come after the others.
    pub async fn reorder_sticker_sets(
        &self,
        actor: Actor,
        (masks, emojis): (bool, bool),
        order: Vec<i64>,
    ) -> Result<(), Error> {
        let most = usize::try_from(INSTALLED_SETS).unwrap_or(usize::MAX);
        if order.len() > most {
            return Err(Error::bad(errors::LIMIT_INVALID));
        }
        let kind = kind_of(masks, emojis);
        let work = move |changes: &mut Changes<'_, '_>| {
            let rest = stickers::installs(changes.tx, actor.user_id, kind, false, INSTALLED_SETS)?;
            let place_of = |row: &InstallRow| order.iter().position(|id| *id == row.set_id).unwrap_or(most);
            let mut rows = rest;
            rows.sort_by_key(place_of);
            let ids = rows.iter().map(|row| row.set_id).collect();
            for (place, row) in (1..).zip(rows.into_iter().rev()) {
                stickers::put_install(changes.tx, &InstallRow { place, ..row })?;
            }
            let told = types::UpdateStickerSetsOrder { masks, emojis, order: ids };
            changes.hint_user(actor.user_id, told.into());
            Ok(())
        };
        self.change(actor, work).await.map(drop)
    }

    /// Returns the archived sets of a kind below a number, newest first, and how many there are.
    pub async fn archived_sets(
        &self,
        actor: Actor,
        (masks, emojis): (bool, bool),
        offset_id: i64,
        limit: i32,
    ) -> Result<(usize, Vec<enums::StickerSetCovered>), Error> {
        let signer = self.access.clone();
        let limit = usize::try_from(i64::from(limit).clamp(0, SET_PAGE)).unwrap_or(0);
        self.read(actor.user_id, move |tx| {
            let all = stickers::installs(tx, actor.user_id, kind_of(masks, emojis), true, ARCHIVED_SETS)?;
            let after = all.iter().position(|row| row.set_id == offset_id).map_or(0, |at| at + 1);
            let count = all.len();
            let page = all.into_iter().skip(after).take(limit).collect();
            Ok((count, covered(tx, &signer, actor.user_id, &sets_of(tx, page)?)?))
        })
        .await
    }
}
