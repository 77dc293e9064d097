//! The texts of refusals, as clients compare them. A typo in a name does not compile.

use zaun_model::Peer;

use crate::Error;

/// Returns the refusal of a peer that cannot be named.
#[must_use]
pub fn peer_invalid(peer: Peer) -> Error {
    Error::bad(match peer {
        Peer::User(_) => PEER_ID_INVALID,
        Peer::Chat(_) => CHAT_ID_INVALID,
        Peer::Channel(_) => CHANNEL_INVALID,
    })
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        $($(#[$doc])* pub const $name: &str = stringify!($name);)*
    };
}

texts! {
    /// 400: a bot's token is nobody's (B-013).
    ACCESS_TOKEN_INVALID,
    /// 400: a bot's token was revoked (B-013).
    ACCESS_TOKEN_EXPIRED,
    /// 400: the account is no bot, or not one of the user's.
    BOT_INVALID,
    /// 400: the bot cannot be brought into groups (B-031).
    BOT_GROUPS_BLOCKED,
    /// 400: the bot does not answer inline queries (B-101).
    BOT_INLINE_DISABLED,
    /// 403: what inline bots make may not be sent there (B-111).
    CHAT_SEND_INLINE_FORBIDDEN,
    /// 400: the result of an inline query is not kept any more (B-110).
    INLINE_RESULT_EXPIRED,
    /// 400: where the next page of inline results begins is too long (B-106).
    NEXT_OFFSET_INVALID,
    /// 400: two results of an answer have the same number (B-106).
    RESULT_ID_DUPLICATE,
    /// 400: a result's number is empty, too long, or none of the answer's (B-106).
    RESULT_ID_INVALID,
    /// 400: a result is of a kind that does not exist here.
    RESULT_TYPE_INVALID,
    /// 400: too many results (B-106).
    RESULTS_TOO_MUCH,
    /// 400: what a result sends is of a kind that does not exist here.
    SEND_MESSAGE_TYPE_INVALID,
    /// 400: a file of the web could not be fetched.
    WEBPAGE_CURL_FAILED,
    /// 400: the user has as many bots as it may.
    BOT_CREATE_LIMIT_EXCEEDED,
    /// 400: a command is malformed, or there are too many (B-056).
    BOT_COMMAND_INVALID,
    /// 400: a command has no description, or too long a one (B-056).
    BOT_COMMAND_DESCRIPTION_INVALID,
    /// 400: the bot did not answer in time (B-094).
    BOT_RESPONSE_TIMEOUT,
    /// 400: a button carries nothing, or too much (B-074).
    BUTTON_DATA_INVALID,
    /// 400: a button of this kind cannot stand here (B-074).
    BUTTON_TYPE_INVALID,
    /// 400: a button opens no place (B-074).
    BUTTON_URL_INVALID,
    /// 400: a button copies nothing, or too much.
    BUTTON_COPY_TEXT_INVALID,
    /// 400: a button names nobody.
    BUTTON_USER_INVALID,
    /// 400: no button of the message carries this (B-100).
    DATA_INVALID,
    /// 400: there is no dice of this emoji.
    EMOTICON_INVALID,
    /// 400: no such language (B-062).
    LANG_CODE_INVALID,
    /// 400: nobody waits for this answer, or not any more (B-095).
    QUERY_ID_INVALID,
    /// 400: a bot cannot write to a bot (B-045).
    USER_IS_BOT,
    /// 400: a bio is too long.
    ABOUT_TOO_LONG,
    /// 400: a member was named who is an administrator.
    USER_ADMIN_INVALID,
    /// 400: there is no such login token (M-465).
    AUTH_TOKEN_INVALID,
    /// 400: a login token is too old (M-465).
    AUTH_TOKEN_EXPIRED,
    /// 400: a login token was accepted before (M-465).
    AUTH_TOKEN_ALREADY_ACCEPTED,
    /// 401: nobody is logged in on the key (M-421).
    AUTH_KEY_UNREGISTERED,
    /// 401: the login has still to give the password (M-491).
    SESSION_PASSWORD_NEEDED,
    /// 400: the password is wrong, or one is due and none was given (M-489).
    PASSWORD_HASH_INVALID,
    /// 400: the check that is answered is unknown, old or was answered before (M-487).
    SRP_ID_INVALID,
    /// 400: the client's public number is out of range (M-486).
    SRP_A_INVALID,
    /// 400: the password was changed since the check was made (M-488).
    SRP_PASSWORD_CHANGED,
    /// 400: the first salt is not the server's with 32 bytes added (M-492).
    NEW_SALT_INVALID,
    /// 400: a new password is none, or its hint is too long.
    NEW_SETTINGS_INVALID,
    /// 400: a recovery address cannot be used: this server sends no mail.
    EMAIL_INVALID,
    /// 500: the server failed.
    INTERNAL,
    /// 403: the receiver blocked the sender (G-424).
    USER_IS_BLOCKED,
    /// 400: the sender blocked the receiver (G-424).
    YOU_BLOCKED_USER,
    /// 400: a folder's number is not one that may be used (G-418).
    FILTER_ID_INVALID,
    /// 400: a folder has no title, or a longer one than 12 characters (G-419).
    FILTER_TITLE_EMPTY,
    /// 400: a folder holds nothing (G-419).
    FILTER_INCLUDE_EMPTY,
    /// 400: a user has as many folders as there may be.
    DIALOG_FILTERS_TOO_MUCH,
    /// 400: a folder names more conversations than it may.
    FILTER_INCLUDE_TOO_MUCH,
    /// 400: a folder that is shared cannot be made this way.
    FILTER_NOT_SUPPORTED,
    /// 400: what is answered cannot be answered: a story.
    REPLY_TO_INVALID,
    /// 400: the user is in the channel already.
    USER_ALREADY_PARTICIPANT,
    /// 400: the user is not in the channel.
    USER_NOT_PARTICIPANT,
    /// 400: the user was removed from the channel and may not come back by itself.
    USER_KICKED,
    /// 400: the creator cannot be treated so.
    USER_CREATOR,
    /// 400: one-time bytes of an exported authorization are wrong, used or old.
    AUTH_BYTES_INVALID,
    /// 400: the channel does not exist, or its access hash is wrong.
    CHANNEL_INVALID,
    /// 406: the viewer may not see the channel (G-203).
    CHANNEL_PRIVATE,
    /// 400: the user is in as many channels as it may be.
    CHANNELS_TOO_MUCH,
    /// 400: a description is too long.
    CHAT_ABOUT_TOO_LONG,
    /// 400: only an administrator with the right for it may do this.
    CHAT_ADMIN_REQUIRED,
    /// 400: messages of the conversation may not be forwarded.
    CHAT_FORWARDS_RESTRICTED,
    /// 400: the basic group does not exist.
    CHAT_ID_INVALID,
    /// 400: everything is as it was asked for already.
    CHAT_NOT_MODIFIED,
    /// 400: a title is needed.
    CHAT_TITLE_EMPTY,
    /// 403: this kind of message may not be sent here (G-134).
    CHAT_SEND_PLAIN_FORBIDDEN,
    /// 403: as above, for all media.
    CHAT_SEND_MEDIA_FORBIDDEN,
    /// 403: as above, for photos.
    CHAT_SEND_PHOTOS_FORBIDDEN,
    /// 403: as above, for videos.
    CHAT_SEND_VIDEOS_FORBIDDEN,
    /// 403: as above, for round videos.
    CHAT_SEND_ROUNDVIDEOS_FORBIDDEN,
    /// 403: as above, for music.
    CHAT_SEND_AUDIOS_FORBIDDEN,
    /// 403: as above, for voice messages.
    CHAT_SEND_VOICES_FORBIDDEN,
    /// 403: as above, for files.
    CHAT_SEND_DOCS_FORBIDDEN,
    /// 403: as above, for GIFs.
    CHAT_SEND_GIFS_FORBIDDEN,
    /// 403: as above, for stickers and dice.
    CHAT_SEND_STICKERS_FORBIDDEN,
    /// 403: as above, for polls and lists.
    CHAT_SEND_POLL_FORBIDDEN,
    /// 403: as above, for games.
    CHAT_SEND_GAME_FORBIDDEN,
    /// 400: a description is what it was.
    CHAT_ABOUT_NOT_MODIFIED,
    /// 400: rights that cannot be taken (G-145).
    BANNED_RIGHTS_INVALID,
    /// 400: default rights end at no date (G-145).
    UNTIL_DATE_INVALID,
    /// 400: the title of an administrator or the tag of a member is too long (G-125).
    ADMIN_RANK_INVALID,
    /// 400: the title of an administrator or the tag of a member holds emoji (G-125).
    ADMIN_RANK_EMOJI_NOT_ALLOWED,
    /// 400: a channel has as many administrators as it may have (G-122).
    ADMINS_TOO_MUCH,
    /// 403: a right cannot be given: the actor has it not, or it is for another kind of channel (G-118).
    RIGHT_FORBIDDEN,
    /// 403: a user does not let others bring it into groups.
    USER_PRIVACY_RESTRICTED,
    /// 403: who hides when it was seen is not told when others read (G-377).
    YOUR_PRIVACY_RESTRICTED,
    /// 400: the group is too large for that (G-376).
    CHAT_TOO_BIG,
    /// 400: nobody knows any more who read the message (G-376).
    MSG_TOO_OLD,
    /// 400: nobody knows any more when the message was read (G-377).
    MESSAGE_TOO_OLD,
    /// 400: the other side has not read the message (G-377).
    MESSAGE_NOT_READ_YET,
    /// 406: a channel has too many members to be deleted (G-158).
    CHANNEL_TOO_LARGE,
    /// 400: a channel has too long a history to delete it for everybody at once (G-235).
    CHANNEL_TOO_BIG,
    /// 400: the message is none of the kind that the edit is for.
    MEDIA_PREV_INVALID,
    /// 400: nobody may write as that peer here (G-168).
    SEND_AS_PEER_INVALID,
    /// 400: several messages at once in a group with a slow mode (G-223).
    SLOWMODE_MULTI_MSGS_DISABLED,
    /// 400: no such slow mode (G-222).
    SECONDS_INVALID,
    /// 400: a public group hides no history (G-217).
    CHAT_LINK_EXISTS,
    /// 400: a group is too small for it (G-228).
    PARTICIPANTS_TOO_FEW,
    /// 403: the user may not write here.
    CHAT_WRITE_FORBIDDEN,
    /// 400: nobody can have itself as a contact.
    CONTACT_ID_INVALID,
    /// 400: a contact needs a first name.
    CONTACT_NAME_EMPTY,
    /// 400: too many contacts in one call.
    CONTACTS_TOO_MUCH,
    /// 400: there is no such document.
    DOCUMENT_INVALID,
    /// 400: there is no such file.
    FILE_ID_INVALID,
    /// 400: a part holds nothing.
    FILE_PART_EMPTY,
    /// 400: a part has no number that it may have.
    FILE_PART_INVALID,
    /// 400: a part is of another size than those before it.
    FILE_PART_SIZE_CHANGED,
    /// 400: a part is of a size that parts may not have.
    FILE_PART_SIZE_INVALID,
    /// 400: a part is too large.
    FILE_PART_TOO_BIG,
    /// 400: a part is too small.
    FILE_PART_TOO_SMALL,
    /// 400: a file reference is too old (M-517).
    FILE_REFERENCE_EXPIRED,
    /// 400: a limit is out of range.
    LIMIT_INVALID,
    /// 400: there is no such place of a file.
    LOCATION_INVALID,
    /// 400: an offset is out of range.
    OFFSET_INVALID,
    /// 400: a picture is too small for a profile.
    PHOTO_CROP_SIZE_SMALL,
    /// 400: a picture is too large or too long.
    PHOTO_INVALID_DIMENSIONS,
    /// 400: an entity lies outside its text.
    ENTITY_BOUNDS_INVALID,
    /// 400: a mention names nobody.
    ENTITY_MENTION_USER_INVALID,
    /// 400: too many entities.
    ENTITIES_TOO_LONG,
    /// 400: too many parts, or none.
    FILE_PARTS_INVALID,
    /// 400: a first name is needed, and not too long.
    FIRSTNAME_INVALID,
    /// 400: there is no such folder.
    FOLDER_ID_INVALID,
    /// 406: a young session may not end others (M-458).
    FRESH_RESET_AUTHORISATION_FORBIDDEN,
    /// 400: no session has this hash.
    HASH_INVALID,
    /// 400: the picture could not be processed.
    IMAGE_PROCESS_FAILED,
    /// 400: a string is none that clients write: it holds a NUL character.
    INPUT_FETCH_ERROR,
    /// 400: such a file cannot be used here.
    INPUT_FILE_INVALID,
    /// 400: the other account was deleted.
    INPUT_USER_DEACTIVATED,
    /// 400: a last name is too long.
    LASTNAME_INVALID,
    /// 400: a checksum does not match.
    MD5_CHECKSUM_INVALID,
    /// 400: a caption is too long.
    MEDIA_CAPTION_TOO_LONG,
    /// 400: media is needed.
    MEDIA_EMPTY,
    /// 400: these kinds of media cannot form an album.
    MEDIA_GROUPED_INVALID,
    /// 400: this kind of media does not exist here, or is malformed.
    MEDIA_INVALID,
    /// 403: the message is somebody else's.
    MESSAGE_AUTHOR_REQUIRED,
    /// 403: the message may not be deleted by this user.
    MESSAGE_DELETE_FORBIDDEN,
    /// 400: the time for edits is over.
    MESSAGE_EDIT_TIME_EXPIRED,
    /// 400: the message says nothing.
    MESSAGE_EMPTY,
    /// 400: there is no such message.
    MESSAGE_ID_INVALID,
    /// 400: no message was named.
    MESSAGE_IDS_EMPTY,
    /// 400: too many messages in one call.
    MESSAGE_IDS_TOO_MUCH,
    /// 400: the edit changes nothing.
    MESSAGE_NOT_MODIFIED,
    /// 400: the text is too long.
    MESSAGE_TOO_LONG,
    /// 400: an album holds too many messages.
    MULTI_MEDIA_TOO_LONG,
    /// 400: a participant could not be named.
    PARTICIPANT_ID_INVALID,
    /// 400: the peer does not exist, or its access hash is wrong.
    PEER_ID_INVALID,
    /// 400: a pts is needed.
    PERSISTENT_TIMESTAMP_EMPTY,
    /// 400: the pts is not one of this box.
    PERSISTENT_TIMESTAMP_INVALID,
    /// 400: a code is needed.
    PHONE_CODE_EMPTY,
    /// 400: the attempt is over.
    PHONE_CODE_EXPIRED,
    /// 400: nobody has this phone.
    PHONE_NOT_OCCUPIED,
    /// 406: no phone number.
    PHONE_NUMBER_INVALID,
    /// 400: the phone has an account.
    PHONE_NUMBER_OCCUPIED,
    /// 400: there is no such photo.
    PHOTO_INVALID,
    /// 400: as many conversations are pinned as may be.
    PINNED_DIALOGS_TOO_MUCH,
    /// 400: the quote is not in the message that it quotes.
    QUOTE_TEXT_INVALID,
    /// 400: the random_id was used for another conversation.
    RANDOM_ID_DUPLICATE,
    /// 400: a random_id is needed.
    RANDOM_ID_EMPTY,
    /// 400: something to look for is needed.
    SEARCH_QUERY_EMPTY,
    /// 400: media that vanish do not exist here.
    TTL_MEDIA_INVALID,
    /// 400: the user is banned in the channel.
    USER_BANNED_IN_CHANNEL,
    /// 401: the account is gone.
    USER_DEACTIVATED,
    /// 400: the user does not exist, or its access hash is wrong.
    USER_ID_INVALID,
    /// 400: a public name is malformed.
    USERNAME_INVALID,
    /// 400: nobody has this name.
    USERNAME_NOT_OCCUPIED,
    /// 400: it is the name that was there before.
    USERNAME_NOT_MODIFIED,
    /// 400: somebody has this name.
    USERNAME_OCCUPIED,
    /// 400: a bot is no ordinary member of a channel, only an administrator (B-031).
    USER_BOT,
    /// 400: nobody was named.
    USERS_TOO_FEW,
    /// 400: too many were named.
    USERS_TOO_MUCH,
    /// 400: the administrator whose links are asked for is nobody (G-185).
    ADMIN_ID_INVALID,
    /// 400: a permanent link can only be revoked (G-180).
    CHAT_INVITE_PERMANENT,
    /// 400: the switch is for public groups (G-193).
    CHAT_PUBLIC_REQUIRED,
    /// 400: a link cannot end in the past (G-177).
    EXPIRE_DATE_INVALID,
    /// 400: nobody asks to join (G-198).
    HIDE_REQUESTER_MISSING,
    /// 400: an administrator has as many links as it may.
    INVITES_TOO_MUCH,
    /// 400: a link has no end (G-182).
    INVITE_HASH_EMPTY,
    /// 406, or 400 for who manages links: the link leads nowhere any more (G-182).
    INVITE_HASH_EXPIRED,
    /// 400: a link cannot be one (G-182).
    INVITE_HASH_INVALID,
    /// 400: an administrator decides now; this is success (G-192).
    INVITE_REQUEST_SENT,
    /// 400: only revoked links can be deleted (G-183).
    INVITE_REVOKED_MISSING,
    /// 400: the people of one link cannot be searched (G-197).
    SEARCH_WITH_LINK_NOT_SUPPORTED,
    /// 400: there is no such message, or it begins no thread.
    MSG_ID_INVALID,
    /// 406: only administrators and its author write in this topic (G-268).
    TOPIC_CLOSED,
    /// 406: the topic is gone (G-268).
    TOPIC_DELETED,
    /// 400: the forum has no such topic.
    TOPIC_ID_INVALID,
    /// 400: a topic cannot be called so (G-264).
    TOPIC_TITLE_EMPTY,
    /// 400: a topic is closed by a call of its own (G-266).
    TOPIC_CLOSE_SEPARATELY,
    /// 400: a topic is hidden by a call of its own (G-266).
    TOPIC_HIDE_SEPARATELY,
    /// 400: nothing of the topic would change (G-266).
    TOPIC_NOT_MODIFIED,
    /// 400: no topic was named.
    TOPICS_EMPTY,
    /// 400: the forum cannot have more topics.
    TOPICS_TOO_MUCH,
    /// 400: only General can be hidden (G-266).
    NOGENERAL_HIDE_FORBIDDEN,
    /// 400: General keeps its icon (G-266).
    GENERAL_MODIFY_ICON_FORBIDDEN,
    /// 400: no channel with direct messages was named.
    PARENT_PEER_INVALID,
    /// 400: too many are pinned (G-274, G-416).
    PINNED_TOO_MUCH,
    /// 400: the topic is pinned already, or not (G-274).
    PINNED_TOPIC_NOT_MODIFIED,
    /// 400: the group is no forum.
    CHANNEL_FORUM_MISSING,
    /// 400: a forum has no comments, and a discussion group no topics (G-246).
    CHAT_DISCUSSION_UNALLOWED,
    /// 400: no broadcast channel (G-245).
    BROADCAST_ID_INVALID,
    /// 400: no supergroup (G-245).
    MEGAGROUP_ID_INVALID,
    /// 400: a discussion group shows its whole history (G-245).
    MEGAGROUP_PREHISTORY_HIDDEN,
    /// 400: both are linked already, or neither is (G-245).
    LINK_NOT_MODIFIED,
    /// 400: a message cannot be planned for this (G-342).
    SCHEDULE_DATE_INVALID,
    /// 400: too far ahead (G-341).
    SCHEDULE_DATE_TOO_LATE,
    /// 400: too many wait already (G-341).
    SCHEDULE_TOO_MUCH,
    /// 400: bots send at once (G-341).
    SCHEDULE_BOT_NOT_ALLOWED,
    /// 400: no whole number of days up to a year (G-336).
    TTL_PERIOD_INVALID,
    /// 400: this server does not enforce rules for this, so none can be set.
    PRIVACY_KEY_INVALID,
    /// 400: no such rule (G-422).
    PRIVACY_VALUE_INVALID,
    /// 400: too many rules (G-422).
    PRIVACY_TOO_LONG,
    /// 400: no code was given.
    CODE_EMPTY,
    /// 400: the code is wrong.
    CODE_INVALID,
    /// 400: there is no address that waits for its code.
    EMAIL_HASH_EXPIRED,
    /// 400: no password is set.
    PASSWORD_EMPTY,
    /// 400: the password has no address to be recovered at.
    PASSWORD_RECOVERY_NA,
    /// 400: there is no code, or it has ended.
    PASSWORD_RECOVERY_EXPIRED,
    /// 400: the password has to be given.
    PASSWORD_MISSING,
    /// 400: nobody asked for a reset (G-427).
    RESET_REQUEST_MISSING,
    /// 400: not for so long (G-428).
    TMP_PASSWORD_DISABLED,
    /// 400: not so many days.
    TTL_DAYS_INVALID,
    /// 400: this server does not do that.
    AUTOARCHIVE_NOT_AVAILABLE,
    /// 400: the payload of an invoice is empty or too long (B-128).
    INVOICE_PAYLOAD_INVALID,
    /// 400: the message is no invoice.
    INVOICE_INVALID,
    /// 400: no invoice has this link.
    SLUG_INVALID,
    /// 400: an invoice cannot cost that (B-128).
    CURRENCY_TOTAL_AMOUNT_INVALID,
    /// 400: the provider's token is none (B-130).
    PAYMENT_PROVIDER_INVALID,
    /// 400: the name is missing.
    REQ_INFO_NAME_INVALID,
    /// 400: the phone is missing.
    REQ_INFO_PHONE_INVALID,
    /// 400: the address is missing.
    REQ_INFO_EMAIL_INVALID,
    /// 400: the place to send it to is missing.
    ADDRESS_STREET_LINE1_INVALID,
    /// 400: the bot does not send it there.
    SHIPPING_NOT_AVAILABLE,
    /// 400: the bot did not say in time how it is sent (B-135).
    SHIPPING_BOT_TIMEOUT,
    /// 400: the bot does not send it that way.
    SHIPPING_OPTION_INVALID,
    /// 400: the form was paid already (B-141).
    FORM_SUBMIT_DUPLICATE,
    /// 400: the form is none, or too old (B-141).
    FORM_EXPIRED,
    /// 400: what the payer said of itself is too old.
    REQUESTED_INFO_EXPIRED,
    /// 400: no such tip.
    TIP_INVALID,
    /// 400: too few stars (B-141).
    BALANCE_TOO_LOW,
    /// 400: the provider was given nothing.
    PAYMENT_CREDENTIALS_INVALID,
    /// 400: the provider does not take this card (B-131).
    PAYMENT_FAILED,
    /// 400: the bot does not want the money (B-134).
    BOT_PRECHECKOUT_FAILED,
    /// 400: the bot did not say in time whether it wants the money (B-134).
    BOT_PRECHECKOUT_TIMEOUT,
    /// 400: no such payment (B-142).
    CHARGE_ID_INVALID,
    /// 400: it was given back already (B-142).
    CHARGE_ALREADY_REFUNDED,
    /// 400: the first button of an invoice is the one that pays.
    REPLY_MARKUP_BUY_EMPTY,
    /// 400: no such word may stand in a link to a bot (B-119).
    START_PARAM_INVALID,
    /// 400: what a client says of its colours or platform is too long.
    THEME_PARAMS_INVALID,
    /// 400: the bot has no such page.
    BOT_APP_INVALID,
    /// 400: no page is at this address.
    URL_INVALID,
    /// 400: the text of the button is empty or too long.
    BUTTON_TEXT_INVALID,
    /// 400: a link cannot have this limit (G-176, G-177).
    USAGE_LIMIT_INVALID,
    /// 403: somebody else is in too many channels (G-198).
    USER_CHANNELS_TOO_MUCH,
    /// 400: links with a price do not exist here.
    PRICING_CHAT_INVALID,
    /// 400: the conversation does not allow the reaction (G-363).
    REACTION_INVALID,
    /// 400: a message has as many kinds of reactions as it may (G-363).
    REACTIONS_TOO_MANY,
    /// 403: custom emoji take Premium, which does not exist here.
    PREMIUM_ACCOUNT_REQUIRED,
    /// 403: in a broadcast channel nobody sees who did it (G-366, G-357).
    BROADCAST_FORBIDDEN,
    /// 400: a message cannot have so many kinds of reactions (G-370).
    LIMIT_PER_POST_INVALID,
    /// 400: a poll has too few or too many answers, or one that is none (G-348).
    POLL_ANSWERS_INVALID,
    /// 400: an answer's name is empty or too long (G-348).
    POLL_OPTION_INVALID,
    /// 400: two answers have one name (G-348).
    POLL_OPTION_DUPLICATE,
    /// 400: a poll's question is empty or too long (G-348).
    POLL_QUESTION_INVALID,
    /// 400: a poll cannot end then (G-351).
    POLL_CLOSE_DATE_INVALID,
    /// 400: a quiz says not what is right (G-350).
    QUIZ_CORRECT_ANSWERS_EMPTY,
    /// 400: a quiz has one right answer (G-350).
    QUIZ_CORRECT_ANSWERS_TOO_MUCH,
    /// 400: what is right is no answer of the quiz (G-350).
    QUIZ_CORRECT_ANSWER_INVALID,
    /// 400: the poll is over (G-356).
    MESSAGE_POLL_CLOSED,
    /// 400: the poll has no such answer (G-356).
    OPTION_INVALID,
    /// 400: the poll takes one answer (G-356).
    OPTIONS_TOO_MUCH,
    /// 400: a vote in this poll is final (G-356).
    REVOTE_NOT_ALLOWED,
    /// 403: who did not vote does not see who did (G-357).
    POLL_VOTE_REQUIRED,
    /// 400: votes in a broadcast channel are nobody's to see (G-302).
    BROADCAST_PUBLIC_VOTERS_FORBIDDEN,
    /// 400, or 406 from who reads it: there is no such set, or it is not the actor's.
    STICKERSET_INVALID,
    /// 400: the document is in no set.
    STICKER_INVALID,
    /// 400: a set holds as many as it may.
    STICKERS_TOO_MUCH,
    /// 400: somebody has as many sets as it may.
    STICKERSETS_TOO_MUCH,
    /// 400: a sticker stands for no emoji, or for too many.
    STICKER_EMOJI_INVALID,
    /// 400: a file is too large, or none that a sticker is made of.
    STICKER_FILE_INVALID,
    /// 400: a picture is neither PNG nor WebP.
    STICKER_PNG_NOPNG,
    /// 400: a picture has not the size of a sticker.
    STICKER_PNG_DIMENSIONS,
    /// 400: an animation is too large.
    STICKER_TGS_NOTGS,
    /// 400: a video is too large.
    STICKER_VIDEO_BIG,
    /// 400: a sticker has too many keywords, or too long ones.
    STICKER_KEYWORDS_INVALID,
    /// 400: a place on a face is for masks, and has numbers.
    MASK_COORDS_INVALID,
    /// 400: a new set holds nothing.
    STICKERS_EMPTY,
    /// 400: a set cannot be called so.
    PACK_TITLE_INVALID,
    /// 400: a set cannot have this short name.
    PACK_SHORT_NAME_INVALID,
    /// 400: another set has this short name.
    PACK_SHORT_NAME_OCCUPIED,
    /// 400: masks are no custom emoji.
    PACK_TYPE_INVALID,
    /// 400: a short name is malformed.
    SHORT_NAME_INVALID,
    /// 400: a short name is taken.
    SHORT_NAME_OCCUPIED,
    /// 400: no short name can be made of a title.
    TITLE_INVALID,
    /// 400: the picture of a set is too large, or none.
    STICKER_THUMB_PNG_NOPNG,
    /// 400: the picture of a set is not 100 by 100.
    STICKER_THUMB_PNG_DIMENSIONS,
    /// 400: the animation that stands for a set is none, or too large.
    STICKER_THUMB_TGS_NOTGS,
    /// 400: the video that stands for a set is too large.
    STICKER_THUMB_VIDEO_BIG,
    /// 400: the document is no sticker.
    STICKER_ID_INVALID,
    /// 400: the document is no animation.
    GIF_ID_INVALID,
}
