//! Limits of the messenger, by name and with their reason.

/// Characters of a text message, in UTF-16 code units as clients count (help.getConfig message_length_max).
pub const MESSAGE_LENGTH: usize = 4096;
/// Characters of a caption (caption_length_max).
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
/// Messages named in one call.
pub const IDS_PER_CALL: usize = 100;
/// Contacts in one import.
pub const CONTACTS_PER_IMPORT: usize = 1000;
/// Conversations that one user may pin (pinned_dialogs_count_max).
pub const PINNED_DIALOGS: usize = 5;
/// Messages that one call of deleteHistory removes; the client calls again for the rest.
pub const DELETE_BATCH: i64 = 500;
/// Events in one answer of getDifference (M-381).
pub const DIFFERENCE_EVENTS: i64 = 500;
/// Seconds a login code lives.
pub const CODE_LIFE_S: i64 = 300;
/// Wrong tries before a code dies (M-445).
pub const CODE_ATTEMPTS: i64 = 5;
/// Codes that one phone may request …
pub const CODE_REQUESTS: i64 = 5;
/// … within so many seconds; then FLOOD_WAIT.
pub const CODE_WINDOW_S: i64 = 900;
/// Seconds that exported authorizations live (M-472).
pub const EXPORT_LIFE_S: i64 = 300;
/// Seconds that account.updateStatus keeps a user online without another sign of life.
pub const ONLINE_S: i64 = 60;
/// A session younger than this may not end others (M-458); not in the sandbox.
pub const FRESH_AUTHORIZATION_S: i64 = 86_400;
/// Parts of one file (upload_max_fileparts_default, M-502): 2000 MiB in parts of 512 KiB.
pub const FILE_PARTS: usize = 4000;
