-- +goose Up
-- Whose terminal an id is that the server made for a client which keeps nothing else.
CREATE TABLE terminals (
    id    TEXT PRIMARY KEY,
    key   TEXT NOT NULL,
    until INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX terminals_until ON terminals (until);
