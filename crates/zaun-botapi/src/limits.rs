//! Limits of the Bot API, by name and with their reason.

use std::time::Duration;

/// Bytes of all parameters of a call (B-181).
pub const PARAMETER_BYTES: usize = 1 << 20;
/// Parameters of a call: no method has half as many, albums bring one for each file.
pub const PARAMETERS: usize = 128;
/// Files of a call (B-181).
pub const FILES: usize = 50;
/// Bytes of an uploaded file (B-192).
pub const UPLOAD_BYTES: usize = 50 << 20;
/// Bytes of a photo (B-192).
pub const PHOTO_BYTES: usize = 10 << 20;
/// Bytes of a file that is fetched from elsewhere (B-192).
pub const FETCHED_BYTES: usize = 20 << 20;
/// Bytes of a file that may be downloaded (B-199).
pub const DOWNLOAD_BYTES: i64 = 20 << 20;
/// Bytes of a text before it is parsed (B-251).
pub const PARSED_TEXT_BYTES: usize = 32_768;
/// Entities that one list names; the messenger takes fewer.
pub const TEXT_ENTITIES: usize = 1000;
/// Updates in one answer (B-207).
pub const UPDATES: i64 = 100;
/// Bytes of updates in one answer (B-207).
pub const UPDATES_BYTES: usize = 4 << 20;
/// Seconds for which a poller may wait (B-207).
pub const POLL_S: i64 = 50;
/// Kinds of updates that may be named; there are 27.
pub const UPDATE_KINDS: usize = 100;
/// Connections to one webhook (B-218).
pub const WEBHOOK_CONNECTIONS: i64 = 100;
/// The same, if a bot does not say it (B-218).
pub const WEBHOOK_CONNECTIONS_DEFAULT: i64 = 40;
/// How long a webhook may take to answer (B-225).
pub const WEBHOOK_SILENCE: Duration = Duration::from_secs(60);
/// The longest wait between two tries to reach a webhook (B-225).
pub const WEBHOOK_WAIT_MAX: Duration = Duration::from_secs(60);
/// The longest wait that a webhook may ask for (B-225).
pub const WEBHOOK_RETRY_AFTER_S: u64 = 3600;
/// Bytes of a webhook's answer that are read: a call with its parameters (B-227).
pub const WEBHOOK_ANSWER_BYTES: usize = 1 << 20;
/// Characters of a webhook's address.
pub const WEBHOOK_URL_BYTES: usize = 2048;
/// Characters of the secret that goes with each update (B-217).
pub const SECRET_TOKEN_LENGTH: usize = 256;
/// Bytes of the certificate of a webhook (B-219).
pub const CERTIFICATE_BYTES: usize = 3 << 20;
/// How long fetching a file from elsewhere may take.
pub const FETCH_TIME: Duration = Duration::from_secs(30);
/// Seconds for which a pressed button waits for a poller (B-096, B-212).
pub const CALLBACK_UPDATE_S: i64 = 150;
/// Seconds for which an inline query waits for a poller (B-105).
pub const INLINE_UPDATE_S: i64 = 30;
/// Seconds for which the news of a chosen result waits (B-112).
pub const CHOSEN_UPDATE_S: i64 = 600;
/// Seconds for which an answer to an inline query is given to others, if the bot does not say (B-106).
pub const INLINE_CACHE_DEFAULT_S: i64 = 300;
/// Messages named in one call (B-247).
pub const MESSAGES_PER_CALL: usize = 100;
/// Seconds after which a bot cannot delete a message any more (B-248).
pub const DELETE_TIME_S: i64 = 172_800;
/// Bots whose state is kept in memory; a bot that is not is read again at its next call.
pub const INSTANCES: usize = 100_000;
