-- +goose Up
-- Events that a receiver would not take. They are kept for people to look at; the oldest go first.
CREATE TABLE dead_letters (
    receiver TEXT NOT NULL,
    event_id TEXT NOT NULL,
    at       INTEGER NOT NULL,
    why      TEXT NOT NULL,
    event    BLOB NOT NULL,
    PRIMARY KEY (receiver, event_id)
) WITHOUT ROWID;
CREATE INDEX dead_letters_at ON dead_letters (at);
