//! Duties in the background: sweeps of what nobody needs any more, and the search index.

use std::collections::BTreeSet;

use zaun_model::BoxId;
use zaun_store::repo::{
    admin_log, authorizations, bot_updates, boxes, events, keys, login_tokens, marks, media, messages,
    passwords, read_dates,
};
use zaun_store::{StoreError, Tx};

use crate::limits::{
    ADMIN_LOG_S, LOG_DAYS, PASSWORD_STAGE_S, READ_DATES_S, SWEEP_BATCH, UNUSED_KEY_DAYS, UNUSED_MEDIA_DAYS,
    VIEWS_DAYS,
};
use crate::{Error, Messenger, NOBODY};

const DAY_S: i64 = 86_400;

impl Messenger {
    /// Removes what nobody needs any more: old events, random ids, one-time bytes, keys that nobody logged in on, media
    /// that nothing shows, unfinished uploads. Small steps, so that others write in between.
    pub async fn sweep(&self) -> Result<(), Error> {
        self.sweep_uploads().await?;
        let now = self.now();
        self.write(NOBODY, move |tx| Ok(authorizations::sweep_exported(tx, now)?)).await?;
        self.write(NOBODY, move |tx| Ok(login_tokens::sweep(tx, now)?)).await?;
        let before = now - PASSWORD_STAGE_S;
        self.write(NOBODY, move |tx| Ok(passwords::sweep_stages(tx, before)?)).await?;
        let day = now.day() - 1;
        self.sweep_in_steps(move |tx| messages::sweep_random_ids(tx, day, SWEEP_BATCH)).await?;
        let before = now - UNUSED_KEY_DAYS * DAY_S;
        self.sweep_in_steps(move |tx| keys::sweep_unused(tx, before, SWEEP_BATCH)).await?;
        let before = now - ADMIN_LOG_S;
        self.sweep_in_steps(move |tx| admin_log::sweep(tx, before, SWEEP_BATCH)).await?;
        self.sweep_in_steps(move |tx| bot_updates::sweep(tx, now, SWEEP_BATCH)).await?;
        let before = now - VIEWS_DAYS * DAY_S;
        self.sweep_in_steps(move |tx| marks::sweep_views(tx, before, SWEEP_BATCH)).await?;
        let before = now - i64::from(READ_DATES_S);
        self.sweep_in_steps(move |tx| read_dates::sweep(tx, before, SWEEP_BATCH)).await?;
        self.sweep_events().await?;
        self.sweep_media().await
    }

    /// Repeats a step until it finds nothing more to remove.
    async fn sweep_in_steps(
        &self,
        step: impl Fn(&Tx<'_>) -> Result<usize, StoreError> + Clone + Send + 'static,
    ) -> Result<(), Error> {
        loop {
            let step = step.clone();
            if self.write(NOBODY, move |tx| Ok(step(tx)?)).await? == 0 {
                return Ok(());
            }
        }
    }

    /// Trims the logs of all boxes; whoever is behind the floor begins anew.
    async fn sweep_events(&self) -> Result<(), Error> {
        let date = self.now() - LOG_DAYS * DAY_S;
        let mut after = i64::MIN;
        loop {
            let old =
                self.read(NOBODY, move |tx| Ok(events::outdated(tx, after, date, SWEEP_BATCH)?)).await?;
            let Some((last, ..)) = old.last() else { return Ok(()) };
            after = last.marked();
            self.write(NOBODY, move |tx| {
                for (box_id, pts, id) in &old {
                    trim(tx, *box_id, *pts, *id)?;
                }
                Ok(())
            })
            .await?;
        }
    }

    /// Forgets who is online, what was asked and what was uploaded: for whoever put another content into the store.
    pub async fn forget(&self) -> Result<(), Error> {
        self.presence.clear();
        self.challenges.clear();
        self.queries.clear();
        self.checkouts.clear();
        self.apps.clear();
        self.forget_uploads().await
    }

    /// Returns the hashes of all stored bytes.
    pub async fn blob_hashes(&self) -> Result<BTreeSet<[u8; 32]>, Error> {
        self.read(NOBODY, |tx| Ok(media::all_blobs(tx)?.into_iter().collect())).await
    }

    /// Removes stored bytes of which no row knows any more.
    pub async fn remove_blobs(&self, hashes: impl IntoIterator<Item = [u8; 32]>) -> Result<(), Error> {
        for sha256 in hashes {
            self.files.blobs.discard(zaun_blob::BlobHash(sha256)).await?;
        }
        Ok(())
    }

    /// Removes media that nothing shows, then the bytes that no media is made of.
    async fn sweep_media(&self) -> Result<(), Error> {
        let date = self.now() - UNUSED_MEDIA_DAYS * DAY_S;
        self.sweep_in_steps(move |tx| {
            let unused = media::unused(tx, date, SWEEP_BATCH)?;
            unused.iter().try_for_each(|id| media::delete(tx, *id))?;
            Ok(unused.len())
        })
        .await?;
        loop {
            let unused = self.read(NOBODY, move |tx| Ok(media::unused_blobs(tx, date, SWEEP_BATCH)?)).await?;
            if unused.is_empty() {
                return Ok(());
            }
            for sha256 in unused {
                let gone = self.write(NOBODY, move |tx| Ok(media::delete_blob(tx, &sha256)?)).await?;
                if gone {
                    self.files.blobs.remove(zaun_blob::BlobHash(sha256)).await?;
                }
            }
        }
    }
}

fn trim(tx: &Tx<'_>, box_id: BoxId, pts: zaun_model::Pts, id: zaun_model::MsgId) -> Result<(), Error> {
    let counters = boxes::find(tx, box_id)?;
    events::trim(tx, box_id, pts)?;
    let floor_pts = counters.floor_pts.max(pts);
    let floor_id = counters.floor_id.max(id);
    boxes::save(tx, &boxes::BoxRow { floor_pts, floor_id, ..counters })?;
    Ok(())
}
