-- Times are milliseconds since 1970 by the database's clock. Text from outside is kept without NUL, see values.rs.

CREATE TABLE {s}.version (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    version integer NOT NULL
);

-- Our own jobs: intended -> expected | refused | unknown -> completed | gave_up.
CREATE TABLE {s}.job (
    rid bytea PRIMARY KEY CHECK (length(rid) = 16),
    kind text NOT NULL,
    namespace text,
    custom_id text NOT NULL,
    images integer NOT NULL,
    deliver boolean NOT NULL,
    state text NOT NULL,
    -- Whether its request may have left, while it is intended.
    has_left boolean NOT NULL DEFAULT false,
    -- The service's name for it, and when it was made by the service's clock.
    job_id text,
    created_at bigint,
    at bigint NOT NULL,
    due_at bigint,
    tries integer NOT NULL DEFAULT 0,
    ended_at bigint,
    by_webhook boolean NOT NULL DEFAULT false,
    why text
);
CREATE INDEX job_due ON {s}.job (due_at, rid) WHERE state IN ('expected', 'unknown');
CREATE INDEX job_intended ON {s}.job (at) WHERE state = 'intended';
CREATE INDEX job_ended ON {s}.job (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX job_took ON {s}.job (kind, ended_at) WHERE by_webhook;
-- A hash holds a name of any length, a b-tree none over 2.7 kB.
CREATE INDEX job_id ON {s}.job USING hash (job_id);

-- What was received: received -> ready -> leased -> done | dead.
CREATE TABLE {s}.event (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key bytea NOT NULL CHECK (length(key) = 32),
    -- Of one key one event is live; a key of raw bytes is free again after a day.
    live boolean NOT NULL DEFAULT true,
    rid bytea,
    kind text,
    job_id text,
    label text NOT NULL,
    state text NOT NULL,
    body bytea,
    size bigint NOT NULL,
    signed boolean NOT NULL,
    -- Counts the bodies that came while it was received.
    version bigint NOT NULL DEFAULT 1,
    generation bigint NOT NULL DEFAULT 0,
    attempts integer NOT NULL DEFAULT 0,
    tries integer NOT NULL DEFAULT 0,
    deliveries bigint NOT NULL,
    received_at bigint NOT NULL,
    confirmed_at bigint,
    done_at bigint,
    -- When it is due: to be confirmed, to be handled, or to have its lease lapse.
    next_at bigint,
    -- When it was due before it was leased.
    was_at bigint,
    error text
);
CREATE UNIQUE INDEX event_key ON {s}.event (key) WHERE live;
CREATE INDEX event_due ON {s}.event (next_at, seq) WHERE state IN ('ready', 'leased');
CREATE INDEX event_received ON {s}.event (next_at, seq) WHERE state = 'received';
CREATE INDEX event_done ON {s}.event (done_at) WHERE done_at IS NOT NULL;
CREATE INDEX event_state ON {s}.event (state, seq);
CREATE INDEX event_rid ON {s}.event (rid) WHERE rid IS NOT NULL;
CREATE INDEX event_job_id ON {s}.event USING hash (job_id);
-- Room in each page for the row's next state, so that most changes of it need no new entry in every index.
ALTER TABLE {s}.event SET (fillfactor = 80);

-- The masters of the callback keys: the last one signs.
CREATE TABLE {s}.master (
    made bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id smallint NOT NULL UNIQUE,
    master bytea NOT NULL
);

INSERT INTO {s}.version (version) VALUES (1);
