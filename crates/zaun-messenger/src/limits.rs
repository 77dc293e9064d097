//! Limits of the messenger, by name and with their reason.

/// Code points of a text message (help.getConfig message_length_max); entities count UTF-16 units, lengths do not.
pub const MESSAGE_LENGTH: usize = 4096;
/// Code points of a caption (caption_length_max).
pub const CAPTION_LENGTH: usize = 1024;
/// Characters of a first or last name.
pub const NAME_LENGTH: usize = 64;
/// Characters of a bio.
pub const ABOUT_LENGTH: usize = 70;
/// Entities in one message.
pub const ENTITIES: usize = 1000;
/// Seconds within which a message may be edited (edit_time_limit).
pub const EDIT_TIME_S: i64 = 172_800;
/// Messages in one page of history or search.
pub const PAGE: i64 = 100;
/// Users or channels named in one call: a client that opens a group asks for its members in one go.
pub const PEERS_PER_CALL: usize = 1000;
/// Messages named in one call.
pub const IDS_PER_CALL: usize = 100;
/// Contacts in one import.
pub const CONTACTS_PER_IMPORT: usize = 1000;
/// Code points of a quote in a reply.
pub const QUOTE_LENGTH: usize = 1024;
/// Bytes of the messages and conversations in one answer. A client holds a page in memory and a packet carries 8 MiB at
/// most; the rest comes with the next page.
pub const ANSWER_BYTES: usize = 1 << 20;
/// Messages that are counted one by one before a number is called inexact: about a millisecond of work.
pub const COUNTED_MESSAGES: i64 = 10_000;
/// Pinned messages that one call of unpinAllMessages unpins; the client calls again for the rest.
pub const PINNED_MESSAGES: i64 = 100;
/// Drafts that one answer of getAllDrafts holds.
pub const DRAFTS_PER_ANSWER: i64 = 500;
/// Own channels that are offered to write as in a group.
pub const SENDERS: i64 = 100;
/// Channels that one user may be a member of (channels_limit_default); all of them are read for each screen.
pub const CHANNELS_PER_USER: usize = 500;
/// Characters of the title of an invite link (G-177).
pub const INVITE_TITLE_LENGTH: usize = 32;
/// How many people one link may let in (G-177).
pub const INVITE_USAGE_LIMIT: i32 = 99_999;
/// Valid links of one administrator of a group or channel, and as many revoked ones.
pub const INVITES_PER_ADMIN: i64 = 500;
/// Links that are counted one by one for a list.
pub const INVITES_COUNTED: i64 = 1000;
/// Members that whoever has a link sees of a group.
pub const MEMBERS_IN_PREVIEW: usize = 5;
/// Requests to join that are counted one by one.
pub const REQUESTS_COUNTED: i64 = 1000;
/// Requests to join that one call decides.
pub const REQUESTS_PER_CALL: i64 = 100;
/// The same in a basic group, where each newcomer is announced in every member's box.
pub const REQUESTS_PER_CALL_IN_CHAT: i64 = 20;
/// Answers of one poll (poll_answers_max, G-348).
pub const POLL_ANSWERS: usize = 12;
/// Bytes by which a client names an answer (G-348).
pub const POLL_OPTION_BYTES: usize = 100;
/// Characters of an answer.
pub const POLL_ANSWER_LENGTH: usize = 100;
/// Characters of a question; bots may ask as long ones, and users get the same.
pub const POLL_QUESTION_LENGTH: usize = 300;
/// Characters of what is right in a quiz, and why.
pub const QUIZ_SOLUTION_LENGTH: usize = 200;
/// Seconds that a poll may last (poll_close_period_max, G-351).
pub const POLL_PERIOD_MAX_S: i64 = 2_628_000;
/// Votes in one page of their list (G-357).
pub const POLL_VOTES_PER_PAGE: i64 = 50;
/// Users whom one message may mention.
pub const MENTIONS_PER_MESSAGE: usize = 50;
/// Kinds of reactions on one message (reactions_uniq_max, G-363).
pub const KINDS_OF_REACTIONS: i32 = 11;
/// Reactions that a conversation may name as the only ones (G-370).
pub const REACTIONS_OF_CHAT: usize = 100;
/// Members of a group up to which its members are told who read what they wrote (G-376).
pub const READERS_OF_CHAT: i32 = 100;
/// Seconds for which it is known who read a message (G-376, G-377).
pub const READ_DATES_S: i32 = 7 * 86_400;
/// Reactions that a user is reminded of having chosen: as many as apps show (getRecentReactions).
pub const RECENT_REACTIONS: usize = 50;
/// Days for which it is known who saw a post.
pub const VIEWS_DAYS: i64 = 30;
/// Peers that one user may block; all of them are read for each page of the list.
pub const BLOCKED: usize = 1000;
/// Folders of one user (dialog_filters_limit_default).
pub const FOLDERS: usize = 10;
/// Conversations that one folder names (dialog_filters_chats_limit_default).
pub const CHATS_PER_FOLDER: usize = 100;
/// Characters of the title of a folder.
pub const FOLDER_TITLE_LENGTH: usize = 12;
/// Characters of the name of a bot (B-065).
pub const BOT_NAME_LENGTH: usize = 64;
/// Characters of what a bot says of itself in its profile (B-065).
pub const BOT_ABOUT_LENGTH: usize = 120;
/// Characters of what stands in an empty chat with a bot (B-065).
pub const BOT_DESCRIPTION_LENGTH: usize = 512;
/// Bytes of a bot's token, as the official server has it (B-005).
pub const BOT_TOKEN_BYTES: usize = 80;
/// Bots that one user may own, as the official BotFather has it.
pub const BOTS_PER_OWNER: i64 = 20;
/// Bots that one list shows.
pub const BOTS_LISTED: i64 = 500;
/// Commands in one list (B-056).
pub const BOT_COMMANDS: usize = 100;
/// Lists of commands of one bot: one for each of its busiest chats, and the languages.
pub const BOT_COMMAND_LISTS: i64 = 10_000;
/// Bytes of a command (B-056).
pub const COMMAND_LENGTH: usize = 32;
/// Characters of the description of a command (B-056).
pub const COMMAND_DESCRIPTION_LENGTH: usize = 256;
/// Buttons in one row of a keyboard; more are cut (B-069).
pub const BUTTON_ROW: usize = 12;
/// Buttons of one keyboard; more are cut (B-069).
pub const BUTTONS: usize = 300;
/// Bytes that a button gives back to its bot (B-070).
pub const BUTTON_DATA_BYTES: usize = 64;
/// Bytes of a place that a button opens: as long as browsers take.
pub const BUTTON_URL_BYTES: usize = 2048;
/// Characters that a button copies (B-070).
pub const COPY_TEXT_LENGTH: usize = 256;
/// Characters of the answer to a pressed button (B-097).
pub const CALLBACK_TEXT_LENGTH: usize = 200;
/// Pressed buttons that wait for a bot's answer, about 200 bytes each.
pub const OPEN_QUERIES: usize = 100_000;
/// Seconds for which whoever pressed a button waits (B-094).
pub const QUERY_WAIT_S: u64 = 10;
/// Seconds for which a bot may answer a pressed button (B-095).
pub const QUERY_LIFE_S: i64 = 15;
/// Characters of an inline query (B-102).
pub const INLINE_QUERY_LENGTH: usize = 256;
/// Bytes that name where a page of inline results begins (B-106).
pub const INLINE_OFFSET_BYTES: usize = 64;
/// Results of one answer to an inline query (B-106).
pub const INLINE_RESULTS: usize = 50;
/// Bytes of the number of a result (B-106).
pub const INLINE_RESULT_ID_BYTES: usize = 64;
/// Seconds for which an answer is given to others at most (B-106).
pub const INLINE_CACHE_S: i32 = 86_400;
/// Seconds for which a result can be sent at least (B-110).
pub const INLINE_KEPT_S: i64 = 300;
/// Bytes of one answer to an inline query; a page of 50 results has some 20 kB.
pub const INLINE_ANSWER_BYTES: usize = 256 * 1024;
/// Inline queries of one user that wait for their bots: clients ask for one at a time.
pub const INLINE_OPEN_PER_USER: usize = 16;
/// Answers to inline queries that are kept of one bot; then its oldest go.
pub const INLINE_KEPT_PER_BOT: usize = 200;
/// Answers to inline queries that are kept.
pub const INLINE_KEPT: usize = 2000;
/// Updates that wait for one bot over HTTP: a day of one each second; the oldest go first.
pub const BOT_QUEUE: i64 = 100_000;
/// Seconds for which updates wait for a bot (B-212).
pub const BOT_UPDATE_LIFE_S: i64 = 86_400;
/// Characters of the title of a channel.
pub const TITLE_LENGTH: usize = 128;
/// Characters of the description of a channel.
pub const CHANNEL_ABOUT_LENGTH: usize = 255;
/// Members of a basic group (chat_size_max).
pub const CHAT_MEMBERS: usize = 200;
/// Messages that a newcomer of a basic group gets copies of; clients ask for 100 at most.
pub const FORWARDED_TO_NEWCOMER: i64 = 100;
/// Groups in one answer of messages.getCommonChats.
pub const COMMON_CHATS: i64 = 100;
/// Administrators of a channel.
pub const ADMINISTRATORS: i32 = 50;
/// Characters of the title of an administrator or the tag of a member.
pub const RANK_LENGTH: usize = 16;
/// Members that a channel may have to be deleted.
pub const DELETABLE_MEMBERS: i32 = 1000;
/// Members who are told one by one that their channel is gone: all that it may have then.
pub const MEMBERS_TOLD: i64 = 1000;
/// Members from which on a group may hide them (hidden_members_group_size_min).
pub const HIDDEN_MEMBERS_MIN: i32 = 100;
/// Removed and restricted members that are counted for the page of a channel: each costs a step.
pub const COUNTED_BANS: i64 = 1000;
/// Events in one answer of channels.getAdminLog.
pub const LOG_PAGE: i64 = 100;
/// Pages of that log that one call looks through for a name.
pub const LOG_ROUNDS: usize = 10;
/// Seconds for which the log of administrators goes back: 48 hours (G-238).
pub const ADMIN_LOG_S: i64 = 48 * 3600;
/// Users that one call invites into a channel.
pub const INVITED_PER_CALL: usize = 100;
/// Members in one answer of channels.getParticipants.
pub const MEMBERS_PER_ANSWER: i32 = 200;
/// Users who are told when somebody's name, photo or status changes: contacts and partners, the newest first.
pub const AUDIENCE: i64 = 1000;
/// Contacts that one user may have; each of them costs a row in every answer of getContacts.
pub const CONTACTS: i64 = 10_000;
/// Events in one answer of getChannelDifference.
pub const CHANNEL_DIFFERENCE_EVENTS: i64 = 100;
/// Events that a channel's client may be behind before it is told to begin anew with the newest messages.
pub const CHANNEL_DIFFERENCE_GAP: i32 = 3000;
/// Days for which the event log is kept; clients that were away longer begin anew.
pub const LOG_DAYS: i64 = 30;
/// Days for which a key is kept that nobody logged in on: whoever is still at the login screen makes a new one.
pub const UNUSED_KEY_DAYS: i64 = 30;
/// Days for which media that nobody shows is kept: uploads are used within minutes.
pub const UNUSED_MEDIA_DAYS: i64 = 1;
/// Rows that one step of a sweep removes, so that others can write in between.
pub const SWEEP_BATCH: i64 = 200;
/// Conversations of Saved Messages that one user may pin (G-416).
pub const PINNED_SAVED_DIALOGS: usize = 5;
/// Conversations that one user may pin (pinned_dialogs_count_max).
pub const PINNED_DIALOGS: usize = 5;
/// Messages that one call of deleteHistory removes; the client calls again for the rest.
pub const DELETE_BATCH: i64 = 500;
/// Events in one answer of getDifference (M-381).
pub const DIFFERENCE_EVENTS: i64 = 500;
/// Digits of a login code; with 6 a guess hits once in a million.
pub const CODE_DIGITS: u32 = 6;
/// Digits of a login code in the sandbox, as test phones have them (M-453).
pub const TEST_CODE_DIGITS: u32 = 5;
/// Seconds a login attempt lives; so long is a code given again to whoever asks again.
pub const CODE_LIFE_S: i64 = 300;
/// Seconds up to which the life of a code for strangers grows while they go on asking, so that they send the owner
/// one notice an hour and no more.
pub const STRANGE_CODE_LIFE_S: i64 = 3600;
/// Wrong guesses before an attempt dies (M-445).
pub const CODE_ATTEMPTS: i64 = 5;
/// Codes for one phone that one address may ask for within [`CODE_WINDOW_S`]; then FLOOD_WAIT.
pub const CODE_REQUESTS: i64 = 5;
/// Codes for any phones that one address may ask for within [`CODE_WINDOW_S`]: a school behind one address logs in.
pub const CODE_REQUESTS_PER_ADDRESS: i64 = 100;
/// Seconds of the window in which requests for codes are counted.
pub const CODE_WINDOW_S: i64 = 900;
/// Wrong guesses for one phone without a wait: as many as one attempt has.
pub const FREE_GUESSES: i64 = 5;
/// Wrong guesses from one address, for any phones, without a wait.
pub const FREE_GUESSES_PER_ADDRESS: i64 = 50;
/// Seconds of wait after the first guess that is not free; each further one doubles it.
pub const GUESS_WAIT_S: i64 = 60;
/// The longest wait between two guesses: whoever guesses all day has 36 guesses in a million, twice that from an
/// address where the account is logged in, and still less than one chance in 10,000.
pub const GUESS_WAIT_MAX_S: i64 = 3600;
/// Seconds without a wrong guess after which earlier ones are forgotten.
pub const GUESS_MEMORY_S: i64 = 86_400;
/// Seconds for which a login token is shown (M-462).
pub const LOGIN_TOKEN_LIFE_S: i64 = 30;
/// Seconds within which a device goes on after its token was accepted.
pub const ACCEPTED_TOKEN_LIFE_S: i64 = 300;
/// Seconds for which a login may wait for its password.
pub const PASSWORD_STAGE_S: i64 = 3600;
/// Seconds within which a password check has to be answered (M-487): time to type.
pub const CHALLENGE_LIFE_S: i64 = 600;
/// Password checks that wait for their answer, half a kilobyte each; the oldest goes first.
pub const CHALLENGES: usize = 10_000;
/// Characters of the hint of a password.
pub const HINT_LENGTH: usize = 255;
/// Seconds that exported authorizations live (M-472).
pub const EXPORT_LIFE_S: i64 = 300;
/// Seconds that account.updateStatus keeps a user online without another sign of life.
pub const ONLINE_S: i64 = 60;
/// A session younger than this may not end others (M-458); not in the sandbox.
pub const FRESH_AUTHORIZATION_S: i64 = 86_400;
/// Parts of one file (upload_max_fileparts_default, M-502): 2000 MiB in parts of 512 KiB.
pub const FILE_PARTS: usize = 4000;
/// Bytes of one part (M-500).
pub const FILE_PART_BYTES: usize = 512 * 1024;
/// Seconds without a new part after which an upload is forgotten (M-506).
pub const UPLOAD_LIFE_S: i64 = 6 * 3600;
/// Seconds for which an upload that became a file may be used again, as clients do after an error.
pub const UPLOAD_DONE_LIFE_S: i64 = 900;
/// Unfinished uploads of one auth key. Clients upload a handful of files at once; albums bring ten more.
pub const UPLOADS_PER_KEY: usize = 1000;
/// Bytes in unfinished uploads of one auth key: four files of the largest kind.
pub const UPLOAD_BYTES_PER_KEY: u64 = 8 << 30;
/// Seconds that a key above these limits is told to wait (M-511).
pub const UPLOAD_WAIT_S: i64 = 60;
/// Bytes of an image file that is decoded; the official server has the same limit for photos.
pub const IMAGE_BYTES: u64 = 10 << 20;
/// Width plus height of an image that is decoded, as the official server has it.
pub const IMAGE_SIDES: u32 = 10_000;
/// The longer side of a photo by the shorter one, as the official server has it.
pub const IMAGE_RATIO: u32 = 20;
/// Bytes that the decoder of one image may allocate: the largest image with 16 bits per channel needs 200 MB.
pub const IMAGE_MEMORY: u64 = 256 << 20;
/// Images that are processed at once; with the limit above, all of them fit into a small machine.
pub const IMAGE_JOBS: usize = 2;
/// Attributes of one document; the schema knows eight kinds.
pub const DOCUMENT_ATTRIBUTES: usize = 16;
/// Bytes of a mime type; longer ones are no mime types.
pub const MIME_TYPE_BYTES: usize = 127;
/// Bytes of a vcard.
pub const VCARD_BYTES: usize = 2048;
/// Characters of the title of a topic (G-264).
pub const TOPIC_TITLE_LENGTH: usize = 128;
/// Topics of one forum.
pub const TOPICS_PER_FORUM: i32 = 5000;
/// Topics in one answer (G-273).
pub const TOPIC_PAGE: i64 = 100;
/// Pinned topics of a forum (G-274).
pub const PINNED_TOPICS: i64 = 5;
/// Who commented last, in the sum of a post's comments (G-250).
pub const RECENT_REPLIERS: usize = 3;
/// Messages that wait in one queue (G-341).
pub const SCHEDULED_PER_CHAT: i64 = 100;
/// How far ahead a message may be planned: 367 days (G-341).
pub const SCHEDULE_AHEAD_S: i64 = 367 * 86_400;
/// Administrators of a channel who are told of its queue.
pub const SCHEDULED_TOLD: i64 = 50;
/// The longest time after which messages delete themselves: 365 days (G-336).
pub const TTL_MAX_S: i32 = 365 * 86_400;
/// Users, groups and plain rules in the rules for one key (G-422).
pub const PRIVACY_ENTRIES: usize = 1000;
/// Bytes of an e-mail address.
pub const EMAIL_BYTES: usize = 254;
/// How long a code for a password's address lives.
pub const PASSWORD_CODE_LIFE_S: i64 = 3600;
/// How long it takes until a forgotten password goes: seven days (G-427).
pub const RESET_WAIT_S: i64 = 7 * 86_400;
/// How long after a declined reset the next one may begin.
pub const RESET_AGAIN_S: i64 = 86_400;
/// How long bytes may stand for a password (G-428).
pub const TMP_PASSWORD_S: std::ops::RangeInclusive<i32> = 60..=86_400;
/// After how many days without use an account may be deleted.
pub const ACCOUNT_TTL_DAYS: std::ops::RangeInclusive<i32> = 30..=730;
/// What an account says of that until its owner sets it.
pub const ACCOUNT_TTL_DEFAULT_DAYS: i32 = 548;
/// Exceptions in one answer of account.getNotifyExceptions.
pub const NOTIFY_EXCEPTIONS: i64 = 1000;
/// Bytes of a setting that is one value.
pub const SETTING_BYTES: usize = 4096;
/// Characters of an invoice's title (B-128).
pub const INVOICE_TITLE_LENGTH: usize = 32;
/// Characters of an invoice's description.
pub const INVOICE_DESCRIPTION_LENGTH: usize = 255;
/// Bytes that a bot notes at an invoice.
pub const INVOICE_PAYLOAD_BYTES: usize = 128;
/// Prices in one invoice.
pub const INVOICE_PRICES: usize = 100;
/// The most that an invoice may cost, in the smallest unit.
pub const INVOICE_AMOUNT_MAX: i64 = 100_000_000;
/// Stars in one payment.
pub const STARS_MAX: i64 = 1_000_000;
/// Suggested tips of an invoice (B-129).
pub const SUGGESTED_TIPS: usize = 4;
/// Forms of one user that are being filled in at once; the oldest makes room.
pub const OPEN_FORMS_PER_USER: usize = 32;
/// Characters of each thing that a payer says of itself, and of each name of a way to send something.
pub const REQUESTED_INFO_LENGTH: usize = 256;
/// Ways in which one thing can be sent.
pub const SHIPPING_OPTIONS: usize = 100;
/// How long a form may be filled in.
pub const REQUESTED_INFO_LIFE_S: i64 = 3600;
/// Rows in one answer about stars (B-144).
pub const STAR_PAGE: i64 = 100;
/// Pages of bots that may send a message for one user, open at once; the oldest makes room.
pub const OPEN_APPS_PER_USER: usize = 32;
/// Bytes of the colours that a page is told of (B-147).
pub const APP_THEME_BYTES: usize = 8192;
/// Bytes of what a client calls its platform.
pub const APP_PLATFORM_BYTES: usize = 64;
/// How long such a page may do so after the client's last sign of life (B-158).
pub const APP_LIFE_S: i64 = 120;
/// Bytes that a page sends to its bot (B-161).
pub const APP_DATA_BYTES: usize = 4096;
/// Characters of the button that opened it.
pub const APP_BUTTON_LENGTH: usize = 256;
/// Characters of what a link hands over to a bot (B-119).
pub const START_PARAM_LENGTH: usize = 512;
/// Messages of one album.
pub const ALBUM: usize = 10;
/// Photos in one answer of photos.getUserPhotos.
pub const PHOTO_PAGE: usize = 100;
/// Bytes of one range of upload.getFileHashes (M-521).
pub const HASH_RANGE_BYTES: u32 = 128 * 1024;
/// Ranges in one answer of upload.getFileHashes: 1 MiB, as much as one getFile.
pub const HASH_RANGES: usize = 8;
/// Characters of a sticker set's title, and of its short name.
pub const STICKER_SET_NAME_LENGTH: usize = 64;
/// Stickers that a new set begins with.
pub const NEW_STICKERS: usize = 50;
/// Stickers or masks in a set.
pub const STICKERS_PER_SET: usize = 120;
/// Custom emoji in a set.
pub const EMOJI_PER_SET: usize = 200;
/// Sets of one owner: more than anybody made, and a bound for one list.
pub const SETS_PER_OWNER: i64 = 1000;
/// Sets of one kind that a user sees; the next one archives the last.
pub const INSTALLED_SETS: i64 = 200;
/// Archived sets of one kind that a user keeps: as many as an answer can list.
pub const ARCHIVED_SETS: i64 = 1000;
/// Sets in one answer, for lists that come in pages.
pub const SET_PAGE: i64 = 100;
/// Emoji that a sticker stands for.
pub const EMOJI_PER_STICKER: usize = 20;
/// Words that a sticker is found by.
pub const STICKER_KEYWORDS: usize = 20;
/// Characters of those words in all.
pub const STICKER_KEYWORDS_LENGTH: usize = 64;
/// Bytes of a picture in a set.
pub const STICKER_BYTES: u64 = 512 * 1024;
/// Bytes of a picture among custom emoji.
pub const EMOJI_BYTES: u64 = 128 * 1024;
/// Bytes of an animation in a set.
pub const STICKER_TGS_BYTES: u64 = 64 * 1024;
/// Bytes of a video in a set.
pub const STICKER_WEBM_BYTES: u64 = 256 * 1024;
/// Bytes of a video among custom emoji.
pub const EMOJI_WEBM_BYTES: u64 = 64 * 1024;
/// Bytes of a picture that stands for a set.
pub const SET_THUMB_BYTES: u64 = 128 * 1024;
/// Bytes of what moves and stands for a set.
pub const SET_MOVING_THUMB_BYTES: u64 = 32 * 1024;
/// Those who are told at once that a set that they installed changed; the others see it when they ask for their lists.
pub const INSTALLERS_TOLD: i64 = 1000;
/// Custom emoji in one call of messages.getCustomEmojiDocuments.
pub const EMOJI_DOCUMENTS: usize = 200;
/// Favourite stickers of a user, as the configuration says.
pub const FAVED_STICKERS: i64 = 5;
/// Stickers that a user used last, as the configuration says.
pub const RECENT_STICKERS: i64 = 200;
/// Saved animations of a user, as the configuration says.
pub const SAVED_GIFS: i64 = 200;
/// Stickers for one emoji in one answer.
pub const EMOJI_FOUND: i64 = 200;
