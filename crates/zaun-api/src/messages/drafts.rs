//! Drafts.

use std::collections::BTreeSet;

use zaun_messenger::Error;
use zaun_messenger::peers::to_peer;
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::to_tl;

/// messages.saveDraft; an empty one removes it.
pub(crate) async fn save_draft(call: Call, r: functions::messages::SaveDraft) -> Result<bool, Error> {
    let peer = call.messenger().input_peer(call.user_id, &r.peer)?;
    let empty = r.message.is_empty() && r.reply_to.is_none() && r.media.is_none();
    let draft = (!empty).then(|| types::DraftMessage {
        no_webpage: r.no_webpage,
        invert_media: r.invert_media,
        reply_to: r.reply_to,
        message: r.message,
        entities: super::entities(r.entities),
        effect: r.effect,
        ..types::DraftMessage::default()
    });
    call.messenger().save_draft(call.actor(), peer, draft).await?;
    Ok(true)
}

/// messages.getAllDrafts
pub(crate) async fn get_all_drafts(
    call: Call,
    _: functions::messages::GetAllDrafts,
) -> Result<enums::Updates, Error> {
    let drafts = call.messenger().drafts(call.actor()).await?;
    let users: BTreeSet<i64> = drafts.iter().filter(|(p, _)| p.kind == 1).map(|(p, _)| p.id).collect();
    let update = |(peer, draft): (zaun_messenger::PeerKey, types::DraftMessage)| {
        let draft = draft.into();
        types::UpdateDraftMessage { peer: to_peer(peer), top_msg_id: None, saved_peer_id: None, draft }.into()
    };
    to_tl::updates(call.view(), drafts.into_iter().map(update).collect(), users).await
}

/// messages.clearAllDrafts
pub(crate) async fn clear_all_drafts(
    call: Call,
    _: functions::messages::ClearAllDrafts,
) -> Result<bool, Error> {
    call.messenger().clear_drafts(call.actor()).await?;
    Ok(true)
}
