-- The ids of both tables sort in the order in which they were made, so that they
-- order what was made in the same millisecond.
CREATE TABLE wallet_ledger (
    id          VARCHAR(36) NOT NULL PRIMARY KEY,
    user_id     VARCHAR(36) NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    changeset   TEXT        NOT NULL, -- a JSON object of whole numbers
    metadata    TEXT        NOT NULL, -- a JSON object, or null
    create_time BIGINT      NOT NULL,
    update_time BIGINT      NOT NULL
);

CREATE INDEX wallet_ledger_user_id_create_time_id ON wallet_ledger (user_id, create_time, id);

CREATE TABLE notification (
    id          VARCHAR(36)  NOT NULL PRIMARY KEY,
    user_id     VARCHAR(36)  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    subject     VARCHAR(255) NOT NULL,
    content     TEXT         NOT NULL, -- a JSON object, or null
    code        INTEGER      NOT NULL,
    sender_id   VARCHAR(36)  NOT NULL, -- the nil UUID for the system
    create_time BIGINT       NOT NULL
);

CREATE INDEX notification_user_id_create_time_id ON notification (user_id, create_time, id);
