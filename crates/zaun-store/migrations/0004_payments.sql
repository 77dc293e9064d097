-- What bots sell, and what was paid.

-- What stands behind an invoice, which the message itself does not show: canonical TL InputMediaInvoice.
CREATE TABLE invoices (
    content_id BIGINT PRIMARY KEY,
    bot_id     BIGINT NOT NULL,
    body       BLOB NOT NULL
);

-- The same, for invoices that are links.
CREATE TABLE invoice_links (
    slug       TEXT PRIMARY KEY,
    bot_id     BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    body       BLOB NOT NULL
);

CREATE TABLE payments (
    -- the number of the form, so that a form is paid once
    charge_id  TEXT PRIMARY KEY,
    user_id    BIGINT NOT NULL,
    bot_id     BIGINT NOT NULL,
    date       BIGINT NOT NULL,
    currency   TEXT NOT NULL,
    amount     BIGINT NOT NULL,
    tip        BIGINT NOT NULL,
    invoice    BLOB NOT NULL,
    -- canonical TL PaymentRequestedInfo and ShippingOption
    info       BLOB,
    shipping   BLOB,
    -- the message that says so, in the payer's box
    msg_id     BIGINT NOT NULL,
    refunded   BIGINT NOT NULL
);
CREATE INDEX payments_message ON payments (user_id, msg_id);

-- Stars of users and bots, and what became of them. `amount` is negative for what was spent.
CREATE TABLE stars (
    owner   BIGINT PRIMARY KEY,
    balance BIGINT NOT NULL
);
CREATE TABLE star_moves (
    owner    BIGINT NOT NULL,
    number   BIGINT NOT NULL,
    id       TEXT NOT NULL,
    date     BIGINT NOT NULL,
    amount   BIGINT NOT NULL,
    -- the other side; 0 for the server
    peer     BIGINT NOT NULL,
    title    TEXT NOT NULL,
    payload  BLOB,
    refund   BIGINT NOT NULL,
    PRIMARY KEY (owner, number)
) WITHOUT ROWID;
