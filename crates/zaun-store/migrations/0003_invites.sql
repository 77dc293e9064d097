-- Links by which people come into groups and channels, and who asks to.

CREATE TABLE invites (
    -- what stands at the end of the link
    hash           TEXT PRIMARY KEY,
    -- the group or channel, as a marked id
    peer           BIGINT NOT NULL,
    admin_id       BIGINT NOT NULL,
    permanent      BIGINT NOT NULL,
    revoked        BIGINT NOT NULL,
    request_needed BIGINT NOT NULL,
    title          TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    -- when its terms changed last; 0 for never
    changed_at     BIGINT NOT NULL,
    -- 0 for never
    expires_at     BIGINT NOT NULL,
    -- 0 for no limit
    usage_limit    BIGINT NOT NULL,
    -- how many came by it, and how many ask to
    used           BIGINT NOT NULL,
    requested      BIGINT NOT NULL
);
CREATE INDEX invites_of_admin ON invites (peer, admin_id, revoked, created_at, hash);

-- Who came by a link, or asks to: the newest of a user in a group or channel.
CREATE TABLE invited (
    peer        BIGINT NOT NULL,
    user_id     BIGINT NOT NULL,
    -- empty for who asks by the public name
    hash        TEXT NOT NULL,
    date        BIGINT NOT NULL,
    requested   BIGINT NOT NULL,
    -- who let the user in; 0 for nobody
    approved_by BIGINT NOT NULL,
    PRIMARY KEY (peer, user_id)
);
CREATE INDEX invited_requests ON invited (peer, date, user_id) WHERE requested = 1;
CREATE INDEX invited_by_hash ON invited (hash, requested, date, user_id);
