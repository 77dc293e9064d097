//! Messages that are sent later, and messages that delete themselves.

use zaun_messenger::messages::scheduled::{Scheduled, ScheduledPage};
use zaun_messenger::messages::send::{Draft, Sent};
use zaun_messenger::peers::PeerRef;
use zaun_messenger::{Error, Outcome};
use zaun_model::MsgId;
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::to_tl::{self, Lists};

/// Sends messages now, or plans them for a date.
pub(crate) async fn send_drafts(
    call: &Call,
    peer: PeerRef,
    drafts: Vec<Draft>,
    date: Option<i32>,
) -> Result<enums::Updates, Error> {
    let Some(date) = date else {
        let sent = call.messenger().send(call.actor(), peer, drafts).await?;
        return Ok(to_tl::sent_updates(call.view(&sent.scene), &sent));
    };
    let planned = call.messenger().schedule(call.actor(), peer, drafts, date).await?;
    Ok(planned_updates(call, planned))
}

/// Returns the result of planning messages (G-343).
pub(crate) fn planned_updates(call: &Call, planned: Outcome<Scheduled>) -> enums::Updates {
    let waiting = match planned.value {
        Scheduled::Sent(value) => {
            let sent: Outcome<Vec<Sent>> = Outcome { value, own: planned.own, scene: planned.scene };
            return to_tl::sent_updates(call.view(&sent.scene), &sent);
        }
        Scheduled::Waiting(waiting) => waiting,
    };
    let view = call.view(&planned.scene);
    let named = waiting.into_iter();
    let mut list: Vec<enums::Update> =
        named.map(|(random_id, id)| types::UpdateMessageID { id: id.0, random_id }.into()).collect();
    list.extend(planned.own.iter().map(|event| to_tl::event_update(view, event)));
    to_tl::updates(view, list)
}

fn page(call: &Call, found: ScheduledPage) -> enums::messages::Messages {
    let view = call.view(&found.scene);
    let messages = found.messages.into_iter().map(|message| view.completed(message)).collect();
    let Lists { users, chats } = view.lists();
    types::messages::Messages { messages, topics: Vec::new(), chats, users }.into()
}

/// messages.getScheduledHistory
pub(crate) async fn get_scheduled_history(
    call: Call,
    r: functions::messages::GetScheduledHistory,
) -> Result<enums::messages::Messages, Error> {
    let found = call.messenger().scheduled(call.actor(), call.peer(&r.peer)?).await?;
    Ok(page(&call, found))
}

/// messages.getScheduledMessages
pub(crate) async fn get_scheduled_messages(
    call: Call,
    r: functions::messages::GetScheduledMessages,
) -> Result<enums::messages::Messages, Error> {
    let ids = r.id.into_iter().map(MsgId).collect();
    let found = call.messenger().scheduled_by_id(call.actor(), call.peer(&r.peer)?, ids).await?;
    Ok(page(&call, found))
}

/// messages.sendScheduledMessages
pub(crate) async fn send_scheduled_messages(
    call: Call,
    r: functions::messages::SendScheduledMessages,
) -> Result<enums::Updates, Error> {
    let ids = r.id.into_iter().map(MsgId).collect();
    let sent = call.messenger().send_scheduled(call.actor(), call.peer(&r.peer)?, ids).await?;
    Ok(to_tl::own_updates(call.view(&sent.scene), &sent.own))
}

/// messages.deleteScheduledMessages
pub(crate) async fn delete_scheduled_messages(
    call: Call,
    r: functions::messages::DeleteScheduledMessages,
) -> Result<enums::Updates, Error> {
    let ids = r.id.into_iter().map(MsgId).collect();
    let gone = call.messenger().delete_scheduled(call.actor(), call.peer(&r.peer)?, ids).await?;
    Ok(to_tl::own_updates(call.view(&gone.scene), &gone.own))
}

/// messages.setHistoryTTL
pub(crate) async fn set_history_ttl(
    call: Call,
    r: functions::messages::SetHistoryTTL,
) -> Result<enums::Updates, Error> {
    let done = call.messenger().set_history_ttl(call.actor(), call.peer(&r.peer)?, r.period).await?;
    Ok(to_tl::own_updates(call.view(&done.scene), &done.own))
}

/// messages.getDefaultHistoryTTL
pub(crate) async fn get_default_history_ttl(
    call: Call,
    _: functions::messages::GetDefaultHistoryTTL,
) -> Result<enums::DefaultHistoryTTL, Error> {
    let period = call.messenger().default_history_ttl(call.actor()).await?;
    Ok(types::DefaultHistoryTTL { period })
}

/// messages.setDefaultHistoryTTL
pub(crate) async fn set_default_history_ttl(
    call: Call,
    r: functions::messages::SetDefaultHistoryTTL,
) -> Result<bool, Error> {
    call.messenger().set_default_history_ttl(call.actor(), r.period).await?;
    Ok(true)
}
