//! Messages, and the events of boxes as updates.

use zaun_messenger::messages::send::Sent;
use zaun_messenger::messages::{mentions, polls, reactions};
use zaun_messenger::views::{MENTION, Message};
use zaun_messenger::{Event, Outcome};
use zaun_model::Peer;
use zaun_schema::api::{enums, types};

use super::View;

/// Returns a message as the viewer sees it.
pub(crate) fn message(view: View<'_>, shown: &Message) -> enums::Message {
    let viewer = view.user_id();
    let own = viewer.0 != 0 && shown.writer == Peer::User(viewer);
    // G-163: notes to oneself are not sent.
    let out = own && shown.row.peer != Peer::User(viewer);
    let mut message = shown.to_tl();
    match &mut message {
        enums::Message::Message(message) => {
            message.out = out;
            let viewer = (viewer.0 != 0).then_some((viewer, view.scene));
            message.reactions = reactions::shown(shown, viewer);
            if let Ok(Some(enums::MessageMedia::MessageMediaPoll(media))) =
                shown.body.written().map(|content| content.message.media.as_ref())
            {
                message.media = Some(polls::shown(media, shown, viewer).into());
            }
            mark_mention(view, shown, message);
        }
        enums::Message::MessageService(message) => message.out = out,
        enums::Message::MessageEmpty(_) => {}
    }
    view.completed(message)
}

/// Marks a message that mentions the viewer (G-310).
fn mark_mention(view: View<'_>, shown: &Message, message: &mut types::Message) {
    let viewer = view.user_id();
    let mut stored = view.scene.marks(viewer, shown.row.content_id, MENTION).peekable();
    let is_new = shown.mentioned.contains(&viewer);
    message.mentioned = is_new || stored.peek().is_some();
    message.media_unread |= is_new || stored.any(mentions::is_unread);
}

/// Returns an event of a box as an update.
pub(crate) fn event_update(view: View<'_>, event: &Event) -> enums::Update {
    match event {
        Event::Message(shown) => new_message(view, shown),
        Event::Edited { message: shown, pts } => edited_message(view, shown, pts.0),
        Event::Logged { update, .. } | Event::Transient(update) => view.completed(update.clone()),
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
