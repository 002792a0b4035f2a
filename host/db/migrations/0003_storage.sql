-- The system: it owns what belongs to no user. Its times are those of this migration's
-- making, the beginning of 2026.
INSERT INTO users (id, username, create_time, update_time)
VALUES ('00000000-0000-0000-0000-000000000000', '', 1767225600000, 1767225600000)
ON CONFLICT DO NOTHING;

CREATE TABLE storage (
    collection  VARCHAR(128) NOT NULL,
    key         VARCHAR(128) NOT NULL,
    user_id     VARCHAR(36)  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    value       TEXT         NOT NULL, -- JSON, as it was sent
    version     VARCHAR(32)  NOT NULL, -- the md5 of value
    read        SMALLINT     NOT NULL,
    write       SMALLINT     NOT NULL,
    create_time BIGINT       NOT NULL,
    update_time BIGINT       NOT NULL,
    PRIMARY KEY (collection, key, user_id)
);

-- The two orders in which objects are listed: of everyone, and of one user.
CREATE INDEX storage_collection_read_key_user_id ON storage (collection, read, key, user_id);
CREATE INDEX storage_collection_user_id_read_key ON storage (collection, user_id, read, key);
CREATE INDEX storage_user_id ON storage (user_id);
