-- Every table leads with the id of its owner, so that a distributed PostgreSQL can shard by it.

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

CREATE TABLE login_codes (
    phone      TEXT PRIMARY KEY,
    code       TEXT NOT NULL,
    code_hash  TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    attempts   BIGINT NOT NULL,
    -- requests since window_start, for FLOOD_WAIT
    requests     BIGINT NOT NULL,
    window_start BIGINT NOT NULL,
    verified     BIGINT NOT NULL
);

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
    deleted    BIGINT NOT NULL DEFAULT 0
);

-- Counters of a user's message box, apart from the profile because every message writes them.
CREATE TABLE boxes (
    owner_id        BIGINT PRIMARY KEY,
    pts             BIGINT NOT NULL,
    last_message_id BIGINT NOT NULL
);

CREATE TABLE usernames (
    folded  TEXT PRIMARY KEY,
    user_id BIGINT NOT NULL
);

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

CREATE TABLE user_photos (
    user_id  BIGINT NOT NULL,
    photo_id BIGINT NOT NULL,
    added_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, photo_id)
) WITHOUT ROWID;

-- peer_kind: 1 user, 2 basic group, 3 channel
CREATE TABLE dialogs (
    owner_id       BIGINT NOT NULL,
    peer_kind      BIGINT NOT NULL,
    peer_id        BIGINT NOT NULL,
    top_message    BIGINT NOT NULL,
    top_date       BIGINT NOT NULL,
    read_inbox_max BIGINT NOT NULL,
    read_outbox_max BIGINT NOT NULL,
    unread_count   BIGINT NOT NULL,
    unread_mark    BIGINT NOT NULL DEFAULT 0,
    pinned_order   BIGINT,
    draft          BLOB,
    PRIMARY KEY (owner_id, peer_kind, peer_id)
) WITHOUT ROWID;

-- One row per message and box. `body` is a canonical TL Message without its text; columns win over what it holds.
CREATE TABLE messages (
    owner_id   BIGINT NOT NULL,
    id         BIGINT NOT NULL,
    peer_kind  BIGINT NOT NULL,
    peer_id    BIGINT NOT NULL,
    from_id    BIGINT NOT NULL,
    outgoing   BIGINT NOT NULL,
    date       BIGINT NOT NULL,
    edit_date  BIGINT,
    pinned     BIGINT NOT NULL DEFAULT 0,
    media_kind BIGINT NOT NULL DEFAULT 0,
    -- the same message in the other party's box; null when it is gone there, or never was
    pair_id    BIGINT,
    text       TEXT NOT NULL,
    body       BLOB NOT NULL,
    PRIMARY KEY (owner_id, id)
) WITHOUT ROWID;
CREATE INDEX messages_peer ON messages (owner_id, peer_kind, peer_id, id);

CREATE TABLE random_ids (
    owner_id   BIGINT NOT NULL,
    random_id  BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    PRIMARY KEY (owner_id, random_id)
) WITHOUT ROWID;

-- The event log behind updates.getDifference. kind: 1 new message, 2 edited message (both by message_id),
-- 3 anything else, as a canonical TL Update in body.
CREATE TABLE updates (
    owner_id   BIGINT NOT NULL,
    pts        BIGINT NOT NULL,
    pts_count  BIGINT NOT NULL,
    kind       BIGINT NOT NULL,
    message_id BIGINT,
    body       BLOB,
    date       BIGINT NOT NULL,
    PRIMARY KEY (owner_id, pts)
) WITHOUT ROWID;

-- scope: 1 user, 2 basic group, 3 channel, 11 all users, 12 all groups, 13 all channels
CREATE TABLE notify_settings (
    owner_id BIGINT NOT NULL,
    scope    BIGINT NOT NULL,
    peer_id  BIGINT NOT NULL,
    body     BLOB NOT NULL,
    PRIMARY KEY (owner_id, scope, peer_id)
) WITHOUT ROWID;

-- Stored bytes, found by content.
CREATE TABLE blobs (
    sha256 BLOB PRIMARY KEY,
    size   BIGINT NOT NULL
) WITHOUT ROWID;

-- Photos and documents. kind: 1 photo, 2 document; body is the canonical TL object without access hash and reference.
CREATE TABLE media (
    id         BIGINT PRIMARY KEY,
    kind       BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    body       BLOB NOT NULL
);

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
