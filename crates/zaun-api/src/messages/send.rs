//! Sending.

use zaun_messenger::Error;
use zaun_messenger::messages::content::Content;
use zaun_messenger::messages::forward::Forward;
use zaun_messenger::messages::send::Draft;
use zaun_model::MsgId;
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::messages::{planned_updates, send_drafts};
use crate::to_tl;

/// messages.sendMessage
pub(crate) async fn send_message(
    call: Call,
    r: functions::messages::SendMessage,
) -> Result<enums::Updates, Error> {
    let peer = call.peer(&r.peer)?;
    let message = types::Message {
        silent: r.silent,
        noforwards: r.noforwards,
        invert_media: r.invert_media,
        entities: call.entities(r.entities)?,
        reply_markup: r.reply_markup,
        ..types::Message::default()
    };
    let draft = Draft {
        random_id: r.random_id,
        content: Content { text: r.message, message },
        reply_to: call.reply_to(r.reply_to)?,
        clear_draft: r.clear_draft,
        invoice: None,
        send_as: call.send_as(r.send_as)?,
    };
    send_drafts(&call, peer, vec![draft], r.schedule_date).await
}

/// messages.forwardMessages
pub(crate) async fn forward_messages(
    call: Call,
    r: functions::messages::ForwardMessages,
) -> Result<enums::Updates, Error> {
    if r.id.len() != r.random_id.len() {
        return Err(Error::bad("RANDOM_ID_INVALID"));
    }
    let forward = Forward {
        from: call.peer(&r.from_peer)?,
        to: call.peer(&r.to_peer)?,
        messages: r.id.into_iter().map(MsgId).zip(r.random_id).collect(),
        drop_author: r.drop_author || r.drop_media_captions,
        drop_captions: r.drop_media_captions,
        silent: r.silent,
        noforwards: r.noforwards,
        thread: r.top_msg_id.map(MsgId),
        send_as: call.send_as(r.send_as)?,
    };
    if let Some(date) = r.schedule_date {
        let planned = call.messenger().schedule_forward(call.actor(), forward, date).await?;
        return Ok(planned_updates(&call, planned));
    }
    let sent = call.messenger().forward_messages(call.actor(), forward).await?;
    Ok(to_tl::sent_updates(call.view(&sent.scene), &sent))
}
