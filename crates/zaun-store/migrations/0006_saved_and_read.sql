-- Saved Messages, by the conversations that its messages were saved from (G-414). `peer` is the marked id of such a
-- conversation: its owner's own for notes, and that of nobody's user for hidden authors.
CREATE TABLE saved_dialogs (
    user_id      BIGINT NOT NULL,
    peer         BIGINT NOT NULL,
    top_id       BIGINT NOT NULL,
    top_date     BIGINT NOT NULL,
    messages     BIGINT NOT NULL,
    -- place among the pinned ones, lowest first
    pinned_order BIGINT,
    PRIMARY KEY (user_id, peer)
) WITHOUT ROWID;
CREATE INDEX saved_dialogs_newest ON saved_dialogs (user_id, top_id);
CREATE INDEX saved_dialogs_pinned ON saved_dialogs (user_id, pinned_order) WHERE pinned_order IS NOT NULL;

-- Which messages belong to which of them.
CREATE TABLE saved_messages (
    user_id BIGINT NOT NULL,
    peer    BIGINT NOT NULL,
    id      BIGINT NOT NULL,
    PRIMARY KEY (user_id, peer, id)
) WITHOUT ROWID;
CREATE INDEX saved_messages_by_id ON saved_messages (user_id, id);

-- When users read up to which message, in private chats and small groups, for as long as anybody may ask. Ids are those
-- of the reader's view; `thread_id` is 0 for the whole conversation, 1 for a forum's General.
CREATE TABLE read_dates (
    user_id   BIGINT NOT NULL,
    peer      BIGINT NOT NULL,
    thread_id BIGINT NOT NULL,
    id        BIGINT NOT NULL,
    date      BIGINT NOT NULL,
    PRIMARY KEY (user_id, peer, thread_id, id)
) WITHOUT ROWID;
CREATE INDEX read_dates_date ON read_dates (date);
