//! Polls, invite links, and requests to join.

use serde_json::{Value, json};
use zaun_model::{ChannelId, ChatId, Peer, UserId};
use zaun_schema::api::{enums, types};

use super::{Eyes, Object};

fn peer_of(peer: &enums::Peer) -> Peer {
    match peer {
        enums::Peer::PeerUser(peer) => Peer::User(UserId(peer.user_id)),
        enums::Peer::PeerChat(peer) => Peer::Chat(ChatId(peer.chat_id)),
        enums::Peer::PeerChannel(peer) => Peer::Channel(ChannelId(peer.channel_id)),
    }
}

fn reaction_type(reaction: &enums::Reaction) -> Option<Value> {
    match reaction {
        enums::Reaction::ReactionEmoji(emoji) => Some(json!({ "type": "emoji", "emoji": emoji.emoticon })),
        enums::Reaction::ReactionCustomEmoji(emoji) => {
            Some(json!({ "type": "custom_emoji", "custom_emoji_id": emoji.document_id.to_string() }))
        }
        enums::Reaction::ReactionPaid => Some(json!({ "type": "paid" })),
        enums::Reaction::ReactionEmpty => None,
    }
}

impl Eyes<'_> {
    /// Writes a poll; what is right in a quiz is told of the bot's own and of those that are over.
    #[must_use]
    pub fn poll(self, media: &types::MessageMediaPoll, own: bool) -> Value {
        let (poll, results) = (&media.poll, &media.results);
        let mut out = Object::default();
        out.set("id", poll.id.to_string());
        out.set("question", poll.question.text.clone());
        let entities = |list: &[enums::MessageEntity]| -> Vec<Value> {
            list.iter().filter_map(|entity| self.entity(entity)).collect()
        };
        out.some("question_entities", Some(entities(&poll.question.entities)));
        let counted = || results.results.iter().flatten();
        let option = |(place, answer): (usize, &enums::PollAnswer)| {
            let mut option = Object::default();
            if let enums::PollAnswer::PollAnswer(answer) = answer {
                option.set("persistent_id", String::from_utf8_lossy(&answer.option).into_owned());
                option.set("text", answer.text.text.clone());
                option.some("text_entities", Some(entities(&answer.text.entities)));
            }
            option.set("voter_count", counted().nth(place).and_then(|voters| voters.voters).unwrap_or(0));
            option.done()
        };
        let options: Vec<Value> = poll.answers.iter().enumerate().map(option).collect();
        out.set("options", options);
        out.set("total_voter_count", results.total_voters.unwrap_or(0));
        out.set("is_closed", poll.closed);
        out.set("is_anonymous", !poll.public_voters);
        out.set("type", if poll.quiz { "quiz" } else { "regular" });
        out.set("allows_multiple_answers", poll.multiple_choice);
        out.set("allows_revoting", !poll.revoting_disabled);
        out.set("members_only", poll.subscribers_only);
        if own || poll.closed {
            let right = counted().enumerate().filter(|(_, voters)| voters.correct);
            let right: Vec<Value> = right.map(|(place, _)| place.into()).collect();
            out.some("correct_option_id", right.first().cloned());
            out.some("correct_option_ids", Some(right));
            out.some("explanation", results.solution.clone());
            out.some("explanation_entities", results.solution_entities.as_deref().map(entities));
        }
        out.some("open_period", poll.close_period);
        out.some("close_date", poll.close_date);
        out.done()
    }

    /// Writes how somebody voted.
    #[must_use]
    pub fn poll_answer(self, vote: &types::UpdateMessagePollVote) -> Value {
        let mut out = Object::default();
        out.set("poll_id", vote.poll_id.to_string());
        match peer_of(&vote.peer) {
            Peer::User(id) => out.set("user", self.user(id)),
            chat => out.set("voter_chat", self.chat(chat)),
        }
        out.set("option_ids", vote.positions.clone());
        let persistent = vote.options.iter().map(|option| String::from_utf8_lossy(option).into_owned());
        out.set("option_persistent_ids", persistent.collect::<Vec<_>>());
        out.done()
    }

    /// Writes that somebody reacted to a message.
    #[must_use]
    pub fn reaction_update(self, update: &types::UpdateBotMessageReaction) -> Value {
        let mut out = Object::default();
        out.set("chat", self.chat(peer_of(&update.peer)));
        out.set("message_id", update.msg_id);
        match peer_of(&update.actor) {
            Peer::User(id) => out.set("user", self.user(id)),
            chat => out.set("actor_chat", self.chat(chat)),
        }
        out.set("date", update.date);
        let list = |reactions: &[enums::Reaction]| -> Vec<Value> {
            reactions.iter().filter_map(reaction_type).collect()
        };
        out.set("old_reaction", list(&update.old_reactions));
        out.set("new_reaction", list(&update.new_reactions));
        out.done()
    }

    /// Writes how many reacted to a post.
    #[must_use]
    pub fn reaction_counts(self, update: &types::UpdateBotMessageReactions) -> Value {
        let mut out = Object::default();
        out.set("chat", self.chat(peer_of(&update.peer)));
        out.set("message_id", update.msg_id);
        out.set("date", update.date);
        let count = |count: &enums::ReactionCount| {
            let kind = reaction_type(&count.reaction)?;
            Some(json!({ "type": kind, "total_count": count.count }))
        };
        out.set("reactions", update.reactions.iter().filter_map(count).collect::<Vec<_>>());
        out.done()
    }

    /// Writes an invite link.
    #[must_use]
    pub fn invite_link(self, invite: &types::ChatInviteExported) -> Value {
        let mut out = Object::default();
        out.set("invite_link", invite.link.clone());
        out.set("creator", self.user(UserId(invite.admin_id)));
        out.set("creates_join_request", invite.request_needed);
        out.set("is_primary", invite.permanent);
        out.set("is_revoked", invite.revoked);
        out.some("name", invite.title.clone());
        out.some("expire_date", invite.expire_date);
        out.some("member_limit", invite.usage_limit);
        out.some("pending_join_request_count", invite.requested);
        out.done()
    }

    /// Writes a request to join.
    #[must_use]
    pub fn join_request(self, update: &types::UpdateBotChatInviteRequester) -> Value {
        let mut out = Object::default();
        out.set("chat", self.chat(peer_of(&update.peer)));
        out.set("from", self.user(UserId(update.user_id)));
        out.set("user_chat_id", update.user_id);
        out.set("date", update.date);
        out.some("bio", Some(update.about.clone()));
        if let enums::ExportedChatInvite::ChatInviteExported(invite) = &update.invite {
            out.set("invite_link", self.invite_link(invite));
        }
        out.done()
    }
}
