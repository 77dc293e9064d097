//! What each method does. Those that are not in the list answer why.

mod apps;
mod chats;
mod edit;
pub(crate) mod files;
mod forward;
pub(crate) mod inline;
mod links;
mod manage;
mod media;
mod members;
pub(crate) mod payments;
mod polls;
mod profile;
pub(crate) mod queries;
mod send;
pub(crate) mod stickers;
pub(crate) mod topics;
mod updates;

use std::sync::Arc;

use zaun_messenger::{Actor, Messenger};
use zaun_model::Peer;

use crate::error::ApiError;
use crate::instance::Instance;
use crate::request::{Params, leading_number};
use crate::serve::Answer;
use crate::{BotApi, METHODS};

/// One call of a bot.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) api: &'a Arc<BotApi>,
    pub(crate) bot: &'a Instance,
    pub(crate) params: &'a Params,
}

macro_rules! handlers {
    ($($name:literal => $handler:path,)*) => {
        /// The methods that exist, in lower case.
        pub const DONE: &[&str] = &[$($name),*];

        async fn run(call: Call<'_>, method: &str) -> Option<Result<Answer, ApiError>> {
            // Boxed, because a call's task would be as large as the largest of all handlers.
            Some(match method {
                $($name => Box::pin($handler(call)).await.map(Into::into),)*
                _ => return None,
            })
        }
    };
}

handlers! {
    "uploadstickerfile" => stickers::upload_sticker_file,
    "createnewstickerset" => stickers::create_new_sticker_set,
    "addstickertoset" => stickers::add_sticker_to_set,
    "getstickerset" => stickers::get_sticker_set,
    "getcustomemojistickers" => stickers::get_custom_emoji_stickers,
    "setstickerpositioninset" => stickers::set_sticker_position_in_set,
    "deletestickerfromset" => stickers::delete_sticker_from_set,
    "replacestickerinset" => stickers::replace_sticker_in_set,
    "setstickeremojilist" => stickers::set_sticker_emoji_list,
    "setstickerkeywords" => stickers::set_sticker_keywords,
    "setstickermaskposition" => stickers::set_sticker_mask_position,
    "setstickersettitle" => stickers::set_sticker_set_title,
    "setstickersetthumbnail" => stickers::set_sticker_set_thumbnail,
    "setcustomemojistickersetthumbnail" => stickers::set_custom_emoji_sticker_set_thumbnail,
    "deletestickerset" => stickers::delete_sticker_set,
    "setchatstickerset" => stickers::set_chat_sticker_set,
    "deletechatstickerset" => stickers::delete_chat_sticker_set,
    "answerwebappquery" => apps::answer_web_app_query,
    "setchatmenubutton" => apps::set_chat_menu_button,
    "getchatmenubutton" => apps::get_chat_menu_button,
    "setmydefaultadministratorrights" => apps::set_my_default_administrator_rights,
    "getmydefaultadministratorrights" => apps::get_my_default_administrator_rights,
    "sendinvoice" => payments::send_invoice,
    "createinvoicelink" => payments::create_invoice_link,
    "answershippingquery" => payments::answer_shipping_query,
    "answerprecheckoutquery" => payments::answer_pre_checkout_query,
    "refundstarpayment" => payments::refund_star_payment,
    "getmystarbalance" => payments::get_my_star_balance,
    "getstartransactions" => payments::get_star_transactions,
    "closeforumtopic" => topics::close_forum_topic,
    "closegeneralforumtopic" => topics::close_general_forum_topic,
    "createforumtopic" => topics::create_forum_topic,
    "deleteforumtopic" => topics::delete_forum_topic,
    "editforumtopic" => topics::edit_forum_topic,
    "editgeneralforumtopic" => topics::edit_general_forum_topic,
    "getforumtopiciconstickers" => topics::get_forum_topic_icon_stickers,
    "hidegeneralforumtopic" => topics::hide_general_forum_topic,
    "reopenforumtopic" => topics::reopen_forum_topic,
    "reopengeneralforumtopic" => topics::reopen_general_forum_topic,
    "unhidegeneralforumtopic" => topics::unhide_general_forum_topic,
    "unpinallforumtopicmessages" => topics::unpin_all_forum_topic_messages,
    "unpinallgeneralforumtopicmessages" => topics::unpin_all_general_forum_topic_messages,
    "approvechatjoinrequest" => links::approve_chat_join_request,
    "createchatinvitelink" => links::create_chat_invite_link,
    "declinechatjoinrequest" => links::decline_chat_join_request,
    "editchatinvitelink" => links::edit_chat_invite_link,
    "exportchatinvitelink" => links::export_chat_invite_link,
    "revokechatinvitelink" => links::revoke_chat_invite_link,
    "sendpoll" => polls::send_poll,
    "setmessagereaction" => polls::set_message_reaction,
    "deletemessagereaction" => polls::delete_message_reaction,
    "stopmessagelivelocation" => edit::stop_message_live_location,
    "stoppoll" => polls::stop_poll,
    "answercallbackquery" => queries::answer_callback_query,
    "answerinlinequery" => inline::answer_inline_query,
    "banchatmember" => members::ban_chat_member,
    "banchatsenderchat" => members::ban_chat_sender_chat,
    "close" => updates::close,
    "copymessage" => forward::copy_message,
    "deletechatphoto" => manage::delete_chat_photo,
    "deletemessage" => edit::delete_message,
    "deletemessages" => edit::delete_messages,
    "deletemycommands" => profile::delete_my_commands,
    "deletewebhook" => updates::delete_webhook,
    "editmessagecaption" => edit::edit_message_caption,
    "editmessagelivelocation" => edit::edit_message_live_location,
    "editmessagemedia" => media::edit_message_media,
    "editmessagereplymarkup" => edit::edit_message_reply_markup,
    "editmessagetext" => edit::edit_message_text,
    "forwardmessage" => forward::forward_message,
    "forwardmessages" => forward::forward_messages,
    "copymessages" => forward::copy_messages,
    "getchat" => chats::get_chat,
    "getchatadministrators" => members::get_chat_administrators,
    "getchatmember" => members::get_chat_member,
    "getchatmembercount" => chats::get_chat_member_count,
    "getfile" => files::get_file,
    "getme" => profile::get_me,
    "getmycommands" => profile::get_my_commands,
    "getmydescription" => profile::get_my_description,
    "getmyname" => profile::get_my_name,
    "getmyshortdescription" => profile::get_my_short_description,
    "getupdates" => updates::get_updates,
    "getuserprofilephotos" => manage::get_user_profile_photos,
    "getwebhookinfo" => updates::get_webhook_info,
    "leavechat" => chats::leave_chat,
    "logout" => updates::log_out,
    "pinchatmessage" => chats::pin_chat_message,
    "promotechatmember" => members::promote_chat_member,
    "removemyprofilephoto" => manage::remove_my_profile_photo,
    "restrictchatmember" => members::restrict_chat_member,
    "sendanimation" => media::send_animation,
    "sendaudio" => media::send_audio,
    "sendchataction" => send::send_chat_action,
    "sendcontact" => send::send_contact,
    "senddice" => send::send_dice,
    "senddocument" => media::send_document,
    "sendlocation" => send::send_location,
    "sendmediagroup" => media::send_media_group,
    "sendmessage" => send::send_message,
    "sendmessagedraft" => send::send_message_draft,
    "sendphoto" => media::send_photo,
    "sendsticker" => media::send_sticker,
    "sendvenue" => send::send_venue,
    "sendvideo" => media::send_video,
    "sendvideonote" => media::send_video_note,
    "sendvoice" => media::send_voice,
    "setchatadministratorcustomtitle" => members::set_custom_title,
    "setchatdescription" => manage::set_chat_description,
    "setchatmembertag" => members::set_chat_member_tag,
    "setchatpermissions" => manage::set_chat_permissions,
    "setchatphoto" => manage::set_chat_photo,
    "setchattitle" => manage::set_chat_title,
    "setmycommands" => profile::set_my_commands,
    "setmydescription" => profile::set_my_description,
    "setmyname" => profile::set_my_name,
    "setmyprofilephoto" => manage::set_my_profile_photo,
    "setmyshortdescription" => profile::set_my_short_description,
    "setwebhook" => updates::set_webhook,
    "unbanchatmember" => members::unban_chat_member,
    "unbanchatsenderchat" => members::unban_chat_sender_chat,
    "unpinallchatmessages" => chats::unpin_all_chat_messages,
    "unpinchatmessage" => chats::unpin_chat_message,
}

/// Runs a call.
pub(crate) async fn call(
    api: &Arc<BotApi>,
    bot: &Instance,
    method: &str,
    params: &Params,
) -> Result<Answer, ApiError> {
    let known = METHODS.binary_search_by(|known| known.name.to_ascii_lowercase().as_str().cmp(method));
    let known = known.ok().and_then(|at| METHODS.get(at));
    let known = known.ok_or_else(|| ApiError::new(404, "Not Found: method not found"))?;
    let call = Call { api, bot, params };
    match run(call, method).await {
        Some(answer) => answer,
        None => {
            let why = known.absent.unwrap_or("it is not built yet");
            Err(ApiError::new(
                400,
                format!("Bad Request: {} does not exist on this server: {why}", known.name),
            ))
        }
    }
}

impl Call<'_> {
    pub(crate) fn messenger(&self) -> &Messenger {
        &self.api.messenger
    }

    /// The bot as somebody who acts. It has no key; its number stands for one, which no session has.
    pub(crate) fn actor(&self) -> Actor {
        Actor { user_id: self.bot.bot, key_id: -self.bot.bot.0, session_id: 0 }
    }

    /// Whom a parameter names (B-236, B-237, B-049).
    pub(crate) async fn peer(&self, name: &str) -> Result<Peer, ApiError> {
        let empty = || ApiError::bad(format!("{name} is empty"));
        self.peer_named(self.params.get(name).ok_or_else(empty)?).await
    }

    pub(crate) async fn peer_named(&self, named: &str) -> Result<Peer, ApiError> {
        let not_found = || ApiError::bad("chat not found");
        let peer = match named.trim().strip_prefix('@') {
            Some(username) => {
                let peer = self.messenger().peer_by_name(username).await?.ok_or_else(not_found)?;
                // People are not found by their names.
                let Peer::User(id) = peer else { return Ok(peer) };
                let (met, _) = self.messenger().knows_user(self.bot.bot, id).await?;
                return if met { Ok(peer) } else { Err(not_found()) };
            }
            None => Peer::from_marked(leading_number(named)).ok_or_else(not_found)?,
        };
        if let Peer::User(id) = peer {
            let (met, _) = self.messenger().knows_user(self.bot.bot, id).await?;
            if !met {
                return Err(not_found());
            }
        }
        Ok(peer)
    }
}

/// A refusal to send: a user whom the bot has met but who never started it (B-048).
pub(crate) fn sending(peer: Peer, error: zaun_messenger::Error) -> ApiError {
    let zaun_messenger::Error::Refused { text, .. } = &error else { return error.into() };
    match (peer, text.as_ref()) {
        (Peer::User(_), "PEER_ID_INVALID") => {
            ApiError::forbidden("bot can't initiate conversation with a user")
        }
        (_, "MESSAGE_TOO_LONG") => ApiError::bad("message is too long"),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_exists_or_says_why_it_does_not() {
        for method in METHODS {
            let done = DONE.contains(&method.name.to_ascii_lowercase().as_str());
            assert_ne!(done, method.absent.is_some(), "{}", method.name);
        }
        assert_eq!(METHODS.len(), 185);
        for name in DONE {
            assert!(METHODS.iter().any(|method| method.name.to_ascii_lowercase() == *name), "{name}");
        }
    }
}
