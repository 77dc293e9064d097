//! Polls and quizzes.

use zaun_messenger::messages::polls;
use zaun_messenger::peers::peer_to_tl;
use zaun_messenger::{Error, Event};
use zaun_model::MsgId;
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::to_tl::{self, Lists, View};

fn results(view: View<'_>, message: &zaun_messenger::views::Message) -> enums::Updates {
    to_tl::updates(view, vec![polls::update(message, Some((view.user_id(), view.scene)))])
}

/// Returns what ending a poll changed. The poll comes first, where clients of the Pyrogram family read it.
pub(super) fn ended(view: View<'_>, own: &[Event]) -> enums::Updates {
    let edited = own.iter().filter_map(|event| match event {
        Event::Edited { message, .. } => Some(polls::update(message, Some((view.user_id(), view.scene)))),
        _ => None,
    });
    to_tl::updates(view, edited.chain(own.iter().map(|event| to_tl::event_update(view, event))).collect())
}

/// messages.sendVote
pub(crate) async fn send_vote(call: Call, r: functions::messages::SendVote) -> Result<enums::Updates, Error> {
    let options = r.options.iter().map(|option| option.to_vec()).collect();
    let done =
        call.messenger().send_vote(call.actor(), call.peer(&r.peer)?, MsgId(r.msg_id), options).await?;
    let scene = call.messenger().scene_of(call.user_id, &done.value).await?;
    Ok(results(call.view(&scene), &done.value))
}

/// messages.getPollResults
pub(crate) async fn get_poll_results(
    call: Call,
    r: functions::messages::GetPollResults,
) -> Result<enums::Updates, Error> {
    let peer = call.peer(&r.peer)?;
    let (message, scene) = call.messenger().poll_results(call.actor(), peer, MsgId(r.msg_id)).await?;
    Ok(results(call.view(&scene), &message))
}

/// messages.getPollVotes
pub(crate) async fn get_poll_votes(
    call: Call,
    r: functions::messages::GetPollVotes,
) -> Result<enums::messages::VotesList, Error> {
    let (peer, option) = (call.peer(&r.peer)?, r.option.map(|option| option.to_vec()));
    let one = option.is_some();
    let found =
        call.messenger().poll_votes(call.actor(), peer, MsgId(r.id), option, r.offset, r.limit).await?;
    let votes = found.votes.into_iter().map(|(peer, mut options, date)| {
        let (peer, date) = (peer_to_tl(peer), date.to_tl());
        match (one, options.len()) {
            (true, _) => types::MessagePeerVoteInputOption { peer, date }.into(),
            (false, 0 | 1) => {
                let option = options.pop().unwrap_or_default().into();
                types::MessagePeerVote { peer, option, date }.into()
            }
            (false, _) => {
                let options = options.into_iter().map(Into::into).collect();
                types::MessagePeerVoteMultiple { peer, options, date }.into()
            }
        }
    });
    let votes: Vec<enums::MessagePeerVote> = votes.collect();
    let (count, next_offset) = (found.count, found.next);
    Ok(call.answer(&found.scene, |Lists { users, chats }| types::messages::VotesList {
        count,
        votes,
        chats,
        users,
        next_offset,
    }))
}
