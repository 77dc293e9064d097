//! Editing and deleting.

use zaun_messenger::Error;
use zaun_messenger::messages::change::Edit;
use zaun_messenger::messages::delete::Affected;
use zaun_messenger::messages::live::Move;
use zaun_model::MsgId;
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::to_tl;

/// messages.editMessage
pub(crate) async fn edit_message(
    call: Call,
    r: functions::messages::EditMessage,
) -> Result<enums::Updates, Error> {
    let peer = call.peer(&r.peer)?;
    if let Some(enums::InputMedia::InputMediaPoll(media)) = &r.media
        && media.poll.closed
    {
        let closed = call.messenger().close_poll(call.actor(), peer, MsgId(r.id)).await?;
        return Ok(super::polls::ended(call.view(&closed.scene), &closed.own));
    }
    let entities = call.entities(r.entities)?;
    let text = r.message.map(|text| (text, entities));
    let edit =
        new_media(&call, r.media, Edit { text, reply_markup: r.reply_markup, ..Edit::default() }).await?;
    if r.schedule_date.is_some() {
        let id = MsgId(r.id);
        let edited = call.messenger().edit_scheduled(call.actor(), peer, id, (edit, r.schedule_date)).await?;
        return Ok(to_tl::own_updates(call.view(&edited.scene), &edited.own));
    }
    let edited = call.messenger().edit_message(call.actor(), peer, MsgId(r.id), edit).await?;
    Ok(to_tl::own_updates(call.view(&edited.scene), &edited.own))
}

/// Adds what an edit does to the media of a message.
pub(super) async fn new_media(
    call: &Call,
    media: Option<enums::InputMedia>,
    edit: Edit,
) -> Result<Edit, Error> {
    Ok(match media {
        Some(enums::InputMedia::InputMediaGeoLive(input)) => {
            Edit { place: Some(Move::from_tl(&input)?), ..edit }
        }
        Some(media) => {
            let media = call.messenger().make_media(call.actor(), media).await?;
            Edit { media: Some(media), ..edit }
        }
        None => edit,
    })
}

pub(crate) fn affected_messages(affected: Affected) -> types::messages::AffectedMessages {
    types::messages::AffectedMessages { pts: affected.pts.0, pts_count: affected.pts_count }
}

pub(crate) fn affected_history(affected: Affected) -> types::messages::AffectedHistory {
    types::messages::AffectedHistory {
        pts: affected.pts.0,
        pts_count: affected.pts_count,
        offset: affected.offset,
    }
}

/// messages.deleteMessages
pub(crate) async fn delete_messages(
    call: Call,
    r: functions::messages::DeleteMessages,
) -> Result<enums::messages::AffectedMessages, Error> {
    let ids = r.id.into_iter().map(MsgId).collect();
    call.messenger().delete_messages(call.actor(), ids, r.revoke).await.map(affected_messages)
}

/// messages.deleteHistory
pub(crate) async fn delete_history(
    call: Call,
    r: functions::messages::DeleteHistory,
) -> Result<enums::messages::AffectedHistory, Error> {
    let (peer, max_id) = (call.peer(&r.peer)?, MsgId(r.max_id));
    let affected =
        call.messenger().delete_history(call.actor(), peer, max_id, r.just_clear, r.revoke).await?;
    Ok(affected_history(affected))
}
