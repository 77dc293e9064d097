-- Sets of stickers, masks and custom emoji.
CREATE TABLE sticker_sets (
    id            BIGINT PRIMARY KEY,
    -- the short name in lower case
    folded        TEXT NOT NULL UNIQUE,
    short_name    TEXT NOT NULL,
    title         TEXT NOT NULL,
    -- 0 stickers, 1 masks, 2 custom emoji
    kind          BIGINT NOT NULL,
    text_color    BIGINT NOT NULL,
    owner_id      BIGINT NOT NULL,
    -- the bot that made it for its owner; 0 for none
    bot_id        BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    count         BIGINT NOT NULL,
    hash          BIGINT NOT NULL,
    -- the picture of the set: a media object of its own, or one of the set's custom emoji
    thumb_id      BIGINT,
    thumb_version BIGINT NOT NULL,
    -- canonical TL PhotoSize; none for custom emoji
    thumb         BLOB
);
CREATE INDEX sticker_sets_owner ON sticker_sets (owner_id, id);

CREATE TABLE stickers (
    media_id BIGINT PRIMARY KEY,
    set_id   BIGINT NOT NULL,
    place    BIGINT NOT NULL,
    -- one after the other, the first before all
    emoji    TEXT NOT NULL,
    -- with commas between them
    keywords TEXT NOT NULL,
    -- canonical TL MaskCoords
    mask     BLOB
);
CREATE INDEX stickers_set ON stickers (set_id, place);

CREATE TABLE sticker_installs (
    user_id  BIGINT NOT NULL,
    set_id   BIGINT NOT NULL,
    kind     BIGINT NOT NULL,
    -- the highest is shown first
    place    BIGINT NOT NULL,
    date     BIGINT NOT NULL,
    archived BIGINT NOT NULL,
    PRIMARY KEY (user_id, set_id)
) WITHOUT ROWID;
CREATE INDEX sticker_installs_set ON sticker_installs (set_id);

-- The set of a supergroup.
CREATE TABLE channel_stickers (
    channel_id BIGINT PRIMARY KEY,
    set_id     BIGINT NOT NULL
);
CREATE INDEX channel_stickers_set ON channel_stickers (set_id);

-- What users keep of stickers and animations.
CREATE TABLE sticker_lists (
    user_id  BIGINT NOT NULL,
    -- 0 favourites, 1 used last, 2 put on pictures last, 3 saved animations
    list     BIGINT NOT NULL,
    media_id BIGINT NOT NULL,
    -- the highest is the newest
    number   BIGINT NOT NULL,
    date     BIGINT NOT NULL,
    PRIMARY KEY (user_id, list, media_id)
) WITHOUT ROWID;
CREATE INDEX sticker_lists_number ON sticker_lists (user_id, list, number);
