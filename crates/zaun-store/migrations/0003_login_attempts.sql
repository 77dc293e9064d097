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
