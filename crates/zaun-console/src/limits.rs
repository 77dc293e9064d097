//! Every limit of the inspector, each with its reason.

/// Nesting at which a tree is cut off: deeper than any real object, shallow enough for the stack of a task.
pub const MAX_DEPTH: usize = 48;

/// Nodes of one packet's tree. A page of dialogs has some thousands; a page that has to draw more helps nobody.
pub const MAX_NODES: usize = 20_000;

/// Bytes that the gzip_packed objects of one packet may unpack to, as the server allows (M-272).
pub const MAX_UNPACKED_BYTES: usize = zaun_mtproto::gzip::MAX_UNPACKED;

/// gzip_packed objects that are opened in one packet: each has a buffer of its own in the event.
pub const MAX_GZIP: usize = 64;

/// Bytes of one buffer that go out as hex: parts of files would drown the stream, and nobody reads them.
pub const MAX_HEX_BYTES: usize = 16 * 1024;

/// Characters of a string's value; the rest is counted.
pub const MAX_VALUE_CHARS: usize = 4096;

/// Bytes of a `bytes` value that are shown in the tree; the hex view has more.
pub const MAX_VALUE_BYTES: usize = 64;

/// Characters of the one-line form in an event.
pub const MAX_LINE_CHARS: usize = 1000;

/// Characters of one string in the one-line form.
pub const MAX_LINE_VALUE_CHARS: usize = 80;

/// Queries whose answers a viewer still waits for, so that an answer can name its method.
pub const MAX_OPEN_QUERIES: usize = 4096;

/// Keys whose accounts a viewer remembers.
pub const MAX_KNOWN_KEYS: usize = 4096;

/// Viewers at once: each decodes for itself.
pub const MAX_VIEWERS: usize = 16;

/// Connections to one listener of the console: viewers, pages being loaded, and whoever is told to come back later.
pub const MAX_CONNECTIONS: usize = 64;

/// Lines that wait for a slow viewer; behind them the server's own backlog counts what is lost.
pub const MAX_WAITING_LINES: usize = 256;
