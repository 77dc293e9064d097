//! Messages, and the events of boxes as updates.

use zaun_messenger::messages::content::Body;
use zaun_messenger::messages::send::Sent;
use zaun_messenger::peers::peer_to_tl;
use zaun_messenger::views::Message;
use zaun_messenger::{Event, Outcome};
use zaun_model::Peer;
use zaun_schema::api::{enums, types};

use super::View;
use super::rights::is_viewer;

/// Returns a message as the viewer sees it: columns win over what the stored object holds.
pub(crate) fn message(view: View<'_>, shown: &Message) -> enums::Message {
    let row = &shown.row;
    let viewer = view.user_id();
    let to_self = is_viewer(row.peer, viewer);
    let out = is_viewer(shown.writer, viewer) && !to_self;
    let peer_id = peer_to_tl(row.peer);
    // A post of a broadcast channel is by the channel itself, which the peer says already.
    let from_id = (row.author != row.peer || row.author.user().is_some()).then(|| peer_to_tl(row.author));
    let message = match &shown.body {
        Body::Written(content) => types::Message {
            out,
            media_unread: row.media_unread,
            id: row.id.0,
            from_id,
            peer_id,
            date: row.date.to_tl(),
            edit_date: shown.edit_date.map(zaun_model::UnixTime::to_tl),
            pinned: row.pinned,
            message: content.text.clone(),
            reply_to: reply_header(shown, content.message.reply_to.clone()),
            ..content.message.clone()
        }
        .into(),
        Body::Service(service) => types::MessageService {
            out,
            id: row.id.0,
            from_id,
            peer_id,
            date: row.date.to_tl(),
            reply_to: reply_header(shown, service.reply_to.clone()),
            ..(**service).clone()
        }
        .into(),
    };
    view.completed::<enums::Message>(message)
}

/// The header of a reply names the answered message as this box numbers it; without one there is nothing to show.
fn reply_header(
    shown: &Message,
    header: Option<enums::MessageReplyHeader>,
) -> Option<enums::MessageReplyHeader> {
    let enums::MessageReplyHeader::MessageReplyHeader(mut header) = header? else { return None };
    header.reply_to_msg_id = shown.row.reply_to_id.map(|id| id.0).or(header.reply_to_msg_id);
    let shown = header.reply_to_msg_id.is_some() || header.reply_from.is_some();
    shown.then_some(enums::MessageReplyHeader::MessageReplyHeader(header))
}

/// Returns an event of a box as an update.
pub(crate) fn event_update(view: View<'_>, event: &Event) -> enums::Update {
    match event {
        Event::Message(shown) => new_message(view, shown),
        Event::Edited { message: shown, pts } => edited_message(view, shown, pts.0),
        Event::Logged { update, .. } | Event::Transient(update) => update.clone(),
    }
}

fn new_message(view: View<'_>, shown: &Message) -> enums::Update {
    let (message, pts, pts_count) = (message(view, shown), shown.row.pts.0, 1);
    match shown.row.peer {
        Peer::Channel(_) => types::UpdateNewChannelMessage { message, pts, pts_count }.into(),
        _ => types::UpdateNewMessage { message, pts, pts_count }.into(),
    }
}

/// Returns the update for a message that changed.
pub(crate) fn edited_message(view: View<'_>, shown: &Message, pts: i32) -> enums::Update {
    let (message, pts_count) = (message(view, shown), 1);
    match shown.row.peer {
        Peer::Channel(_) => types::UpdateEditChannelMessage { message, pts, pts_count }.into(),
        _ => types::UpdateEditMessage { message, pts, pts_count }.into(),
    }
}

/// Returns the result of sending: which message each random_id became, then the messages (M-363, G-279).
pub(crate) fn sent_updates(view: View<'_>, sent: &Outcome<Vec<Sent>>) -> enums::Updates {
    let mut list: Vec<enums::Update> = Vec::new();
    for s in &sent.value {
        list.push(types::UpdateMessageID { id: s.message.row.id.0, random_id: s.random_id }.into());
    }
    // A repetition made no event, and is answered like the first time.
    list.extend(sent.value.iter().map(|s| new_message(view, &s.message)));
    let others = sent.own.iter().filter(|event| !matches!(event, Event::Message(_)));
    list.extend(others.map(|event| event_update(view, event)));
    super::updates(view, list)
}
