-- One text for both engines: the PostgreSQL form is derived from it (migrate.rs). Every table of the messenger leads
-- with the id of its owner, so that a distributed PostgreSQL can shard by it.
--
-- Peers and boxes are marked ids in one column: a user's id, minus a basic group's id, −10¹² minus a channel's id.

CREATE TABLE auth_keys (
    key_id           BIGINT PRIMARY KEY,
    secret           BLOB NOT NULL,
    created_at       BIGINT NOT NULL,
    dc               BIGINT NOT NULL,
    layer            BIGINT,
    api_id           BIGINT,
    device_model     TEXT NOT NULL DEFAULT '',
    system_version   TEXT NOT NULL DEFAULT '',
    app_version      TEXT NOT NULL DEFAULT '',
    system_lang_code TEXT NOT NULL DEFAULT '',
    lang_pack        TEXT NOT NULL DEFAULT '',
    lang_code        TEXT NOT NULL DEFAULT ''
);
-- For the sweep of keys that nobody ever logged in on.
CREATE INDEX auth_keys_created ON auth_keys (created_at);

-- Who is logged in on which key. `hash` is what clients see of it.
CREATE TABLE authorizations (
    key_id     BIGINT PRIMARY KEY REFERENCES auth_keys (key_id) ON DELETE CASCADE,
    user_id    BIGINT NOT NULL,
    hash       BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    active_at  BIGINT NOT NULL,
    ip         TEXT NOT NULL
);
CREATE INDEX authorizations_user ON authorizations (user_id);

-- What protects login codes. Only time clears the counters: not a login, and not an attempt that is given up.
CREATE TABLE login_counters (
    -- what is counted, and whose it is: a phone, an address, or both
    what TEXT NOT NULL,
    who  TEXT NOT NULL,
    count BIGINT NOT NULL,
    -- start of the window, or time of the last one, as the counter has it
    at   BIGINT NOT NULL,
    PRIMARY KEY (what, who)
);
CREATE INDEX login_counters_at ON login_counters (at);

-- The code that is given to those who ask for a phone's; apart for addresses where the account is logged in.
CREATE TABLE login_phone_codes (
    phone      TEXT NOT NULL,
    known      BIGINT NOT NULL,
    code       TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (phone, known)
);

CREATE TABLE login_attempts (
    code_hash  TEXT PRIMARY KEY,
    phone      TEXT NOT NULL,
    known      BIGINT NOT NULL,
    code       TEXT NOT NULL,
    wrong      BIGINT NOT NULL,
    verified   BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX login_attempts_phone ON login_attempts (phone, known);
CREATE INDEX login_attempts_expiry ON login_attempts (expires_at);

-- Cloud passwords: what the server needs to check one, and never the password itself (M-481).
CREATE TABLE passwords (
    user_id    BIGINT PRIMARY KEY,
    salt1      BLOB NOT NULL,
    salt2      BLOB NOT NULL,
    verifier   BLOB NOT NULL,
    hint       TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    -- the address at which it is recovered, and one that is still to be confirmed; '' for none
    email         TEXT NOT NULL,
    pending_email TEXT NOT NULL,
    -- when it goes because its owner forgot it, and when the owner declined that last; 0 for never
    reset_at    BIGINT NOT NULL,
    declined_at BIGINT NOT NULL
);

-- Codes sent to those addresses. kind: 1 confirms one, 2 recovers a password.
CREATE TABLE password_codes (
    user_id    BIGINT NOT NULL,
    kind       BIGINT NOT NULL,
    code       TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    wrong      BIGINT NOT NULL,
    PRIMARY KEY (user_id, kind)
) WITHOUT ROWID;

-- Keys on which a login has still to give the password (M-491).
CREATE TABLE password_stages (
    key_id  BIGINT PRIMARY KEY REFERENCES auth_keys (key_id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL,
    at      BIGINT NOT NULL
);
CREATE INDEX password_stages_at ON password_stages (at);

-- Logins by QR code (M-462 … M-469): the token that a key shows, hashed, and who accepted it.
CREATE TABLE login_tokens (
    key_id     BIGINT PRIMARY KEY REFERENCES auth_keys (key_id) ON DELETE CASCADE,
    token_hash BLOB NOT NULL,
    expires_at BIGINT NOT NULL,
    user_id    BIGINT
);
CREATE UNIQUE INDEX login_tokens_hash ON login_tokens (token_hash);
CREATE INDEX login_tokens_expiry ON login_tokens (expires_at);

-- One-time bytes of auth.exportAuthorization (M-470 … M-472), hashed.
CREATE TABLE exported_authorizations (
    token_hash BLOB PRIMARY KEY,
    user_id    BIGINT NOT NULL,
    dc_id      BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE users (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    phone      TEXT UNIQUE,
    first_name TEXT NOT NULL,
    last_name  TEXT NOT NULL,
    username   TEXT,
    about      TEXT NOT NULL DEFAULT '',
    photo_id   BIGINT,
    -- stripped thumbnail of that photo, which every mention of the user carries
    photo_thumb BLOB,
    last_seen  BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    deleted    BIGINT NOT NULL DEFAULT 0,
    -- the DC that the account is at home in; 0 where one listener plays them all
    home_dc    BIGINT NOT NULL DEFAULT 0,
    -- for which keys it has rules of its own (table privacy), and whether it blocked anybody, as bits
    hides      BIGINT NOT NULL DEFAULT 0
);

-- Public names of users and channels, in lower case.
CREATE TABLE usernames (
    folded TEXT PRIMARY KEY,
    peer   BIGINT NOT NULL
);
CREATE INDEX usernames_peer ON usernames (peer);

CREATE TABLE contacts (
    owner_id   BIGINT NOT NULL,
    user_id    BIGINT NOT NULL,
    first_name TEXT NOT NULL,
    last_name  TEXT NOT NULL,
    phone      TEXT NOT NULL,
    added_at   BIGINT NOT NULL,
    PRIMARY KEY (owner_id, user_id)
) WITHOUT ROWID;
CREATE INDEX contacts_reverse ON contacts (user_id, owner_id);
CREATE INDEX contacts_phone ON contacts (owner_id, phone);

CREATE TABLE user_photos (
    user_id  BIGINT NOT NULL,
    photo_id BIGINT NOT NULL,
    added_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, photo_id)
) WITHOUT ROWID;

-- Who may see or do what (G-422): canonical TL Vector<PrivacyRule> per key.
CREATE TABLE privacy (
    user_id BIGINT NOT NULL,
    key     BIGINT NOT NULL,
    rules   BLOB NOT NULL,
    PRIMARY KEY (user_id, key)
) WITHOUT ROWID;

-- Whom a user blocked: users, and chats and channels too.
CREATE TABLE blocked (
    owner_id   BIGINT NOT NULL,
    peer       BIGINT NOT NULL,
    blocked_at BIGINT NOT NULL,
    PRIMARY KEY (owner_id, peer)
) WITHOUT ROWID;

-- Counters of message boxes, one row per user and per channel. `floor_*` say up to where the log was trimmed: the pts,
-- and the last message id at that pts. `unread` is that of a user's private chats and basic groups; `top_*` and
-- `messages` are those of a channel.
CREATE TABLE boxes (
    box_id    BIGINT PRIMARY KEY,
    pts       BIGINT NOT NULL,
    last_id   BIGINT NOT NULL,
    floor_pts BIGINT NOT NULL,
    floor_id  BIGINT NOT NULL,
    unread    BIGINT NOT NULL,
    top_id    BIGINT NOT NULL,
    top_date  BIGINT NOT NULL,
    messages  BIGINT NOT NULL
);

-- What a message says, once for all boxes that show it. `body` is a canonical TL Message without its text; columns win
-- over what it holds. `copies` names the rows that were made of it: box and id, 12 bytes each. `rows_left` counts those
-- that still exist; with the last one the content goes.
CREATE TABLE contents (
    id         INTEGER PRIMARY KEY,
    author     BIGINT NOT NULL,
    date       BIGINT NOT NULL,
    edit_date  BIGINT,
    media_kind BIGINT NOT NULL,
    rows_left  BIGINT NOT NULL,
    text       TEXT NOT NULL,
    body       BLOB NOT NULL,
    copies     BLOB NOT NULL,
    -- whether anybody left a mark on it (table marks)
    marked     BIGINT NOT NULL DEFAULT 0,
    -- counters of a post
    views      BIGINT NOT NULL DEFAULT 0,
    forwards   BIGINT NOT NULL DEFAULT 0,
    -- canonical TL MessageReactions: what they are in sum
    reactions  BLOB,
    -- canonical TL MessageReplies of a message that begins a thread, or of a post with comments
    replies    BLOB
);

-- What people left on messages. kind: 1 a reaction, 2 a vote, 3 that the message mentions them, 4 that they saw a post.
-- `value` is the emoji, the id of a custom one, or the option.
CREATE TABLE marks (
    content_id BIGINT NOT NULL,
    kind       BIGINT NOT NULL,
    peer       BIGINT NOT NULL,
    position   BIGINT NOT NULL,
    value      BLOB NOT NULL,
    date       BIGINT NOT NULL,
    big        BIGINT NOT NULL,
    PRIMARY KEY (content_id, kind, peer, position)
) WITHOUT ROWID;
CREATE INDEX marks_newest ON marks (content_id, kind, date, peer) WHERE kind < 3;
-- Who chose one reaction or answer, without a look at the others.
CREATE INDEX marks_valued ON marks (content_id, kind, value, date, peer) WHERE kind < 3;
-- For the sweep of who saw posts.
CREATE INDEX marks_views ON marks (date) WHERE kind = 4;

-- Polls that end by themselves.
CREATE TABLE poll_ends (
    content_id BIGINT PRIMARY KEY,
    at         BIGINT NOT NULL
);
CREATE INDEX poll_ends_at ON poll_ends (at);

-- Messages that are to be sent later. `owner` is whose queue it is: the author, or a broadcast channel for its posts.
CREATE TABLE scheduled (
    owner      BIGINT NOT NULL,
    peer       BIGINT NOT NULL,
    id         BIGINT NOT NULL,
    author_id  BIGINT NOT NULL,
    random_id  BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    text       TEXT NOT NULL,
    -- canonical TL Message without its text
    body       BLOB NOT NULL,
    -- as whom it is sent, if its author said so
    send_as    BIGINT,
    PRIMARY KEY (owner, peer, id)
) WITHOUT ROWID;
CREATE INDEX scheduled_at ON scheduled (at, peer);

-- Messages that delete themselves.
CREATE TABLE expiring (
    content_id BIGINT PRIMARY KEY,
    at         BIGINT NOT NULL
);
CREATE INDEX expiring_at ON expiring (at);

-- Seconds after which new messages of a private chat delete themselves; the lower id first.
CREATE TABLE private_ttl (
    low    BIGINT NOT NULL,
    high   BIGINT NOT NULL,
    period BIGINT NOT NULL,
    PRIMARY KEY (low, high)
) WITHOUT ROWID;

-- What waits for a user's attention in a conversation: kind 1 reactions to its message, 3 a mention.
CREATE TABLE attention (
    user_id    BIGINT NOT NULL,
    peer       BIGINT NOT NULL,
    kind       BIGINT NOT NULL,
    msg_id     BIGINT NOT NULL,
    content_id BIGINT NOT NULL,
    PRIMARY KEY (user_id, peer, kind, msg_id)
) WITHOUT ROWID;
CREATE INDEX attention_content ON attention (content_id);

-- One small row per message and box. `pts` is that of its arrival.
CREATE TABLE messages (
    box_id       BIGINT NOT NULL,
    peer         BIGINT NOT NULL,
    id           BIGINT NOT NULL,
    content_id   BIGINT NOT NULL,
    author       BIGINT NOT NULL,
    date         BIGINT NOT NULL,
    pts          BIGINT NOT NULL,
    reply_to_id  BIGINT,
    media_kind   BIGINT NOT NULL,
    pinned       BIGINT NOT NULL,
    media_unread BIGINT NOT NULL,
    -- the thread or topic of a supergroup that it belongs to; 0 for none, and for a forum's General
    thread_id    BIGINT NOT NULL,
    PRIMARY KEY (box_id, peer, id)
) WITHOUT ROWID;
-- A user's box holds many conversations; a channel's box holds one, and needs no second way to its rows.
CREATE INDEX messages_by_id ON messages (box_id, id) WHERE box_id > 0;
CREATE INDEX messages_pinned ON messages (box_id, peer, id) WHERE pinned > 0;
CREATE INDEX messages_thread ON messages (box_id, thread_id, id) WHERE box_id < 0;
CREATE INDEX messages_media ON messages (box_id, peer, media_kind, id) WHERE media_kind > 0;

-- How many messages of a kind of media a conversation holds.
CREATE TABLE media_counts (
    box_id     BIGINT NOT NULL,
    peer       BIGINT NOT NULL,
    media_kind BIGINT NOT NULL,
    messages   BIGINT NOT NULL,
    PRIMARY KEY (box_id, peer, media_kind)
) WITHOUT ROWID;

-- What a repetition is known by. `day` comes first so that old ones go in one sweep.
CREATE TABLE random_ids (
    day        BIGINT NOT NULL,
    user_id    BIGINT NOT NULL,
    random_id  BIGINT NOT NULL,
    peer       BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    PRIMARY KEY (day, user_id, random_id)
) WITHOUT ROWID;

-- A user's conversations. `top_*`, `unread` and `messages` are for private chats and basic groups; those of a channel
-- are its box's.
CREATE TABLE dialogs (
    user_id      BIGINT NOT NULL,
    peer         BIGINT NOT NULL,
    top_id       BIGINT NOT NULL,
    top_date     BIGINT NOT NULL,
    read_inbox   BIGINT NOT NULL,
    read_outbox  BIGINT NOT NULL,
    unread       BIGINT NOT NULL,
    messages     BIGINT NOT NULL,
    unread_mark  BIGINT NOT NULL DEFAULT 0,
    pinned_order BIGINT,
    folder_id    BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, peer)
) WITHOUT ROWID;
CREATE INDEX dialogs_newest ON dialogs (user_id, top_date, top_id) WHERE top_id > 0;
CREATE INDEX dialogs_pinned ON dialogs (user_id, pinned_order) WHERE pinned_order IS NOT NULL;

-- `thread_id` as in messages; 1 for a forum's General.
CREATE TABLE drafts (
    user_id   BIGINT NOT NULL,
    peer      BIGINT NOT NULL,
    thread_id BIGINT NOT NULL DEFAULT 0,
    body      BLOB NOT NULL,
    PRIMARY KEY (user_id, peer, thread_id)
) WITHOUT ROWID;

-- How far users have read threads and topics, and how far others have read what they wrote there.
CREATE TABLE thread_reads (
    user_id     BIGINT NOT NULL,
    peer        BIGINT NOT NULL,
    thread_id   BIGINT NOT NULL,
    read_inbox  BIGINT NOT NULL,
    read_outbox BIGINT NOT NULL,
    PRIMARY KEY (user_id, peer, thread_id)
) WITHOUT ROWID;

-- Topics of forums. General has id 1.
CREATE TABLE topics (
    channel_id    BIGINT NOT NULL,
    id            BIGINT NOT NULL,
    title         TEXT NOT NULL,
    icon_color    BIGINT NOT NULL,
    icon_emoji_id BIGINT,
    -- who made it, as members see it, and who really did
    author        BIGINT NOT NULL,
    creator_id    BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    closed        BIGINT NOT NULL,
    hidden        BIGINT NOT NULL,
    -- place among the pinned ones, lowest first
    pinned_order  BIGINT,
    top_id        BIGINT NOT NULL,
    PRIMARY KEY (channel_id, id)
) WITHOUT ROWID;
CREATE INDEX topics_newest ON topics (channel_id, top_id);

-- Which message of a discussion group is the copy of which post.
CREATE TABLE comments (
    channel_id BIGINT NOT NULL,
    post_id    BIGINT NOT NULL,
    group_id   BIGINT NOT NULL,
    root_id    BIGINT NOT NULL,
    PRIMARY KEY (channel_id, post_id)
) WITHOUT ROWID;
CREATE INDEX comments_root ON comments (group_id, root_id);

-- What happened in a box beside the arrival of messages, which the rows themselves tell. kind: 2 edited message (peer
-- and message_id), 3 anything else, as a canonical TL Update in body. last_id is that of the box at that moment.
CREATE TABLE events (
    box_id     BIGINT NOT NULL,
    pts        BIGINT NOT NULL,
    pts_count  BIGINT NOT NULL,
    kind       BIGINT NOT NULL,
    peer       BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    last_id    BIGINT NOT NULL,
    date       BIGINT NOT NULL,
    body       BLOB,
    PRIMARY KEY (box_id, pts)
) WITHOUT ROWID;

-- Basic groups: up to 200 members, whose messages lie in each member's own box.
CREATE TABLE chats (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    title       TEXT NOT NULL,
    about       TEXT NOT NULL,
    creator_id  BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    deactivated BIGINT NOT NULL,
    migrated_to BIGINT,
    -- what members may not do, as bits of chatBannedRights
    banned      BIGINT NOT NULL,
    photo_id    BIGINT,
    photo_thumb BLOB,
    members     BIGINT NOT NULL,
    version     BIGINT NOT NULL,
    -- as in channels
    reactions   BLOB,
    reactions_limit BIGINT NOT NULL DEFAULT 0,
    ttl         BIGINT NOT NULL DEFAULT 0
);

-- Who is, was or may not be in a basic group. status: as in channel_members.
CREATE TABLE chat_members (
    chat_id    BIGINT NOT NULL,
    user_id    BIGINT NOT NULL,
    status     BIGINT NOT NULL,
    joined_at  BIGINT NOT NULL,
    inviter_id BIGINT NOT NULL,
    admin      BIGINT NOT NULL,
    rank       TEXT NOT NULL,
    PRIMARY KEY (chat_id, user_id)
) WITHOUT ROWID;
CREATE INDEX chat_members_user ON chat_members (user_id, chat_id) WHERE status = 1;

-- Supergroups and broadcast channels.
CREATE TABLE channels (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    broadcast  BIGINT NOT NULL,
    title      TEXT NOT NULL,
    about      TEXT NOT NULL,
    username   TEXT,
    creator_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    deleted    BIGINT NOT NULL,
    -- what members may not do, as bits of chatBannedRights
    banned     BIGINT NOT NULL,
    photo_id   BIGINT,
    photo_thumb BLOB,
    members    BIGINT NOT NULL,
    admins     BIGINT NOT NULL,
    -- the basic group that it was
    migrated_from BIGINT,
    signatures BIGINT NOT NULL DEFAULT 0,
    -- posts show the profiles of their authors
    profiles   BIGINT NOT NULL DEFAULT 0,
    -- seconds between two messages of a member
    slow_mode  BIGINT NOT NULL DEFAULT 0,
    hidden_history BIGINT NOT NULL DEFAULT 0,
    hidden_members BIGINT NOT NULL DEFAULT 0,
    noforwards BIGINT NOT NULL DEFAULT 0,
    -- an administrator decides who joins
    join_request BIGINT NOT NULL DEFAULT 0,
    -- canonical TL ChatReactions; all where nothing else was said
    reactions BLOB,
    -- kinds of reactions on one message; 0 for the most there may be
    reactions_limit BIGINT NOT NULL DEFAULT 0,
    -- whether its messages lie in topics; 2 if these are shown as tabs
    forum      BIGINT NOT NULL DEFAULT 0,
    -- the discussion group of a broadcast channel, the channel of a discussion group
    linked_id  BIGINT NOT NULL DEFAULT 0,
    -- only members may write, where guests could comment
    join_to_send BIGINT NOT NULL DEFAULT 0,
    -- seconds after which new messages delete themselves; 0 for never
    ttl        BIGINT NOT NULL DEFAULT 0
);

-- Who is, was or may not be in a channel. status: 1 member, 2 left, 3 removed and banned.
CREATE TABLE channel_members (
    channel_id BIGINT NOT NULL,
    user_id    BIGINT NOT NULL,
    status     BIGINT NOT NULL,
    joined_at  BIGINT NOT NULL,
    inviter_id BIGINT NOT NULL,
    creator    BIGINT NOT NULL,
    admin      BIGINT NOT NULL,
    banned     BIGINT NOT NULL,
    banned_until BIGINT NOT NULL,
    rank       TEXT NOT NULL,
    -- who made the user an administrator, or restricted it
    by_id      BIGINT NOT NULL DEFAULT 0,
    -- messages up to this one are hidden from the user
    hidden_until BIGINT NOT NULL DEFAULT 0,
    -- when the user wrote last, while the group has a slow mode
    posted_at  BIGINT NOT NULL DEFAULT 0,
    -- whether the user sees a forum as one list of messages
    as_messages BIGINT NOT NULL DEFAULT 0,
    -- as whom the user writes unless it says otherwise; NULL for as itself
    send_as    BIGINT,
    -- messages up to this one the user took out of its own view
    cleared_until BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (channel_id, user_id)
) WITHOUT ROWID;
-- Channels as which nobody may write in a group.
CREATE TABLE channel_sender_bans (
    channel_id BIGINT NOT NULL,
    sender_id  BIGINT NOT NULL,
    by_id      BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    PRIMARY KEY (channel_id, sender_id)
) WITHOUT ROWID;
CREATE INDEX channel_members_user ON channel_members (user_id, channel_id) WHERE status = 1;
CREATE INDEX channel_members_joined ON channel_members (channel_id, joined_at, user_id) WHERE status = 1;
CREATE INDEX channel_members_admins ON channel_members (channel_id, user_id) WHERE admin > 0;
CREATE INDEX channel_members_banned ON channel_members (channel_id, status, user_id) WHERE banned > 0;
CREATE INDEX channel_members_until ON channel_members (banned_until) WHERE banned_until > 0;

-- What administrators of a channel did (channels.getAdminLog); `kind` is a bit of channelAdminLogEventsFilter, `body`
-- the canonical TL ChannelAdminLogEventAction.
CREATE TABLE admin_log (
    channel_id BIGINT NOT NULL,
    id         BIGINT NOT NULL,
    user_id    BIGINT NOT NULL,
    date       BIGINT NOT NULL,
    kind       BIGINT NOT NULL,
    body       BLOB NOT NULL,
    PRIMARY KEY (channel_id, id)
) WITHOUT ROWID;
CREATE INDEX admin_log_date ON admin_log (date);

-- scope: 0 one conversation, 11 all private chats, 12 all groups, 13 all channels; `thread_id` as in drafts
CREATE TABLE notify_settings (
    owner_id  BIGINT NOT NULL,
    scope     BIGINT NOT NULL,
    peer      BIGINT NOT NULL,
    thread_id BIGINT NOT NULL DEFAULT 0,
    body      BLOB NOT NULL,
    PRIMARY KEY (owner_id, scope, peer, thread_id)
) WITHOUT ROWID;

-- Stored bytes, found by content.
CREATE TABLE blobs (
    sha256     BLOB PRIMARY KEY,
    size       BIGINT NOT NULL,
    -- media objects that show these bytes
    uses       BIGINT NOT NULL,
    created_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX blobs_unused ON blobs (created_at) WHERE uses = 0;

-- Photos and documents. kind: 1 photo, 2 document; body is the canonical TL object without access hash and reference.
CREATE TABLE media (
    id         BIGINT PRIMARY KEY,
    kind       BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    -- contents, profile photos and the like that show it
    uses       BIGINT NOT NULL,
    body       BLOB NOT NULL
);
CREATE INDEX media_unused ON media (created_at) WHERE uses = 0;

-- The bytes of a media object: thumb '' is the document itself, else a size letter (M-520).
CREATE TABLE media_blobs (
    media_id BIGINT NOT NULL,
    thumb    TEXT NOT NULL,
    sha256   BLOB NOT NULL,
    PRIMARY KEY (media_id, thumb)
) WITHOUT ROWID;

-- Settings of an account that are one opaque value each.
CREATE TABLE user_settings (
    owner_id BIGINT NOT NULL,
    name     TEXT NOT NULL,
    body     BLOB NOT NULL,
    PRIMARY KEY (owner_id, name)
) WITHOUT ROWID;

-- Which contents hold which words (repo/search.rs).
-- sqlite:
CREATE VIRTUAL TABLE search USING fts5 (
    scope, words, content = '', contentless_delete = 1, tokenize = 'ascii', detail = 'full'
);
-- end
-- postgres:
CREATE TABLE search (id BIGINT PRIMARY KEY, terms TSVECTOR NOT NULL);
CREATE INDEX search_terms ON search USING gin (terms);
-- end
CREATE TABLE search_state (content_id BIGINT PRIMARY KEY);

-- What SQLite is to believe of the tables, because without it a key that begins with the right columns looks as good as
-- the index that was made for a question, and finding one message reads the whole history. PostgreSQL counts by itself.
-- sqlite:
ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('messages', 'messages', '10000000 10000 1000 1'),
    ('messages', 'messages_by_id', '10000000 10000 1'),
    ('messages', 'messages_pinned', '10000 10 2 1'),
    ('messages', 'messages_media', '1000000 1000 100 20 1'),
    ('dialogs', 'dialogs', '1000000 100 1'),
    ('dialogs', 'dialogs_newest', '1000000 100 2 1'),
    ('dialogs', 'dialogs_pinned', '10000 2 1'),
    ('channel_members', 'channel_members', '1000000 1000 1'),
    ('channel_members', 'channel_members_user', '1000000 10 1'),
    ('channel_members', 'channel_members_joined', '1000000 1000 2 1'),
    ('channel_members', 'channel_members_admins', '10000 5 1');
ANALYZE sqlite_schema;
-- end
