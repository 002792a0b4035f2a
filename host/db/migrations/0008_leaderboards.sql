-- A tournament is a leaderboard with a duration. Times are Unix milliseconds, as everywhere,
-- but position is nanoseconds and orders listings; an expiry of 0 is never.
CREATE TABLE leaderboard (
    id             VARCHAR(128) NOT NULL PRIMARY KEY,
    position       BIGINT       NOT NULL,
    authoritative  INTEGER      NOT NULL, -- 0 or 1
    sort_order     INTEGER      NOT NULL, -- 0 ascending, 1 descending
    operator       INTEGER      NOT NULL, -- 0 best, 1 set, 2 increment, 3 decrement
    reset_schedule TEXT         NOT NULL, -- a cron expression, or empty
    metadata       TEXT         NOT NULL, -- a JSON object, or null
    create_time    BIGINT       NOT NULL,
    enable_ranks   INTEGER      NOT NULL, -- 0 or 1
    duration       BIGINT       NOT NULL, -- seconds; 0 is no tournament
    start_time     BIGINT       NOT NULL,
    end_time       BIGINT       NOT NULL, -- 0 is never
    title          VARCHAR(255) NOT NULL,
    description    VARCHAR(255) NOT NULL,
    category       INTEGER      NOT NULL,
    join_required  INTEGER      NOT NULL, -- 0 or 1
    max_size       BIGINT       NOT NULL, -- 2147483647 is no bound; then there is no size
    max_num_score  BIGINT       NOT NULL,
    size           BIGINT       NOT NULL, -- records of the period that size_expiry says
    size_expiry    BIGINT       NOT NULL  -- the greatest number is never
);

CREATE TABLE leaderboard_record (
    owner_id       VARCHAR(36)  NOT NULL, -- may be no user's
    leaderboard_id VARCHAR(128) NOT NULL REFERENCES leaderboard (id) ON DELETE CASCADE,
    expiry_time    BIGINT       NOT NULL,
    username       VARCHAR(128),
    score          BIGINT       NOT NULL CHECK (score >= 0),
    subscore       BIGINT       NOT NULL CHECK (subscore >= 0),
    num_score      BIGINT       NOT NULL,
    max_num_score  BIGINT       NOT NULL,
    metadata       TEXT         NOT NULL, -- a JSON object, or null
    create_time    BIGINT       NOT NULL,
    update_time    BIGINT       NOT NULL,
    PRIMARY KEY (owner_id, leaderboard_id, expiry_time)
);

CREATE INDEX leaderboard_record_score ON leaderboard_record (leaderboard_id, expiry_time, score, subscore, owner_id);
