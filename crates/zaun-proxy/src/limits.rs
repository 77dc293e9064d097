//! Every limit of the proxy, by name and with its reason.

use std::time::Duration;

/// Connections at once unless the settings say otherwise: each has two descriptors, and systems allow 65,536 of them to a
/// service that asks.
pub const MAX_CONNECTIONS: usize = 30_000;
/// Secrets without a domain: each is tried against each first header, at about 150 ns.
pub const MAX_SCANNED_SECRETS: usize = 10_000;
/// Secrets of one domain: each is tried against each hello that names it, at about 1 µs.
pub const MAX_SECRETS_PER_DOMAIN: usize = 1_000;
/// Addresses whose last secret is remembered, so that it is tried first.
pub const MAX_HINTS: usize = 16_384;
/// Bytes that one read of an unknown client may bring: a hello with a post-quantum key share in one piece.
pub const FIRST_READ_BYTES: usize = 4096;
/// How long an unknown client may leave its first bytes unfinished before the cover site sees them too. Clients of ours
/// send them in one piece; what a stranger sees is late by this once.
pub const PATIENCE: Duration = Duration::from_millis(300);
/// How long a connection may take from its first byte to a whole header; longer than any network needs.
pub const HANDSHAKE: Duration = Duration::from_secs(10);
/// What is read of a stranger where there is no cover site, before the connection is closed.
pub const DRAIN_BYTES: usize = 64 * 1024;
/// How long such a stranger may stay, so that silence tells nothing and costs little (M-340).
pub const DRAIN_TIME: Duration = Duration::from_secs(60);
/// How long the cover site may take to accept.
pub const COVER_CONNECT: Duration = Duration::from_secs(5);
/// Headers and hellos of one generation of the replay guard: two of them are some 25 MB when they are full.
pub const MAX_SEEN: usize = 300_000;
/// Entries that wait to be written to the journal of the replay guard; beyond that the newest are kept in memory only.
pub const JOURNAL_QUEUE: usize = 4096;
/// Domains whose sites are imitated; the others are answered as if nothing was known of theirs.
pub const MAX_IMITATED: usize = 256;
/// Handshakes that are made with a site to learn how it answers: its signatures vary by a few bytes.
pub const PROBES: usize = 4;
/// Bytes that a site may send in a handshake; long chains of certificates have some ten thousand.
pub const MAX_FLIGHT_READ: usize = 64 * 1024;
/// How long a site may still answer a hello after the proxy has met it at its own door: nobody but the proxy itself leaves
/// it unanswered then.
pub const OWN_PATIENCE: Duration = Duration::from_secs(1);
/// How often sites are looked at again: certificates change after weeks.
pub const LEARN_AGAIN: Duration = Duration::from_secs(6 * 3600);
/// The same after one could not be looked at.
pub const LEARN_RETRY: Duration = Duration::from_secs(60);
/// Secrets whose traffic is remembered over a restart, those that were removed included.
pub const MAX_LEDGER_LINES: usize = 100_000;
/// How often traffic is written down: what a crash may make forgotten.
pub const LEDGER_TICK: Duration = Duration::from_secs(30);
/// Bytes that one read brings: what a socket holds of a fast download.
pub const READ_BYTES: usize = 64 * 1024;
/// A buffer of at most this size is kept by a quiet direction; larger ones are given back.
pub const KEPT_BYTES: usize = 2 * 1024;
/// The longest packet that is held until it is whole, for carriers of messages; Cloudflare takes none above 1 MiB.
pub const MAX_MESSAGE_BYTES: usize = 1 << 20;
/// What a client has sent is kept up to this until the server answers, to be sent again on another path: an application's
/// first packets, with room for a container of queries.
pub const MAX_FLIGHT_BYTES: usize = 64 * 1024;
/// How long a path may stay silent after a client's first packet before the next is tried. The slowest honest answers take
/// about a second.
pub const SILENCE: Duration = Duration::from_secs(4);
/// How long a half-closed connection may be quiet: what the other side still had to say comes at once.
pub const HALF_CLOSED: Duration = Duration::from_secs(30);
/// How long a path may take to connect, with TLS and the upgrade.
pub const CONNECT: Duration = Duration::from_secs(8);
/// How long a path has before the next begins beside it (RFC 8305 recommends it).
pub const STAGGER: Duration = Duration::from_millis(250);
/// Paths of one connection: routes of the settings times their names.
pub const MAX_PATHS: usize = 32;
/// Data centres whose paths are kept: five, the one of media, test ones, each for media too; clients name them, so there is
/// an end.
pub const MAX_TARGETS: usize = 64;
/// The first cool-down of a path that failed; it doubles.
pub const FIRST_COOL: Duration = Duration::from_secs(15);
/// The longest cool-down: no path is given up for ever.
pub const LONGEST_COOL: Duration = Duration::from_secs(300);
/// Networks whose winners are remembered; a laptop sees a handful.
pub const MAX_NETWORKS: usize = 16;
/// How long the network that was asked for is believed to be the same.
pub const NETWORK_LIFE: Duration = Duration::from_secs(2);
/// Idle connections that wait for one path, at most, whatever the settings say.
pub const MAX_POOL: usize = 64;
/// How long a pool stays filled after its last use.
pub const POOL_MEMORY: Duration = Duration::from_secs(600);
/// How often pools are looked after.
pub const POOL_TICK: Duration = Duration::from_secs(5);
/// Addresses that are counted for one secret at once; a secret without a limit counts no further.
pub const MAX_ADDRESSES: usize = 65_536;
/// How long a connection of a client is quiet before the system asks whether it still lives: applications ping each minute,
/// so only those that sleep or are gone are asked.
pub const KEEP_ALIVE_IDLE: Duration = Duration::from_secs(120);
/// How often it is asked again.
pub const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(30);
/// After how many unanswered questions it is over: a client that is gone is let go after four minutes.
pub const KEEP_ALIVE_PROBES: u32 = 4;
/// How long a listener rests after the system had no descriptor for it.
pub const ACCEPT_REST: Duration = Duration::from_millis(50);
