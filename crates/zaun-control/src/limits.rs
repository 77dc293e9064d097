//! Every limit of the control interface, each with its reason.

/// Bytes of a call: a scenario of some thousand lines.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Bytes of a file that a call brings: one part of an upload, and in base64 well below a call's limit.
pub const MAX_FILE_BYTES: usize = 512 * 1024;

/// Calls that run or wait at once: each holds one connection of a test.
pub const MAX_CALLS: usize = 256;

/// Milliseconds that a call waits unless it says how long: enough for a bot on a busy machine.
pub const WAIT_MS: i64 = 5_000;

/// Milliseconds that a call may wait: no test is better off with a longer silence.
pub const MAX_WAIT_MS: i64 = 60_000;

/// Milliseconds between two looks at what tells nobody that it changed.
pub const LOOK_MS: u64 = 10;

/// Pressed buttons whose answers are remembered; the oldest go first.
pub const MAX_PRESSES: usize = 1_024;

/// Snapshots that are kept; each has the size of the database, which begins with half a megabyte.
pub const MAX_SNAPSHOTS: usize = 16;

/// Rules for faults.
pub const MAX_FAULTS: usize = 256;

/// Characters of the text of an error.
pub const MAX_ERROR_CHARS: usize = 256;

/// How far into a query its method is looked for, in words: `initConnection` with long texts in front of it has some
/// hundred.
pub const MAX_WRAPPED_WORDS: usize = 256;

/// Names of methods that were asked for in vain: more than either interface has.
pub const MAX_MISSING: usize = 1_024;

/// Keys that name people and conversations: a scenario has tens.
pub const MAX_KEYS: usize = 10_000;

/// Characters of a key.
pub const MAX_KEY_CHARS: usize = 64;

/// Items of a list in a call.
pub const MAX_ITEMS: usize = 1_000;

/// Messages in an answer unless the call says how many.
pub const MESSAGES: i64 = 50;

/// Messages in an answer, which is the page of the messenger; waiting looks through as many.
pub const MAX_MESSAGES: i64 = 100;

/// Conversations in an answer.
pub const MAX_CHATS: i32 = 100;

/// Messages that a wait in vain shows, so that the test's report says what was there instead.
pub const MAX_SEEN: usize = 10;

/// Seconds by which the clock moves at once: ten years.
pub const MAX_ADVANCE_S: i64 = 315_360_000;

/// Test phones that are given out by themselves: those of one data centre.
pub const MAX_PHONES: u32 = 10_000;

/// Stars that one call gives.
pub const MAX_STARS: i64 = zaun_messenger::limits::STARS_MAX;

/// The largest tip of a payment, in the smallest unit.
pub const MAX_TIP: i64 = zaun_messenger::limits::INVOICE_AMOUNT_MAX;
