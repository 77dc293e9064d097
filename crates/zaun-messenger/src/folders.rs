//! Folders: named parts of the list of conversations (G-418 … G-421).
//!
//! What is in one is decided by clients; the server keeps the folders of a user and their order.

use zaun_model::{BoxId, Peer};
use zaun_schema::api::enums::DialogFilter;
use zaun_schema::api::types;
use zaun_store::Tx;
use zaun_store::repo::{dialogs, settings};

use crate::limits::{CHATS_PER_FOLDER, FOLDER_TITLE_LENGTH, FOLDERS, IDS_PER_CALL};
use crate::peers::{PeerRef, peer_to_tl};
use crate::{Actor, Changes, Error, Messenger, Outcome, errors, rights, stored};

/// The name under which the folders are kept.
const SETTING: &str = "folders";
/// The numbers that folders may have; lower ones are the list itself and the archive.
const NUMBERS: std::ops::RangeInclusive<i32> = 2..=255;

/// The folders of a user, in their order.
pub type Folders = types::messages::DialogFilters;

/// Returns the number of a folder; 0 is the list of everything.
fn number(folder: &DialogFilter) -> i32 {
    match folder {
        DialogFilter::DialogFilter(folder) => folder.id,
        DialogFilter::DialogFilterChatlist(folder) => folder.id,
        DialogFilter::DialogFilterDefault => 0,
    }
}

fn load(tx: &Tx<'_>, actor: Actor) -> Result<Folders, Error> {
    let kept = settings::find(tx, actor.user_id, SETTING)?.map(stored::decode).transpose()?;
    Ok(kept
        .unwrap_or_else(|| Folders { tags_enabled: false, filters: vec![DialogFilter::DialogFilterDefault] }))
}

fn save(tx: &Tx<'_>, actor: Actor, folders: &Folders) -> Result<(), Error> {
    Ok(settings::put(tx, actor.user_id, SETTING, &stored::encode(folders)?)?)
}

fn check(folder: &types::DialogFilter) -> Result<(), Error> {
    let title = folder.title.text.trim().chars().count();
    if !(1..=FOLDER_TITLE_LENGTH).contains(&title) {
        return Err(Error::bad(errors::FILTER_TITLE_EMPTY));
    }
    let kinds = folder.contacts || folder.non_contacts || folder.groups || folder.broadcasts || folder.bots;
    if !kinds && folder.include_peers.is_empty() && folder.pinned_peers.is_empty() {
        return Err(Error::bad(errors::FILTER_INCLUDE_EMPTY));
    }
    let named = folder.include_peers.len() + folder.pinned_peers.len();
    if named > CHATS_PER_FOLDER || folder.exclude_peers.len() > CHATS_PER_FOLDER {
        return Err(Error::bad(errors::FILTER_INCLUDE_TOO_MUCH));
    }
    Ok(())
}

impl Messenger {
    /// Returns the folders of a user; the list of everything is always among them, once.
    pub async fn folders(&self, actor: Actor) -> Result<Folders, Error> {
        self.read(actor.user_id, move |tx| load(tx, actor)).await
    }

    /// Makes, changes or removes the folder of a number. Whoever the folder names was checked before.
    pub async fn set_folder(
        &self,
        actor: Actor,
        id: i32,
        folder: Option<types::DialogFilter>,
    ) -> Result<(), Error> {
        if !NUMBERS.contains(&id) {
            return Err(Error::bad(errors::FILTER_ID_INVALID));
        }
        let folder = folder.map(|folder| types::DialogFilter { id, ..folder });
        folder.as_ref().map_or(Ok(()), check)?;
        let work = move |changes: &mut Changes<'_, '_>| {
            let mut folders = load(changes.tx, actor)?;
            let place = folders.filters.iter().position(|folder| number(folder) == id);
            let new = folder.clone().map(DialogFilter::from);
            let full = folders.filters.len() > FOLDERS;
            match (place.and_then(|place| folders.filters.get_mut(place)), &new) {
                (Some(old), Some(new)) if old == new => return Ok(()),
                (Some(old), Some(new)) => old.clone_from(new),
                (None, Some(_)) if full => {
                    return Err(Error::bad(errors::DIALOG_FILTERS_TOO_MUCH));
                }
                (None, Some(new)) => folders.filters.push(new.clone()),
                (Some(_), None) => folders.filters.retain(|folder| number(folder) != id),
                (None, None) => return Ok(()),
            }
            save(changes.tx, actor, &folders)?;
            changes.hint_user(actor.user_id, types::UpdateDialogFilter { id, filter: new }.into());
            Ok(())
        };
        self.change(actor, work).await.map(drop)
    }

    /// Changes the order of the folders; those that are not named come last, in the order that they had.
    pub async fn order_folders(&self, actor: Actor, order: Vec<i32>) -> Result<(), Error> {
        if order.len() > FOLDERS + 1 {
            return Err(Error::bad(errors::LIMIT_INVALID));
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let mut folders = load(changes.tx, actor)?;
            let before = folders.clone();
            let place = |folder: &DialogFilter| {
                order.iter().position(|id| *id == number(folder)).unwrap_or(usize::MAX)
            };
            folders.filters.sort_by_key(place);
            if folders == before {
                return Ok(());
            }
            save(changes.tx, actor, &folders)?;
            changes.hint_user(actor.user_id, types::UpdateDialogFilterOrder { order: order.clone() }.into());
            Ok(())
        };
        self.change(actor, work).await.map(drop)
    }

    /// Says whether conversations show the names of the folders that they are in.
    pub async fn set_folder_tags(&self, actor: Actor, enabled: bool) -> Result<(), Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let mut folders = load(changes.tx, actor)?;
            if folders.tags_enabled == enabled {
                return Ok(());
            }
            folders.tags_enabled = enabled;
            save(changes.tx, actor, &folders)?;
            changes.hint_user(actor.user_id, zaun_schema::api::enums::Update::UpdateDialogFilters);
            Ok(())
        };
        self.change(actor, work).await.map(drop)
    }

    /// Moves conversations into the archive (folder 1) or back (folder 0): one event for those that moved (G-421).
    pub async fn archive(&self, actor: Actor, moves: Vec<(PeerRef, i32)>) -> Result<Outcome<()>, Error> {
        if moves.len() > IDS_PER_CALL {
            return Err(Error::bad(errors::LIMIT_INVALID));
        }
        if moves.iter().any(|(_, folder)| !(0..=1).contains(folder)) {
            return Err(Error::bad(errors::FOLDER_ID_INVALID));
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let mut moved = Vec::new();
            for (peer, folder_id) in &moves {
                let peer: Peer = rights::reading(changes.tx, actor.user_id, *peer)?.peer;
                let Some(mut row) = dialogs::find(changes.tx, actor.user_id, peer)? else { continue };
                if row.folder_id == *folder_id {
                    continue;
                }
                (row.folder_id, row.pinned_order) = (*folder_id, None);
                dialogs::save(changes.tx, &row)?;
                moved.push(types::FolderPeer { peer: peer_to_tl(peer), folder_id: *folder_id });
            }
            if moved.is_empty() {
                return Ok(());
            }
            let make = |pts| types::UpdateFolderPeers { folder_peers: moved, pts, pts_count: 1 }.into();
            changes.log_event(BoxId::User(actor.user_id), 1, make).map(drop)
        };
        self.change(actor, work).await
    }
}
