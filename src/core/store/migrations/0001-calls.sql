-- Tenants, who calls, what is to be reached, each try at it, and everything that happened.
-- Instants are epoch ms. Rows of a customer carry tenant_id, and references carry it too, so that no row can point at
-- another customer's.

CREATE TABLE tenants (
  id                   TEXT PRIMARY KEY,
  name                 TEXT NOT NULL,
  status               TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended')),
  max_concurrent_calls INTEGER CHECK (max_concurrent_calls >= 0),
  created_at           INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
  tenant_id  TEXT NOT NULL REFERENCES tenants (id),
  id         TEXT NOT NULL,
  name       TEXT NOT NULL,
  roles      TEXT NOT NULL CHECK (json_valid(roles)),
  created_at INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE TABLE agents (
  tenant_id    TEXT NOT NULL REFERENCES tenants (id),
  id           TEXT NOT NULL,
  name         TEXT NOT NULL,
  organization TEXT NOT NULL,
  language     TEXT NOT NULL,
  voice_name   TEXT NOT NULL,
  instructions TEXT NOT NULL,
  created_at   INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE TABLE campaigns (
  tenant_id  TEXT NOT NULL REFERENCES tenants (id),
  id         TEXT NOT NULL,
  title      TEXT NOT NULL,
  status     TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused', 'completed')),
  created_at INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE TABLE tasks (
  tenant_id       TEXT NOT NULL REFERENCES tenants (id),
  id              TEXT NOT NULL,
  campaign_id     TEXT,
  agent_id        TEXT,
  phone           TEXT NOT NULL,
  callee_name     TEXT NOT NULL,
  organization    TEXT NOT NULL,
  agent_name      TEXT NOT NULL,
  action          TEXT NOT NULL,
  context         TEXT NOT NULL,
  language        TEXT NOT NULL,
  status          TEXT NOT NULL CHECK (status IN ('draft', 'pending', 'in-progress', 'pending_analysis', 'completed',
                                                  'failed_conclusive', 'on_hold', 'cancelled')),
  priority        INTEGER NOT NULL DEFAULT 0,
  attempts        INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0 AND attempts <= max_attempts),
  max_attempts    INTEGER NOT NULL CHECK (max_attempts >= 1),
  next_action_at  INTEGER,
  deadline_at     INTEGER,
  last_refusal    TEXT,
  timezone        TEXT,
  idempotency_key TEXT,
  -- A claim: held until then (null: by nobody), and the fencing token that rises with each claim.
  lease_until     INTEGER,
  lease_token     INTEGER NOT NULL DEFAULT 0,
  created_at      INTEGER NOT NULL,
  updated_at      INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, id),
  FOREIGN KEY (tenant_id, agent_id) REFERENCES agents (tenant_id, id)
) STRICT;

CREATE UNIQUE INDEX tasks_by_idempotency_key ON tasks (tenant_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX tasks_due ON tasks (tenant_id, next_action_at) WHERE status = 'pending';
CREATE INDEX tasks_by_status ON tasks (tenant_id, status, id);
CREATE INDEX tasks_by_campaign ON tasks (tenant_id, campaign_id, id) WHERE campaign_id IS NOT NULL;

CREATE TABLE calls (
  tenant_id     TEXT NOT NULL,
  id            TEXT NOT NULL,
  task_id       TEXT NOT NULL,
  attempt       INTEGER NOT NULL CHECK (attempt >= 1),
  carrier       TEXT NOT NULL,
  voice         TEXT NOT NULL,
  to_phone      TEXT NOT NULL,
  from_phone    TEXT,
  status        TEXT NOT NULL CHECK (status IN ('pending_initiation', 'initiating', 'dialing', 'in-progress',
                                                'completed_attempt', 'failed_attempt', 'dropped_connection')),
  disposition   TEXT,
  hangup_cause  TEXT,
  detail        TEXT,
  created_at    INTEGER NOT NULL,
  dialing_at    INTEGER,
  rang_at       INTEGER,
  answered_at   INTEGER,
  ended_at      INTEGER,
  duration_ms   INTEGER CHECK (duration_ms >= 0),
  cost_usd      REAL NOT NULL DEFAULT 0,
  usage         TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(usage)),
  stats         TEXT CHECK (json_valid(stats)),
  latency       TEXT CHECK (json_valid(latency)),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, task_id, attempt),
  FOREIGN KEY (tenant_id, task_id) REFERENCES tasks (tenant_id, id),
  -- Over and only then: an end, a cause and a disposition.
  CHECK ((status IN ('completed_attempt', 'failed_attempt', 'dropped_connection'))
         = (ended_at IS NOT NULL AND disposition IS NOT NULL AND hangup_cause IS NOT NULL AND duration_ms IS NOT NULL))
) STRICT;

-- Small however many calls there were; and no task ever has two live calls.
CREATE UNIQUE INDEX calls_live ON calls (tenant_id, task_id)
  WHERE status IN ('pending_initiation', 'initiating', 'dialing', 'in-progress');
CREATE INDEX calls_by_status ON calls (tenant_id, status, id);
CREATE INDEX calls_to_phone ON calls (tenant_id, to_phone, created_at);

-- Lines and turns are numbered, so that two of the same moment keep their order.
CREATE TABLE call_events (
  seq       INTEGER PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  call_id   TEXT NOT NULL,
  id        TEXT NOT NULL,
  at        INTEGER NOT NULL,
  kind      TEXT NOT NULL,
  detail    TEXT NOT NULL,
  FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id)
) STRICT;

CREATE INDEX call_events_of_call ON call_events (tenant_id, call_id, at, seq);

CREATE TABLE call_transcripts (
  seq         INTEGER PRIMARY KEY,
  tenant_id   TEXT NOT NULL,
  call_id     TEXT NOT NULL,
  id          TEXT NOT NULL,
  key         TEXT NOT NULL,
  speaker     TEXT NOT NULL CHECK (speaker IN ('callee', 'agent', 'supervisor')),
  text        TEXT NOT NULL,
  at_ms       INTEGER NOT NULL,
  end_ms      INTEGER NOT NULL,
  interrupted INTEGER NOT NULL CHECK (interrupted IN (0, 1)),
  UNIQUE (tenant_id, call_id, key),
  UNIQUE (tenant_id, id),
  FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id)
) STRICT;

CREATE TABLE recordings (
  tenant_id   TEXT NOT NULL,
  id          TEXT NOT NULL,
  call_id     TEXT NOT NULL,
  path        TEXT NOT NULL,
  opened_at   INTEGER NOT NULL,
  closed_at   INTEGER,
  duration_ms INTEGER,
  bytes       INTEGER,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, call_id),
  FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id)
) STRICT;

CREATE INDEX recordings_unfinished ON recordings (tenant_id, id) WHERE closed_at IS NULL;

CREATE TABLE dnd_list (
  id             TEXT PRIMARY KEY,
  -- Null: for every tenant.
  tenant_id      TEXT REFERENCES tenants (id),
  phone          TEXT NOT NULL,
  reason         TEXT NOT NULL,
  source         TEXT NOT NULL,
  created_at     INTEGER NOT NULL,
  removed_at     INTEGER,
  removed_reason TEXT
) STRICT;

CREATE UNIQUE INDEX dnd_listed ON dnd_list (phone, COALESCE(tenant_id, '')) WHERE removed_at IS NULL;
CREATE INDEX dnd_of_tenant ON dnd_list (tenant_id, id) WHERE removed_at IS NULL;

-- AUTOINCREMENT: an id is never used again, so that "after id" never misses an event.
CREATE TABLE events (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  at        INTEGER NOT NULL,
  type      TEXT NOT NULL,
  call_id   TEXT,
  -- The event's own fields as a JSON object.
  data      TEXT NOT NULL CHECK (json_valid(data))
) STRICT;

CREATE INDEX events_of_tenant ON events (tenant_id, id);
CREATE INDEX events_of_call ON events (tenant_id, call_id, id) WHERE call_id IS NOT NULL;
