-- +goose Up
-- One row per run of a node of a cluster. The beat moves with every renewal of the lease; a row that was
-- marked dead is never renewed again. It goes a day later.
CREATE TABLE nodes (
    boot     text COLLATE "C" PRIMARY KEY,
    name     text COLLATE "C" NOT NULL,
    address  text NOT NULL,
    url      text NOT NULL,
    beat     bigint NOT NULL,
    draining boolean NOT NULL,
    program  text NOT NULL,
    schema   bigint NOT NULL,
    envelope bigint NOT NULL,
    since    timestamptz NOT NULL,
    dead_at  timestamptz
) WITH (fillfactor = 50);

-- Who leads, until when, and in which term. The term moves with every new holder.
CREATE TABLE leaders (
    name   text COLLATE "C" PRIMARY KEY,
    holder text COLLATE "C" NOT NULL,
    term   bigint NOT NULL,
    until  timestamptz NOT NULL
);
