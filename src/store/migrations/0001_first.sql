-- One SQL text for SQLite and PostgreSQL. Columns are TEXT, BIGINT or DOUBLE PRECISION only: more than
-- that the common driver cannot carry. Flags are 0/1, ids are UUIDv7 as text (they sort by time),
-- times are `2026-01-02T03:04:05.000006Z` (fixed width, so they sort as text), digests are 64
-- hexadecimal digits. A DOUBLE PRECISION is never NULL (store/codec.rs says why). README.md beside this file says how to change a table.

CREATE TABLE items (
    id          TEXT   NOT NULL PRIMARY KEY,
    body        TEXT,                       -- NULL when the text was not kept
    body_sha256 TEXT   NOT NULL,
    body_bytes  BIGINT NOT NULL,
    source      TEXT,
    external_id TEXT,
    author      TEXT,                       -- opaque; never indexed, never grouped by
    context     TEXT,
    created_at  TEXT   NOT NULL
);

CREATE TABLE moderations (
    id             TEXT   NOT NULL PRIMARY KEY,
    item_id        TEXT   NOT NULL REFERENCES items (id),
    extremism      DOUBLE PRECISION NOT NULL, -- -1 when the language is unsupported; the next two are NULL then
    scores         TEXT,                    -- JSON array in the order of Category::ALL
    context_scores TEXT,                    -- JSON array in the order of Context::ALL
    language       TEXT   NOT NULL,
    support        TEXT   NOT NULL,
    windows        BIGINT NOT NULL,
    window_start   BIGINT,
    window_end     BIGINT,
    band           TEXT   NOT NULL,
    categories     TEXT   NOT NULL,         -- JSON array of 0/1 in the order of Category::ALL
    model_name     TEXT   NOT NULL,
    model_digest   TEXT   NOT NULL,
    policy_version TEXT   NOT NULL,
    created_at     TEXT   NOT NULL
);
CREATE INDEX moderations_by_item ON moderations (item_id);

-- An item is before the reviewers once: the unique key is what makes it so.
CREATE TABLE review_jobs (
    id               TEXT   NOT NULL PRIMARY KEY,
    item_id          TEXT   NOT NULL UNIQUE REFERENCES items (id),
    moderation_id    TEXT   REFERENCES moderations (id),
    report_id        TEXT,                  -- the report that brought it here; NULL when the model did
    band_rank        BIGINT NOT NULL,       -- 2 urgent, 1 review
    score            DOUBLE PRECISION NOT NULL, -- -1 when there is none, so that it sorts last
    report_count     BIGINT NOT NULL,
    state            TEXT   NOT NULL,
    claimed_by       TEXT,
    claimed_at       TEXT,
    claim_expires_at TEXT,
    opened_at        TEXT   NOT NULL,
    decided_at       TEXT
);
CREATE INDEX review_jobs_in_order
    ON review_jobs (state, band_rank DESC, report_count DESC, score DESC, id);
CREATE INDEX review_jobs_by_expiry ON review_jobs (state, claim_expires_at);

CREATE TABLE reports (
    id         TEXT NOT NULL PRIMARY KEY,
    item_id    TEXT NOT NULL REFERENCES items (id),
    job_id     TEXT NOT NULL REFERENCES review_jobs (id),
    reason     TEXT NOT NULL,
    note       TEXT,
    reporter   TEXT,                        -- opaque; never indexed, never grouped by
    created_at TEXT NOT NULL
);
CREATE INDEX reports_by_job ON reports (job_id, id);

CREATE TABLE users (
    id            TEXT NOT NULL PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,            -- PHC string, Argon2id
    role          TEXT NOT NULL,
    created_at    TEXT NOT NULL
);

CREATE TABLE decisions (
    id         TEXT NOT NULL PRIMARY KEY,
    job_id     TEXT NOT NULL REFERENCES review_jobs (id),
    user_id    TEXT NOT NULL REFERENCES users (id),
    decision   TEXT NOT NULL,
    reason     TEXT NOT NULL,
    note       TEXT,
    created_at TEXT NOT NULL
);
CREATE INDEX decisions_by_job ON decisions (job_id, id);

CREATE TABLE sessions (
    id           TEXT NOT NULL PRIMARY KEY,
    token_sha256 TEXT NOT NULL UNIQUE,
    user_id      TEXT NOT NULL REFERENCES users (id),
    created_at   TEXT NOT NULL,
    expires_at   TEXT NOT NULL
);

CREATE TABLE api_keys (
    id            TEXT NOT NULL PRIMARY KEY,
    name          TEXT NOT NULL,
    prefix        TEXT NOT NULL,
    secret_sha256 TEXT NOT NULL UNIQUE,
    scopes        TEXT NOT NULL,            -- comma-separated
    created_at    TEXT NOT NULL,
    revoked_at    TEXT
);

CREATE TABLE audit_events (
    seq       BIGINT NOT NULL PRIMARY KEY,
    at        TEXT   NOT NULL,
    actor     TEXT   NOT NULL,
    kind      TEXT   NOT NULL,
    subject   TEXT   NOT NULL,
    detail    TEXT   NOT NULL,              -- JSON object of strings
    prev_hash TEXT   NOT NULL,
    hash      TEXT   NOT NULL
);

-- One row: the end of the chain. Whoever appends locks it, so the chain cannot fork; and rows cut off
-- the end are missed.
CREATE TABLE audit_head (
    id   BIGINT NOT NULL PRIMARY KEY,
    seq  BIGINT NOT NULL,
    hash TEXT   NOT NULL
);
INSERT INTO audit_head (id, seq, hash)
VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

CREATE TABLE idempotency_keys (
    client         TEXT NOT NULL,           -- the API key's id, or `keyless`
    key            TEXT NOT NULL,
    request_sha256 TEXT NOT NULL,
    answer         TEXT NOT NULL,           -- ids only
    created_at     TEXT NOT NULL,
    PRIMARY KEY (client, key)
);
