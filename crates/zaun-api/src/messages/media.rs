//! Sending files, places and contact cards.

use zaun_messenger::Error;
use zaun_messenger::files::media::{album_id, at_place, check_album};
use zaun_messenger::messages::content::Content;
use zaun_messenger::messages::send::Draft;
use zaun_messenger::views::Scene;
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::messages::send_drafts;
use crate::to_tl;

/// messages.sendMedia
pub(crate) async fn send_media(
    call: Call,
    r: functions::messages::SendMedia,
) -> Result<enums::Updates, Error> {
    let peer = call.peer(&r.peer)?;
    if let Some(sent) = call.messenger().sent_before(call.actor(), peer, vec![r.random_id]).await? {
        return Ok(to_tl::sent_updates(call.view(&sent.scene), &sent));
    }
    let (media, invoice) = match r.media {
        enums::InputMedia::InputMediaInvoice(input) => {
            let (media, invoice) = call.messenger().make_invoice(call.actor(), *input).await?;
            (media, Some(invoice))
        }
        other => (call.messenger().make_media(call.actor(), other).await?, None),
    };
    let message = types::Message {
        silent: r.silent,
        noforwards: r.noforwards,
        invert_media: r.invert_media,
        media: Some(media),
        entities: call.entities(r.entities)?,
        reply_markup: r.reply_markup,
        ..types::Message::default()
    };
    let draft = Draft {
        random_id: r.random_id,
        content: Content { text: r.message, message },
        reply_to: call.reply_to(r.reply_to)?,
        clear_draft: r.clear_draft,
        invoice,
        send_as: call.send_as(r.send_as)?,
    };
    send_drafts(&call, peer, vec![draft], r.schedule_date).await
}

/// messages.sendMultiMedia: an album, sent as a whole or not at all.
pub(crate) async fn send_multi_media(
    call: Call,
    r: functions::messages::SendMultiMedia,
) -> Result<enums::Updates, Error> {
    if r.multi_media.len() > zaun_messenger::limits::ALBUM {
        return Err(Error::bad("MULTI_MEDIA_TOO_LONG"));
    }
    let peer = call.peer(&r.peer)?;
    let random_ids: Vec<i64> = r.multi_media.iter().map(|single| single.random_id).collect();
    if let Some(sent) = call.messenger().sent_before(call.actor(), peer, random_ids).await? {
        return Ok(to_tl::sent_updates(call.view(&sent.scene), &sent));
    }
    let (reply_to, send_as) = (call.reply_to(r.reply_to)?, call.send_as(r.send_as)?);
    let shared = types::Message {
        silent: r.silent,
        noforwards: r.noforwards,
        invert_media: r.invert_media,
        grouped_id: (r.multi_media.len() > 1).then(album_id),
        ..types::Message::default()
    };
    let (mut drafts, mut media) = (Vec::new(), Vec::new());
    for (place, single) in r.multi_media.into_iter().enumerate() {
        let made = call.messenger().make_media(call.actor(), single.media).await;
        let made = made.map_err(|error| at_place(error, place))?;
        media.push(made.clone());
        let entities = call.entities(single.entities)?;
        let message = types::Message { media: Some(made), entities, ..shared.clone() };
        drafts.push(Draft {
            random_id: single.random_id,
            content: Content { text: single.message, message },
            reply_to: reply_to.clone(),
            clear_draft: r.clear_draft,
            invoice: None,
            send_as,
        });
    }
    check_album(&media)?;
    send_drafts(&call, peer, drafts, r.schedule_date).await
}

/// messages.uploadMedia: makes the media without sending it, for albums.
pub(crate) async fn upload_media(
    call: Call,
    r: functions::messages::UploadMedia,
) -> Result<enums::MessageMedia, Error> {
    let peer = call.peer(&r.peer)?;
    // Refuses a conversation that does not exist before anything is processed.
    call.messenger().sent_before(call.actor(), peer, Vec::new()).await?;
    let media = call.messenger().make_media(call.actor(), r.media).await?;
    Ok(call.view(&Scene::default()).completed(media))
}
