//! `updates.*` (M-380 … M-392)

use std::collections::BTreeSet;

use zaun_messenger::updates::Difference;
use zaun_messenger::{Error, Event};
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::to_tl::{self, date};

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
    let difference = call.messenger().difference(call.actor(), r.pts, r.pts_limit, r.pts_total_limit).await?;
    let (new_messages, edited, other, state, more) = match difference {
        Difference::Empty(state) => {
            return Ok(types::updates::DifferenceEmpty { date: date(state.date), seq: 1 }.into());
        }
        Difference::TooLong(state) => {
            return Ok(types::updates::DifferenceTooLong { pts: state.pts }.into());
        }
        Difference::Events { new_messages, edited, other, state, more } => {
            (new_messages, edited, other, state, more)
        }
    };
    let view = call.view();
    let mut ids = BTreeSet::new();
    let mut messages = Vec::with_capacity(new_messages.len());
    for row in &new_messages {
        let message = to_tl::message(view, row)?;
        to_tl::message_users(&message, &mut ids);
        messages.push(message);
    }
    let mut updates = Vec::new();
    for (row, pts) in edited {
        updates.push(to_tl::event_update(view, &Event::Edited { row, pts }, &mut ids)?);
    }
    for update in other {
        updates.push(to_tl::event_update(view, &Event::Transient(update), &mut ids)?);
    }
    let users = view.users(ids).await?;
    let state = to_tl::state(state);
    Ok(if more {
        types::updates::DifferenceSlice {
            new_messages: messages,
            new_encrypted_messages: Vec::new(),
            other_updates: updates,
            chats: Vec::new(),
            users,
            intermediate_state: state,
        }
        .into()
    } else {
        types::updates::Difference {
            new_messages: messages,
            new_encrypted_messages: Vec::new(),
            other_updates: updates,
            chats: Vec::new(),
            users,
            state,
        }
        .into()
    })
}
