-- The DC that an account is at home in; 0 where one listener plays them all.
ALTER TABLE users ADD COLUMN home_dc BIGINT NOT NULL DEFAULT 0;
