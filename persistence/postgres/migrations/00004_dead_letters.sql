-- +goose Up
-- Events that a receiver would not take. They are kept for people to look at; the oldest go first.
CREATE TABLE dead_letters (
    receiver text COLLATE "C" NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    at       bigint NOT NULL,
    why      text NOT NULL,
    event    bytea NOT NULL,
    PRIMARY KEY (receiver, event_id)
);
CREATE INDEX dead_letters_at ON dead_letters (at);
