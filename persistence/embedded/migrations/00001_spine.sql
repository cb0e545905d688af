-- +goose Up
CREATE TABLE schema_info (min_binary INTEGER NOT NULL);
INSERT INTO schema_info VALUES (1);

-- One row per employee, changed in place. State is what session.Employee.AppendRow makes. A deleted
-- employee stays as a tombstone: rows are never removed.
CREATE TABLE employees (
    key         TEXT PRIMARY KEY,
    employee_id TEXT NOT NULL,
    version     INTEGER NOT NULL,
    epoch       INTEGER NOT NULL,
    state       BLOB NOT NULL
) WITHOUT ROWID;

-- The log: one row per commit. AUTOINCREMENT, so that a seq does not come back after a purge.
CREATE TABLE log (
    seq    INTEGER PRIMARY KEY AUTOINCREMENT,
    at     INTEGER NOT NULL,
    events BLOB NOT NULL
);

-- Clients' idempotency keys, for when the row had to drop one inside its lifetime.
CREATE TABLE client_keys (
    key     TEXT NOT NULL,
    hash    BLOB NOT NULL,
    body    BLOB NOT NULL,
    session BLOB NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (key, hash)
) WITHOUT ROWID;

CREATE TABLE profiles (
    key             TEXT PRIMARY KEY,
    username        TEXT NOT NULL,
    username_folded TEXT UNIQUE,
    first_name      TEXT NOT NULL,
    last_name       TEXT NOT NULL,
    email           TEXT NOT NULL,
    role            TEXT NOT NULL,
    legacy_id       INTEGER,
    password_hash   TEXT NOT NULL,
    credential      INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE settings (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

-- How far those who walk the log have come.
CREATE TABLE marks (name TEXT PRIMARY KEY, at TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE signing_keys (
    kid          TEXT PRIMARY KEY,
    alg          TEXT NOT NULL,
    private      BLOB NOT NULL,
    kek_id       TEXT NOT NULL,
    published_at INTEGER NOT NULL,
    signs_from   INTEGER NOT NULL,
    retired_at   INTEGER NOT NULL
) WITHOUT ROWID;
