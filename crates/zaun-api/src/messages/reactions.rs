//! Reactions, mentions, and the counters of posts.

use zaun_messenger::Error;
use zaun_messenger::messages::mentions::Waiting;
use zaun_messenger::messages::reactions;
use zaun_messenger::messages::recent_reactions::hash_of;
use zaun_model::MsgId;
use zaun_schema::api::{enums, functions, types};

use super::affected_history;
use super::history::page;
use crate::Call;
use crate::to_tl::{self, Lists, View};

/// The update that tells one viewer of the reactions to a message.
fn reactions_update(view: View<'_>, message: &zaun_messenger::views::Message) -> enums::Update {
    reactions::update(message, reactions::shown(message, Some((view.user_id(), view.scene))))
}

/// messages.sendReaction
pub(crate) async fn send_reaction(
    call: Call,
    r: functions::messages::SendReaction,
) -> Result<enums::Updates, Error> {
    let peer = call.peer(&r.peer)?;
    let wanted = r.reaction.unwrap_or_default();
    let chosen = wanted.last().cloned().filter(|_| r.add_to_recent);
    let done = call.messenger().send_reaction(call.actor(), peer, MsgId(r.msg_id), wanted, r.big).await?;
    if let Some(chosen) = chosen {
        call.messenger().note_reaction(call.actor(), chosen).await?;
    }
    told(&call, &done.value).await
}

/// G-365: who changed reactions gets the complete form.
async fn told(call: &Call, message: &zaun_messenger::views::Message) -> Result<enums::Updates, Error> {
    let scene = call.messenger().scene_of(call.user_id, message).await?;
    let view = call.view(&scene);
    Ok(to_tl::updates(view, vec![reactions_update(view, message)]))
}

/// messages.deleteParticipantReaction
pub(crate) async fn delete_participant_reaction(
    call: Call,
    r: functions::messages::DeleteParticipantReaction,
) -> Result<enums::Updates, Error> {
    let (peer, whom) = (call.peer(&r.peer)?, call.peer(&r.participant)?);
    let done = call.messenger().delete_reaction(call.actor(), peer, MsgId(r.msg_id), whom).await?;
    told(&call, &done.value).await
}

/// A list of reactions, unless the client has it already.
fn list(reactions: Vec<enums::Reaction>, known: i64) -> enums::messages::Reactions {
    let hash = hash_of(&reactions);
    if known != 0 && hash == known {
        return enums::messages::Reactions::ReactionsNotModified;
    }
    types::messages::Reactions { hash, reactions }.into()
}

/// messages.getTopReactions
pub(crate) async fn get_top_reactions(
    call: Call,
    r: functions::messages::GetTopReactions,
) -> Result<enums::messages::Reactions, Error> {
    Ok(list(call.messenger().top_reactions(call.actor(), r.limit).await?, r.hash))
}

/// messages.getRecentReactions
pub(crate) async fn get_recent_reactions(
    call: Call,
    r: functions::messages::GetRecentReactions,
) -> Result<enums::messages::Reactions, Error> {
    Ok(list(call.messenger().recent_reactions(call.actor(), r.limit).await?, r.hash))
}

/// messages.clearRecentReactions
pub(crate) async fn clear_recent_reactions(
    call: Call,
    _: functions::messages::ClearRecentReactions,
) -> Result<bool, Error> {
    call.messenger().clear_recent_reactions(call.actor()).await?;
    Ok(true)
}

/// messages.getMessagesReactions (G-368)
pub(crate) async fn get_messages_reactions(
    call: Call,
    r: functions::messages::GetMessagesReactions,
) -> Result<enums::Updates, Error> {
    let ids = r.id.into_iter().map(MsgId).collect();
    let (found, scene) = call.messenger().reactions_of(call.actor(), call.peer(&r.peer)?, ids).await?;
    let view = call.view(&scene);
    Ok(to_tl::updates(view, found.iter().map(|message| reactions_update(view, message)).collect()))
}

/// messages.getMessageReactionsList
pub(crate) async fn get_message_reactions_list(
    call: Call,
    r: functions::messages::GetMessageReactionsList,
) -> Result<enums::messages::MessageReactionsList, Error> {
    let (peer, id) = (call.peer(&r.peer)?, MsgId(r.id));
    let found = call.messenger().reactors(call.actor(), peer, id, r.reaction, r.offset, r.limit).await?;
    let own = zaun_model::Peer::User(call.user_id);
    let shown = |mark: &zaun_messenger::views::MarkRow| types::MessagePeerReaction {
        big: mark.big,
        unread: false,
        my: mark.peer == own,
        peer_id: zaun_messenger::peers::peer_to_tl(mark.peer),
        date: mark.date.to_tl(),
        reaction: reactions::to_tl(&mark.value),
    };
    let reactions = found.rows.iter().map(shown).collect();
    let (count, next_offset) = (found.count, found.next);
    Ok(call.answer(&found.scene, |Lists { users, chats }| types::messages::MessageReactionsList {
        count,
        reactions,
        chats,
        users,
        next_offset,
    }))
}

/// messages.setChatAvailableReactions; paid ones do not exist here.
pub(crate) async fn set_chat_available_reactions(
    call: Call,
    r: functions::messages::SetChatAvailableReactions,
) -> Result<enums::Updates, Error> {
    if r.paid_enabled == Some(true) {
        return Err(Error::bad("REACTION_INVALID"));
    }
    let (peer, limit) = (call.peer(&r.peer)?, r.reactions_limit);
    let done = call.messenger().set_chat_reactions(call.actor(), peer, r.available_reactions, limit).await?;
    Ok(to_tl::own_updates(call.view(&done.scene), &done.own))
}

async fn waiting(
    call: Call,
    peer: &enums::InputPeer,
    kind: (Waiting, Option<MsgId>),
    (offset_id, limit): (i32, i32),
) -> Result<enums::messages::Messages, Error> {
    let peer = call.peer(peer)?;
    let found = call.messenger().waiting(call.actor(), peer, kind, offset_id, limit).await?;
    Ok(page(&call, &found))
}

/// messages.getUnreadMentions
pub(crate) async fn get_unread_mentions(
    call: Call,
    r: functions::messages::GetUnreadMentions,
) -> Result<enums::messages::Messages, Error> {
    waiting(call, &r.peer, (Waiting::Mentions, r.top_msg_id.map(MsgId)), (r.offset_id, r.limit)).await
}

/// messages.getUnreadReactions
pub(crate) async fn get_unread_reactions(
    call: Call,
    r: functions::messages::GetUnreadReactions,
) -> Result<enums::messages::Messages, Error> {
    waiting(call, &r.peer, (Waiting::Reactions, r.top_msg_id.map(MsgId)), (r.offset_id, r.limit)).await
}

async fn attend(
    call: Call,
    peer: &enums::InputPeer,
    kind: (Waiting, Option<MsgId>),
) -> Result<enums::messages::AffectedHistory, Error> {
    call.messenger().attend(call.actor(), call.peer(peer)?, kind).await.map(affected_history)
}

/// messages.readMentions
pub(crate) async fn read_mentions(
    call: Call,
    r: functions::messages::ReadMentions,
) -> Result<enums::messages::AffectedHistory, Error> {
    attend(call, &r.peer, (Waiting::Mentions, r.top_msg_id.map(MsgId))).await
}

/// messages.readReactions
pub(crate) async fn read_reactions(
    call: Call,
    r: functions::messages::ReadReactions,
) -> Result<enums::messages::AffectedHistory, Error> {
    attend(call, &r.peer, (Waiting::Reactions, r.top_msg_id.map(MsgId))).await
}

/// messages.getMessagesViews
pub(crate) async fn get_messages_views(
    call: Call,
    r: functions::messages::GetMessagesViews,
) -> Result<enums::messages::MessageViews, Error> {
    let (peer, ids) = (call.peer(&r.peer)?, r.id.into_iter().map(MsgId).collect());
    let found = call.messenger().message_counters(call.actor(), peer, ids, r.increment).await?;
    let scene = call.messenger().scene_of_all(call.user_id, &found).await?;
    let shown = found.into_iter().map(|counters| types::MessageViews {
        views: counters.post.map(|(views, _)| views),
        forwards: counters.post.map(|(_, forwards)| forwards),
        replies: counters.replies,
    });
    let views = shown.collect();
    Ok(call.answer(&scene, |Lists { users, chats }| types::messages::MessageViews { views, chats, users }))
}
