-- Bots are users. Their version rises with what clients keep of them (commands, descriptions); 0 is no bot.
ALTER TABLE users ADD COLUMN bot_version BIGINT NOT NULL DEFAULT 0;
-- Bits of what a bot may do and does (repo/bots.rs).
ALTER TABLE users ADD COLUMN bot_flags BIGINT NOT NULL DEFAULT 0;
-- What stands in the field of whoever types an inline query; none if the bot takes none.
ALTER TABLE users ADD COLUMN bot_placeholder TEXT;

-- `token_mac` is a keyed hash of the token, `sealed` the token itself, encrypted: login links and mini apps are signed
-- with it, and its owner may ask for it (B-003, B-004). `former_mac` is that of the token that was revoked last.
CREATE TABLE bots (
    user_id    BIGINT PRIMARY KEY,
    owner_id   BIGINT NOT NULL,
    token_mac  BLOB NOT NULL,
    former_mac BLOB,
    sealed     BLOB NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX bots_owner ON bots (owner_id);

-- Users who let a bot write to them (B-047).
CREATE TABLE bot_users (
    bot_id  BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    since   BIGINT NOT NULL,
    PRIMARY KEY (bot_id, user_id)
) WITHOUT ROWID;

-- What a bot says of itself, per language; '' is for all others (B-065). What is not set is NULL.
CREATE TABLE bot_texts (
    bot_id      BIGINT NOT NULL,
    lang        TEXT NOT NULL,
    name        TEXT,
    about       TEXT,
    description TEXT,
    PRIMARY KEY (bot_id, lang)
) WITHOUT ROWID;

-- Lists of commands (B-057). scope: 0 default, 1 private chats, 2 groups, 3 administrators of groups, 4 a chat, 5 its
-- administrators, 6 a member of it. body: a canonical TL BotInfo.
CREATE TABLE bot_commands (
    bot_id  BIGINT NOT NULL,
    scope   BIGINT NOT NULL,
    peer    BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    lang    TEXT NOT NULL,
    body    BLOB NOT NULL,
    PRIMARY KEY (bot_id, scope, peer, user_id, lang)
) WITHOUT ROWID;

-- Bots that speak HTTP: the number of the newest update, which kinds are wanted (none: the usual ones), and where
-- updates are posted to. `webhook` is a JSON object of the settings, with the last failure.
CREATE TABLE bot_http (
    bot_id    BIGINT PRIMARY KEY,
    update_id BIGINT NOT NULL,
    allowed   TEXT,
    webhook   TEXT
);

-- How far the log of a box was read for a bot that speaks HTTP.
CREATE TABLE bot_cursors (
    bot_id BIGINT NOT NULL,
    box_id BIGINT NOT NULL,
    pts    BIGINT NOT NULL,
    PRIMARY KEY (bot_id, box_id)
) WITHOUT ROWID;

-- Updates that wait for a bot over HTTP, as JSON objects without their number.
CREATE TABLE bot_updates (
    bot_id     BIGINT NOT NULL,
    update_id  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    body       TEXT NOT NULL,
    PRIMARY KEY (bot_id, update_id)
) WITHOUT ROWID;
CREATE INDEX bot_updates_expiry ON bot_updates (expires_at);
