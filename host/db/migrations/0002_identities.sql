-- Who a user is to the providers of identities.
ALTER TABLE users ADD COLUMN apple_id VARCHAR(128);
ALTER TABLE users ADD COLUMN facebook_id VARCHAR(128);
ALTER TABLE users ADD COLUMN facebook_instant_game_id VARCHAR(128);
ALTER TABLE users ADD COLUMN gamecenter_id VARCHAR(128);
ALTER TABLE users ADD COLUMN google_id VARCHAR(128);
ALTER TABLE users ADD COLUMN steam_id VARCHAR(128);

CREATE UNIQUE INDEX users_apple_id_key ON users (apple_id) WHERE apple_id IS NOT NULL;
CREATE UNIQUE INDEX users_facebook_id_key ON users (facebook_id) WHERE facebook_id IS NOT NULL;
CREATE UNIQUE INDEX users_facebook_instant_game_id_key ON users (facebook_instant_game_id) WHERE facebook_instant_game_id IS NOT NULL;
CREATE UNIQUE INDEX users_gamecenter_id_key ON users (gamecenter_id) WHERE gamecenter_id IS NOT NULL;
CREATE UNIQUE INDEX users_google_id_key ON users (google_id) WHERE google_id IS NOT NULL;
CREATE UNIQUE INDEX users_steam_id_key ON users (steam_id) WHERE steam_id IS NOT NULL;

-- The users whose deletion is to be remembered.
CREATE TABLE user_tombstone (
    user_id     VARCHAR(36) NOT NULL PRIMARY KEY,
    create_time BIGINT      NOT NULL
);
