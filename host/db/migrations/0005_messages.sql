-- What was said in channels. The ids sort in the order in which they were made, so that
-- they order what was said in the same millisecond.
CREATE TABLE message (
    id                VARCHAR(36)  NOT NULL CONSTRAINT message_id_key UNIQUE,
    code              SMALLINT     NOT NULL,
    sender_id         VARCHAR(36)  NOT NULL REFERENCES users (id) ON DELETE CASCADE, -- the nil UUID for the system
    username          VARCHAR(128) NOT NULL,
    stream_mode       SMALLINT     NOT NULL, -- 2 room, 3 group, 4 direct
    stream_subject    VARCHAR(36)  NOT NULL, -- the group, or the lower id of two users; else the nil UUID
    stream_descriptor VARCHAR(36)  NOT NULL, -- the higher id of two users; else the nil UUID
    stream_label      VARCHAR(128) NOT NULL, -- a room's name
    content           TEXT         NOT NULL, -- a JSON object, as it was sent
    create_time       BIGINT       NOT NULL,
    update_time       BIGINT       NOT NULL,
    PRIMARY KEY (stream_mode, stream_subject, stream_descriptor, stream_label, create_time, id)
);

CREATE INDEX message_sender_id ON message (sender_id);
