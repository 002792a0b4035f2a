-- edge_count is how many others a user is tied to, in whatever state. The positions of
-- both tables of edges are Unix nanoseconds and order what has the same state.
ALTER TABLE users ADD COLUMN edge_count BIGINT NOT NULL DEFAULT 0;

CREATE TABLE user_edge (
    source_id      VARCHAR(36) NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    destination_id VARCHAR(36) NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    state          INTEGER     NOT NULL, -- 0 friends, 1 invited, 2 was invited, 3 blocked
    position       BIGINT      NOT NULL,
    update_time    BIGINT      NOT NULL,
    metadata       TEXT        NOT NULL, -- a JSON object
    PRIMARY KEY (source_id, destination_id)
);

CREATE INDEX user_edge_source_id_state_position ON user_edge (source_id, state, position, destination_id);
CREATE INDEX user_edge_destination_id ON user_edge (destination_id);

CREATE TABLE groups (
    id          VARCHAR(36)  NOT NULL PRIMARY KEY,
    creator_id  VARCHAR(36)  NOT NULL, -- may have been deleted, or the nil UUID
    name        VARCHAR(255) NOT NULL CONSTRAINT groups_name_key UNIQUE,
    folded_name TEXT         NOT NULL, -- the name in lower case, for searches
    description VARCHAR(255) NOT NULL,
    avatar_url  VARCHAR(512) NOT NULL,
    lang_tag    VARCHAR(18)  NOT NULL,
    metadata    TEXT         NOT NULL, -- a JSON object
    state       INTEGER      NOT NULL, -- 0 open, 1 closed
    edge_count  BIGINT       NOT NULL, -- superadmins, admins and members
    max_count   BIGINT       NOT NULL,
    create_time BIGINT       NOT NULL,
    update_time BIGINT       NOT NULL,
    CONSTRAINT groups_edge_count_check CHECK (edge_count >= 1 AND edge_count <= max_count)
);

CREATE INDEX groups_edge_count_update_time_id ON groups (edge_count, update_time, id);
CREATE INDEX groups_update_time_edge_count_id ON groups (update_time, edge_count, id);
CREATE INDEX groups_lang_tag_edge_count_id ON groups (lang_tag, edge_count, id);

CREATE TABLE group_edge (
    group_id    VARCHAR(36) NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    user_id     VARCHAR(36) NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    state       INTEGER     NOT NULL, -- 0 superadmin, 1 admin, 2 member, 3 asks to join, 4 banned
    position    BIGINT      NOT NULL,
    update_time BIGINT      NOT NULL,
    PRIMARY KEY (group_id, user_id)
);

CREATE INDEX group_edge_group_id_state_position ON group_edge (group_id, state, position, user_id);
CREATE INDEX group_edge_user_id_state_position ON group_edge (user_id, state, position, group_id);
