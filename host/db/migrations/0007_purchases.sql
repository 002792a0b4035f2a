-- What stores have confirmed. A purchase outlives its user, as the nil UUID's, so that it
-- cannot be shown again as a new one. refund_time is 0 where there was no refund.
CREATE TABLE purchase (
    transaction_id VARCHAR(512) NOT NULL PRIMARY KEY,
    user_id        VARCHAR(36)  NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000' REFERENCES users (id) ON DELETE SET DEFAULT,
    store          SMALLINT     NOT NULL, -- 0 Apple, 1 Google, 2 Huawei, 3 Facebook Instant, 4 Samsung
    product_id     VARCHAR(512) NOT NULL,
    environment    SMALLINT     NOT NULL, -- 0 unknown, 1 sandbox, 2 production
    raw_response   TEXT         NOT NULL, -- JSON
    purchase_time  BIGINT       NOT NULL,
    refund_time    BIGINT       NOT NULL,
    create_time    BIGINT       NOT NULL,
    update_time    BIGINT       NOT NULL
);

CREATE INDEX purchase_purchase_time_user_id_transaction_id ON purchase (purchase_time, user_id, transaction_id);
CREATE INDEX purchase_user_id_purchase_time_transaction_id ON purchase (user_id, purchase_time, transaction_id);

CREATE TABLE subscription (
    original_transaction_id VARCHAR(512) NOT NULL PRIMARY KEY,
    user_id                 VARCHAR(36)  NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000' REFERENCES users (id) ON DELETE SET DEFAULT,
    store                   SMALLINT     NOT NULL,
    product_id              VARCHAR(512) NOT NULL,
    environment             SMALLINT     NOT NULL,
    raw_response            TEXT         NOT NULL, -- JSON, of a text that is JSON
    raw_notification        TEXT         NOT NULL, -- likewise
    purchase_time           BIGINT       NOT NULL,
    expire_time             BIGINT       NOT NULL,
    refund_time             BIGINT       NOT NULL,
    create_time             BIGINT       NOT NULL,
    update_time             BIGINT       NOT NULL
);

CREATE INDEX subscription_purchase_time_user_id_original_transaction_id ON subscription (purchase_time, user_id, original_transaction_id);
CREATE INDEX subscription_user_id_purchase_time_original_transaction_id ON subscription (user_id, purchase_time, original_transaction_id);
