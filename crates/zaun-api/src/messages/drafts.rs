//! Drafts.

use zaun_messenger::Error;
use zaun_messenger::peers::peer_to_tl;
use zaun_model::{MsgId, Peer};
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::to_tl;

/// messages.saveDraft; an empty one removes it.
pub(crate) async fn save_draft(call: Call, r: functions::messages::SaveDraft) -> Result<bool, Error> {
    let peer = call.peer(&r.peer)?;
    let topic = match &r.reply_to {
        Some(enums::InputReplyTo::InputReplyToMessage(reply)) => reply.top_msg_id.unwrap_or(0),
        _ => 0,
    };
    let only_topic = matches!(&r.reply_to, Some(enums::InputReplyTo::InputReplyToMessage(reply))
        if topic > 0 && (reply.reply_to_msg_id == 0 || reply.reply_to_msg_id == topic));
    let empty = r.message.is_empty() && (r.reply_to.is_none() || only_topic) && r.media.is_none();
    let entities = call.entities(r.entities)?;
    let draft = (!empty).then(|| types::DraftMessage {
        no_webpage: r.no_webpage,
        invert_media: r.invert_media,
        reply_to: r.reply_to,
        message: r.message,
        entities,
        effect: r.effect,
        ..types::DraftMessage::default()
    });
    call.messenger().save_draft(call.actor(), peer, MsgId(topic), draft).await?;
    Ok(true)
}

/// messages.getAllDrafts
pub(crate) async fn get_all_drafts(
    call: Call,
    _: functions::messages::GetAllDrafts,
) -> Result<enums::Updates, Error> {
    let found = call.messenger().drafts(call.actor()).await?;
    let update = |((peer, topic), draft): ((Peer, MsgId), types::DraftMessage)| {
        let (peer, draft) = (peer_to_tl(peer), draft.into());
        let top_msg_id = (topic.0 > 0).then_some(topic.0);
        types::UpdateDraftMessage { peer, top_msg_id, saved_peer_id: None, draft }.into()
    };
    Ok(to_tl::updates(call.view(&found.scene), found.drafts.into_iter().map(update).collect()))
}

/// messages.clearAllDrafts
pub(crate) async fn clear_all_drafts(
    call: Call,
    _: functions::messages::ClearAllDrafts,
) -> Result<bool, Error> {
    call.messenger().clear_drafts(call.actor()).await?;
    Ok(true)
}
