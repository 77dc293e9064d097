//! What bots hear of votes in their polls, and of reactions where they are administrators (B-231 … B-233).

use zaun_model::{BoxId, Peer, UserId};
use zaun_schema::api::{enums, types};
use zaun_store::repo::bots;
use zaun_store::repo::chats::{self, MEMBER};
use zaun_store::repo::contents::ContentRow;
use zaun_store::repo::messages::MessageRow;

use super::is_bot;
use super::members::tell;
use crate::peers::peer_to_tl;
use crate::{Changes, Error};

/// Tells the bot whose poll it is how somebody voted, and what the poll counts now. `positions` are the places of the
/// chosen options; who voted is told of polls that are not anonymous.
pub(crate) fn tell_vote(
    changes: &mut Changes<'_, '_>,
    content: &ContentRow,
    row: &MessageRow,
    (voter, public): (Peer, bool),
    vote: types::UpdateMessagePollVote,
    counts: impl FnOnce(UserId) -> enums::Update,
) -> Result<(), Error> {
    let Some(bot) = content.author.user() else { return Ok(()) };
    if Peer::User(bot) == voter || !is_bot(changes.tx, bot)? {
        return Ok(());
    }
    if public {
        tell(changes, &[bot], vote);
    }
    // In a box of its own the bot is told like everybody else.
    if matches!(row.box_id, BoxId::Channel(_)) {
        tell(changes, &[bot], counts(bot));
    }
    Ok(())
}

/// The bots that hear of reactions to a message, each with the message as it names it.
fn hearers(
    changes: &Changes<'_, '_>,
    content: &ContentRow,
    row: &MessageRow,
    actor: UserId,
) -> Result<Vec<(UserId, Peer, i32)>, Error> {
    let mut out = Vec::new();
    match row.peer {
        Peer::Channel(id) => {
            let found = bots::administrators(changes.tx, id)?.into_iter();
            out.extend(found.map(|bot| (bot, row.peer, row.id.0)));
        }
        Peer::Chat(id) => {
            let admins = chats::members(changes.tx, id)?.into_iter();
            for member in admins.filter(|member| member.admin && member.status == MEMBER) {
                let own = BoxId::User(member.user_id);
                let copy = content.copies().find(|(box_id, _)| *box_id == own);
                if let (Some((_, id)), true) = (copy, is_bot(changes.tx, member.user_id)?) {
                    out.push((member.user_id, row.peer, id.0));
                }
            }
        }
        Peer::User(other) => {
            let own = BoxId::User(other);
            let copy = content.copies().find(|(box_id, _)| *box_id == own);
            if let (Some((_, id)), true) = (copy, is_bot(changes.tx, other)?) {
                out.push((other, Peer::User(actor), id.0));
            }
        }
    }
    out.retain(|(bot, ..)| *bot != actor);
    Ok(out)
}

/// Tells bots that somebody reacted; of posts of broadcast channels, where nobody sees who did, how many did.
pub(crate) fn tell_reaction(
    changes: &mut Changes<'_, '_>,
    content: &ContentRow,
    (row, is_post): (&MessageRow, bool),
    actor: UserId,
    (old, new): (Vec<enums::Reaction>, Vec<enums::Reaction>),
    counts: &[enums::ReactionCount],
) -> Result<(), Error> {
    let date = changes.now.to_tl();
    for (bot, peer, msg_id) in hearers(changes, content, row, actor)? {
        let peer = peer_to_tl(peer);
        if is_post {
            let reactions = counts.to_vec();
            tell(changes, &[bot], types::UpdateBotMessageReactions { peer, msg_id, date, reactions, qts: 0 });
            continue;
        }
        let update = types::UpdateBotMessageReaction {
            peer,
            msg_id,
            date,
            actor: peer_to_tl(Peer::User(actor)),
            old_reactions: old.clone(),
            new_reactions: new.clone(),
            qts: 0,
        };
        tell(changes, &[bot], update);
    }
    Ok(())
}
