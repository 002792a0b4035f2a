-- Times are Unix milliseconds; 0 in disable_time and verify_time is "never".
CREATE TABLE users (
    id           VARCHAR(36)  NOT NULL PRIMARY KEY,
    username     VARCHAR(128) NOT NULL CONSTRAINT users_username_key UNIQUE,
    display_name VARCHAR(255),
    avatar_url   VARCHAR(512),
    lang_tag     VARCHAR(18)  NOT NULL DEFAULT 'en',
    location     VARCHAR(255),
    timezone     VARCHAR(255),
    metadata     TEXT         NOT NULL DEFAULT '{}',
    wallet       TEXT         NOT NULL DEFAULT '{}',
    email        VARCHAR(255),
    password     VARCHAR(72), -- a bcrypt hash
    custom_id    VARCHAR(128),
    create_time  BIGINT       NOT NULL,
    update_time  BIGINT       NOT NULL,
    verify_time  BIGINT       NOT NULL DEFAULT 0,
    disable_time BIGINT       NOT NULL DEFAULT 0
);

CREATE UNIQUE INDEX users_email_key ON users (email) WHERE email IS NOT NULL;
CREATE UNIQUE INDEX users_custom_id_key ON users (custom_id) WHERE custom_id IS NOT NULL;

CREATE TABLE user_device (
    id      VARCHAR(128) NOT NULL PRIMARY KEY,
    user_id VARCHAR(36)  NOT NULL REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX user_device_user_id ON user_device (user_id);
