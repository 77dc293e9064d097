//! `folders.*`: the archive.

use zaun_messenger::Error;
use zaun_schema::api::{enums, functions};

use crate::Call;
use crate::to_tl;

/// folders.editPeerFolders
pub(crate) async fn edit_peer_folders(
    call: Call,
    r: functions::folders::EditPeerFolders,
) -> Result<enums::Updates, Error> {
    let moves: Result<Vec<_>, Error> =
        r.folder_peers.iter().map(|moved| Ok((call.peer(&moved.peer)?, moved.folder_id))).collect();
    let moved = call.messenger().archive(call.actor(), moves?).await?;
    Ok(to_tl::own_updates(call.view(&moved.scene), &moved.own))
}
