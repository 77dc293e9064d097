//! Every limit of the server library, by name and with its reason.

use std::time::Duration;

/// Connections at once. Each costs a few KiB; the operating system's descriptor limit usually comes first.
pub const MAX_CONNECTIONS: usize = 200_000;
/// Connections of flooding addresses that are told −429 at the same time (M-050); more are dropped without a word.
pub const MAX_REFUSALS: usize = 256;
/// Temporary keys in memory; beyond it the oldest vanish before their time, as they may (M-148).
pub const MAX_TEMPORARY_KEYS: usize = 200_000;
/// Temporary keys that act for one permanent key; the oldest is dropped first. More than the one of M-164, because
/// clients bind one for each of their parallel connections.
pub const MAX_TEMPORARY_KEYS_PER_KEY: usize = 16;
/// The longest packet whose cause is looked for when it cannot be decrypted.
pub const MAX_EXPLAINED_BYTES: usize = 64 * 1024;
/// How long a fake-TLS hello is remembered: as long as its time would be accepted (M-345).
pub const REPLAY_LIFE: Duration = Duration::from_secs(700);
/// How long an HTTP connection may take to send the head of its next request.
pub const HTTP_IDLE: Duration = Duration::from_secs(120);
/// Sessions that one key may keep; the one unused for longest is forgotten first (M-191).
pub const MAX_SESSIONS_PER_KEY: usize = 128;
/// Sessions that one connection may carry (M-034): clients reuse connections, but not for crowds.
pub const MAX_SESSIONS_PER_CONNECTION: usize = 16;
/// Queries of one session that may run at once: as many as the most eager client keeps in flight.
pub const MAX_RUNNING_QUERIES: usize = 1024;
/// Finished queries of a session whose outcome is remembered for invokeAfterMsg (M-409).
pub const MAX_OUTCOMES: usize = 256;
/// Longest wait of invokeAfterMsg (M-411).
pub const INVOKE_AFTER_WAIT: Duration = Duration::from_millis(500);
/// A session without connections is forgotten after this (M-200).
pub const SESSION_LIFE: Duration = Duration::from_secs(600);
/// How often forgotten sessions and idle keys are swept out.
pub const SWEEP_INTERVAL: Duration = Duration::from_secs(30);
/// A connection that has not yet sent a valid encrypted packet may be silent for so long.
pub const STRANGER_IDLE: Duration = Duration::from_secs(75);
/// A connection with a session may be silent for so long; every client pings more often.
pub const SESSION_IDLE: Duration = Duration::from_secs(900);
/// A packet or a request has to be whole within this, and [`FRAME_BYTES_PER_S`] more time.
pub const FRAME_TIME: Duration = Duration::from_secs(60);
/// Bytes a second that the slowest client sends of a long packet: the slowest mobile lines have more.
pub const FRAME_BYTES_PER_S: u64 = 1024;
/// A client that takes nothing from its socket for so long is cut off; its session keeps the rest.
pub const WRITE_STALL: Duration = Duration::from_secs(60);
/// After its last word a connection waits so long for the client to take it and leave.
pub const LINGER: Duration = Duration::from_secs(1);
/// Bytes that are read and thrown away meanwhile.
pub const LINGER_BYTES: usize = 4 * 1024 * 1024;
/// Bytes gathered before they are written in one system call.
pub const WRITE_BATCH: usize = 256 * 1024;
/// Bytes read in one system call, into a buffer that belongs to the thread.
pub const READ_CHUNK: usize = 64 * 1024;
/// Key-exchange computations that may wait for a processor; more get −429 (M-146).
pub const MAX_QUEUED_COMPUTATIONS: usize = 1024;
/// Packets of one connection that are decrypted together: twice the lanes of the widest kernel.
pub const MAX_OPEN_PACKETS: usize = 32;
/// Packets of one connection that are encrypted together.
pub const MAX_SEAL_PACKETS: usize = 32;
/// Bytes of one connection that are encrypted together: eight lanes of the largest usual file part.
pub const SEAL_BYTES: usize = 4 * 1024 * 1024;
/// Sessions whose packets are encrypted together when many get the same object.
pub const FAN_OUT: usize = 256;
