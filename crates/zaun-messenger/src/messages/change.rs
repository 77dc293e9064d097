//! Editing.

use zaun_model::rights::AdminRights;
use zaun_model::{MsgId, Peer};
use zaun_schema::api::{enums, types};
use zaun_store::repo::{contents, messages};

use super::content::{Body, Content};
use super::entities::settle_content;
use super::live::{self, Move};
use super::{polls, send};
use crate::channels;
use crate::limits::EDIT_TIME_S;
use crate::peers::PeerRef;
use crate::rights::{self, Reading};
use crate::threads::comments;
use crate::{Actor, Changes, Error, Messenger, Outcome, bots, errors};

/// What an edit changes; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    /// New text, with its entities.
    pub text: Option<(String, Option<Vec<enums::MessageEntity>>)>,
    /// New media.
    pub media: Option<enums::MessageMedia>,
    /// How a place moves that the message is.
    pub place: Option<Move>,
    /// The keyboard after the edit, which only a bot gives: without one it goes (B-090).
    pub reply_markup: Option<enums::ReplyMarkup>,
}

impl Messenger {
    /// Edits a message, for everybody who sees it.
    pub async fn edit_message(
        &self,
        actor: Actor,
        peer: PeerRef,
        id: MsgId,
        mut edit: Edit,
    ) -> Result<Outcome<()>, Error> {
        if let Some((text, entities)) = edit.text.take() {
            let message = types::Message { entities, ..types::Message::default() };
            let mut content = Content { text, message };
            settle_content(&mut content)?;
            edit.text = Some((content.text, content.message.entities));
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let reading = rights::reading(changes.tx, actor.user_id, peer)?;
            let row = messages::find(changes.tx, reading.box_id, reading.peer, id)?;
            let row = row.ok_or_else(|| Error::bad(errors::MESSAGE_ID_INVALID))?;
            let content = contents::find_many(changes.tx, &[row.content_id])?.pop();
            let content = content.ok_or_else(|| Error::bad(errors::MESSAGE_ID_INVALID))?;
            let before = Body::decode(&content)?;
            let before = before.written()?;
            let is_post = before.message.post;
            let own = content.author == Peer::User(actor.user_id);
            let by_bot = bots::is_bot(changes.tx, actor.user_id)?;
            let age_s = changes.now - row.date;
            // G-329: a place moves as long as it lives.
            let free = by_bot || (edit.place.is_some() && live::moves(before.message.media.as_ref(), age_s));
            require_editable(changes, &reading, (own, is_post, free), age_s)?;
            let mut edit = edit.clone();
            edit.reply_markup = match edit.reply_markup.take().filter(|_| by_bot) {
                Some(markup @ enums::ReplyMarkup::ReplyInlineMarkup(_)) => {
                    bots::markup::settle(markup, reading.peer, is_post)?
                }
                Some(_) => return Err(Error::bad(errors::BUTTON_TYPE_INVALID)),
                None => None,
            };
            let body = apply_edit(before, &edit, age_s)?;
            if let Some(id) = reading.peer.channel()
                && !own
            {
                channels::log::edited(changes, id, actor.user_id, &row, &body)?;
            }
            changes.edit(&content, &body)?;
            // G-249
            if is_post { comments::edit_copy(changes, &row) } else { Ok(()) }
        };
        self.change(actor, work).await
    }
}

/// Requires that the viewer may edit a message of this age.
fn require_editable(
    changes: &Changes<'_, '_>,
    reading: &Reading,
    (own, is_post, free): (bool, bool, bool),
    age_s: i64,
) -> Result<(), Error> {
    let may = |right| rights::require_over_others(changes.tx, reading, right, None).is_ok();
    // In a broadcast channel, administrators edit each other's posts.
    let edits_posts = is_post && may(AdminRights::EDIT_MESSAGES);
    if !own && !edits_posts {
        return Err(Error::refused(403, errors::MESSAGE_AUTHOR_REQUIRED));
    }
    let to_self = reading.peer == Peer::User(reading.viewer);
    // B-249: a bot edits its own messages without a limit. G-114: so does whoever may pin.
    let free = to_self || is_post || free || age_s <= EDIT_TIME_S;
    if free || (reading.peer.channel().is_some() && may(AdminRights::PIN_MESSAGES)) {
        return Ok(());
    }
    Err(Error::bad(errors::MESSAGE_EDIT_TIME_EXPIRED))
}

/// Returns the content after an edit of a message that is so many seconds old.
pub(crate) fn apply_edit(before: &Content, edit: &Edit, age_s: i64) -> Result<Body, Error> {
    if before.message.fwd_from.is_some() {
        return Err(Error::refused(403, errors::MESSAGE_AUTHOR_REQUIRED));
    }
    let mut content = before.clone();
    if let Some((text, entities)) = &edit.text {
        content.text.clone_from(text);
        content.message.entities.clone_from(entities);
    }
    if let Some(media) = &edit.media {
        // Votes belong to a poll: it is not put in place of something else, nor replaced.
        if polls::is_poll(Some(media)) || polls::is_poll(before.message.media.as_ref()) {
            return Err(Error::bad(errors::MEDIA_INVALID));
        }
        content.message.media = Some(media.clone());
    }
    if let Some(to) = &edit.place {
        content.message.media = Some(live::moved(before.message.media.as_ref(), to, age_s)?);
    }
    content.message.reply_markup.clone_from(&edit.reply_markup);
    send::check_content(&content)?;
    if content == *before { Err(Error::bad(errors::MESSAGE_NOT_MODIFIED)) } else { Ok(content.into()) }
}
