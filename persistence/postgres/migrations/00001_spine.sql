-- +goose Up
CREATE TABLE schema_info (min_binary bigint NOT NULL);
INSERT INTO schema_info VALUES (1);

-- One row per employee, changed in place: half of each page is free and no column that changes has an
-- index, so that a change is a HOT update. State is what session.Employee.AppendRow makes; it stays
-- in the row, uncompressed, as long as a page can hold it. Rows are never removed: a deleted employee
-- stays as a tombstone.
CREATE TABLE employees (
    key         text COLLATE "C" PRIMARY KEY,
    employee_id text COLLATE "C" NOT NULL,
    version     bigint NOT NULL,
    epoch       bigint NOT NULL,
    state       bytea NOT NULL
) WITH (fillfactor = 50, toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE employees ALTER COLUMN state SET STORAGE EXTERNAL;

-- The log: one row per commit, by day of the server's clock. Within a writer seq is the order of
-- commits. Events are those of every employee in the commit, one after the other.
CREATE TABLE log (
    writer text COLLATE "C" NOT NULL,
    seq    bigint NOT NULL,
    txid   xid8 NOT NULL,
    at     timestamptz NOT NULL,
    events bytea NOT NULL
) PARTITION BY RANGE (at);
ALTER TABLE log ALTER COLUMN events SET STORAGE EXTERNAL;
CREATE INDEX log_writer_seq ON log (writer, seq);
CREATE INDEX log_at ON log (at);

-- Who writes the log: one row per connection that commits, made before its first commit. It goes an
-- hour after the server no longer has that connection.
CREATE TABLE log_writers (
    writer        text COLLATE "C" PRIMARY KEY,
    pid           integer NOT NULL,
    backend_start timestamptz NOT NULL,
    gone_at       timestamptz
);

-- Clients' idempotency keys, for when the row had to drop one inside its lifetime.
CREATE TABLE client_keys (
    key     text COLLATE "C" NOT NULL,
    hash    bytea NOT NULL,
    body    bytea NOT NULL,
    session bytea NOT NULL,
    at      bigint NOT NULL,
    PRIMARY KEY (key, hash)
);

CREATE TABLE profiles (
    key             text COLLATE "C" PRIMARY KEY,
    username        text NOT NULL,
    username_folded text COLLATE "C" CONSTRAINT profiles_username UNIQUE,
    first_name      text NOT NULL,
    last_name       text NOT NULL,
    email           text NOT NULL,
    role            text NOT NULL,
    legacy_id       bigint,
    password_hash   text NOT NULL,
    credential      bigint NOT NULL
);

CREATE TABLE settings (name text COLLATE "C" PRIMARY KEY, value bytea NOT NULL);

-- How far those who walk the log have come.
CREATE TABLE marks (name text COLLATE "C" PRIMARY KEY, at text COLLATE "C" NOT NULL);

CREATE TABLE signing_keys (
    kid          text COLLATE "C" PRIMARY KEY,
    alg          text NOT NULL,
    private      bytea NOT NULL,
    kek_id       text NOT NULL,
    published_at bigint NOT NULL,
    signs_from   bigint NOT NULL,
    retired_at   bigint NOT NULL
);
