-- +goose Up
-- Whose terminal an id is that the server made for a client which keeps nothing else.
CREATE TABLE terminals (
    id    text COLLATE "C" PRIMARY KEY,
    key   text COLLATE "C" NOT NULL,
    until bigint NOT NULL
);
CREATE INDEX terminals_until ON terminals (until);
