//! `updates.*` (M-380 … M-392)

use zaun_messenger::Error;
use zaun_messenger::updates::{ChannelDifference, Difference, Events};
use zaun_messenger::views::{DialogLine, Message, Scene};
use zaun_model::Pts;
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::messages::dialog;
use crate::to_tl::{self, Lists};

/// Seconds after which a client asks again for the difference of a channel that it looks at (G-397, G-399).
const CHANNEL_TIMEOUT_S: i32 = 30;

/// updates.getState
pub(crate) async fn get_state(
    call: Call,
    _: functions::updates::GetState,
) -> Result<enums::updates::State, Error> {
    Ok(to_tl::state(call.messenger().state(call.actor()).await?))
}

/// updates.getDifference
pub(crate) async fn get_difference(
    call: Call,
    r: functions::updates::GetDifference,
) -> Result<enums::updates::Difference, Error> {
    let pts = Pts(r.pts);
    let difference = call.messenger().difference(call.actor(), pts, r.pts_limit, r.pts_total_limit).await?;
    let (events, state) = match difference {
        Difference::Empty(state) => {
            return Ok(types::updates::DifferenceEmpty { date: state.date.to_tl(), seq: 1 }.into());
        }
        Difference::TooLong(state) => {
            return Ok(types::updates::DifferenceTooLong { pts: state.pts.0 }.into());
        }
        Difference::Events(events, state) => (call.told(*events).await?, to_tl::state(state)),
    };
    let (new_messages, other_updates) = events_to_tl(&call, &events);
    let new_encrypted_messages = Vec::new();
    Ok(call.answer(&events.scene, |Lists { users, chats }| {
        if events.more {
            types::updates::DifferenceSlice {
                new_messages,
                new_encrypted_messages,
                other_updates,
                chats,
                users,
                intermediate_state: state,
            }
            .into()
        } else {
            types::updates::Difference {
                new_messages,
                new_encrypted_messages,
                other_updates,
                chats,
                users,
                state,
            }
            .into()
        }
    }))
}

impl Call {
    /// Leaves of events what the caller is told: a bot does not hear all that is said in groups.
    async fn told(&self, events: Events) -> Result<Events, Error> {
        if self.bot { self.messenger().keep_heard(self.user_id, events).await } else { Ok(events) }
    }
}

fn events_to_tl(call: &Call, events: &Events) -> (Vec<enums::Message>, Vec<enums::Update>) {
    let view = call.view(&events.scene);
    let new_messages = messages_to_tl(call, &events.scene, &events.new_messages);
    let edited = events.edited.iter().map(|(message, pts)| to_tl::edited_message(view, message, pts.0));
    (new_messages, edited.chain(events.other.iter().map(|(update, ..)| update.clone())).collect())
}

fn messages_to_tl(call: &Call, scene: &Scene, messages: &[Message]) -> Vec<enums::Message> {
    let view = call.view(scene);
    messages.iter().map(|message| to_tl::message(view, message)).collect()
}

/// updates.getChannelDifference (G-394 … G-401)
pub(crate) async fn get_channel_difference(
    call: Call,
    r: functions::updates::GetChannelDifference,
) -> Result<enums::updates::ChannelDifference, Error> {
    let channel = call.channel(&r.channel)?;
    match call.messenger().channel_difference(call.actor(), channel, Pts(r.pts), r.limit).await? {
        ChannelDifference::Empty(pts) => Ok(types::updates::ChannelDifferenceEmpty {
            r#final: true,
            pts: pts.0,
            timeout: Some(CHANNEL_TIMEOUT_S),
        }
        .into()),
        ChannelDifference::Events(events) => {
            let events = call.told(*events).await?;
            let (new_messages, other_updates) = events_to_tl(&call, &events);
            Ok(call.answer(&events.scene, |Lists { users, chats }| {
                types::updates::ChannelDifference {
                    r#final: !events.more,
                    pts: events.pts.0,
                    timeout: (!events.more).then_some(CHANNEL_TIMEOUT_S),
                    new_messages,
                    other_updates,
                    chats,
                    users,
                }
                .into()
            }))
        }
        ChannelDifference::TooLong(line, _, scene) if call.bot => Ok(too_long(&call, *line, &[], &scene)),
        ChannelDifference::TooLong(line, newest, scene) => Ok(too_long(&call, *line, &newest, &scene)),
    }
}

fn too_long(
    call: &Call,
    line: DialogLine,
    newest: &[Message],
    scene: &Scene,
) -> enums::updates::ChannelDifference {
    let messages = messages_to_tl(call, scene, newest);
    let dialog = dialog(line);
    call.answer(scene, |Lists { users, chats }| {
        types::updates::ChannelDifferenceTooLong {
            r#final: true,
            timeout: Some(CHANNEL_TIMEOUT_S),
            dialog,
            messages,
            chats,
            users,
        }
        .into()
    })
}
