//! Who read a message.

use zaun_messenger::Error;
use zaun_model::MsgId;
use zaun_schema::api::{enums, functions, types};

use crate::Call;

/// messages.getMessageReadParticipants
pub(crate) async fn get_message_read_participants(
    call: Call,
    r: functions::messages::GetMessageReadParticipants,
) -> Result<Vec<enums::ReadParticipantDate>, Error> {
    let found = call.messenger().readers(call.actor(), call.peer(&r.peer)?, MsgId(r.msg_id)).await?;
    let shown = found.into_iter();
    Ok(shown.map(|(user, date)| types::ReadParticipantDate { user_id: user.0, date: date.to_tl() }).collect())
}

/// messages.getOutboxReadDate
pub(crate) async fn get_outbox_read_date(
    call: Call,
    r: functions::messages::GetOutboxReadDate,
) -> Result<enums::OutboxReadDate, Error> {
    let date = call.messenger().read_date(call.actor(), call.peer(&r.peer)?, MsgId(r.msg_id)).await?;
    Ok(types::OutboxReadDate { date: date.to_tl() })
}
