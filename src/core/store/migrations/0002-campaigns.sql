-- Campaigns as plans that are carried out: what was confirmed, how each attempt was judged, what came of it.

-- A column's own CHECK goes with it: so is `ended` let in beside the other statuses.
ALTER TABLE campaigns RENAME COLUMN status TO old_status;
ALTER TABLE campaigns ADD COLUMN status TEXT NOT NULL DEFAULT 'active'
  CHECK (status IN ('active', 'paused', 'completed', 'ended'));
UPDATE campaigns SET status = old_status;
ALTER TABLE campaigns DROP COLUMN old_status;
ALTER TABLE campaigns ADD COLUMN question TEXT NOT NULL DEFAULT '';
ALTER TABLE campaigns ADD COLUMN plan TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(plan));
ALTER TABLE campaigns ADD COLUMN user_id TEXT;
ALTER TABLE campaigns ADD COLUMN conversation_id TEXT;
ALTER TABLE campaigns ADD COLUMN idempotency_key TEXT;
ALTER TABLE campaigns ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
ALTER TABLE campaigns ADD COLUMN max_concurrent INTEGER CHECK (max_concurrent >= 1);
ALTER TABLE campaigns ADD COLUMN undo_until INTEGER;
ALTER TABLE campaigns ADD COLUMN ended_at INTEGER;
ALTER TABLE campaigns ADD COLUMN end_reason TEXT;
ALTER TABLE campaigns ADD COLUMN done_at INTEGER;

CREATE UNIQUE INDEX campaigns_by_idempotency_key ON campaigns (tenant_id, idempotency_key)
  WHERE idempotency_key IS NOT NULL;
CREATE INDEX campaigns_not_done ON campaigns (tenant_id, id) WHERE done_at IS NULL;

ALTER TABLE tasks ADD COLUMN source TEXT CHECK (json_valid(source));
ALTER TABLE tasks ADD COLUMN hours TEXT CHECK (json_valid(hours));
ALTER TABLE tasks ADD COLUMN memory TEXT CHECK (json_valid(memory));
ALTER TABLE tasks ADD COLUMN next_prompt TEXT;
ALTER TABLE tasks ADD COLUMN last_verdict_id TEXT;
ALTER TABLE tasks ADD COLUMN last_verdict TEXT;
ALTER TABLE tasks ADD COLUMN question_id TEXT;
ALTER TABLE tasks ADD COLUMN analysis_failures INTEGER NOT NULL DEFAULT 0;

-- Tasks of one campaign and priority stand in one lane; those without a campaign share a lane. The next task of each
-- lane is one step into this index, however many wait behind it.
ALTER TABLE tasks ADD COLUMN lane TEXT GENERATED ALWAYS AS (COALESCE(campaign_id, '')) VIRTUAL;
ALTER TABLE tasks ADD COLUMN urgency INTEGER GENERATED ALWAYS AS (-priority) VIRTUAL;
CREATE INDEX tasks_lanes ON tasks (tenant_id, urgency, lane, next_action_at, id)
  WHERE status = 'pending' AND next_action_at IS NOT NULL;
DROP INDEX tasks_due;
CREATE INDEX tasks_held ON tasks (tenant_id, lane, lease_until) WHERE status = 'pending' AND lease_until IS NOT NULL;
CREATE INDEX tasks_running ON tasks (tenant_id, lane) WHERE status = 'in-progress';
CREATE INDEX tasks_to_judge ON tasks (tenant_id, next_action_at, id) WHERE status = 'pending_analysis';
CREATE INDEX tasks_progress ON tasks (tenant_id, campaign_id, status, attempts) WHERE campaign_id IS NOT NULL;

-- Whose turn it is: the lane with the smallest number waited longest.
CREATE TABLE lane_turns (
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  lane      TEXT NOT NULL,
  turn      INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, lane)
) STRICT, WITHOUT ROWID;

CREATE INDEX lane_turns_in_order ON lane_turns (tenant_id, turn);

CREATE TABLE verdicts (
  tenant_id         TEXT NOT NULL,
  id                TEXT NOT NULL,
  task_id           TEXT NOT NULL,
  call_id           TEXT NOT NULL,
  attempt           INTEGER NOT NULL,
  task_completed    INTEGER NOT NULL CHECK (task_completed IN (0, 1)),
  reason            TEXT NOT NULL,
  summary           TEXT NOT NULL,
  facts             TEXT NOT NULL CHECK (json_valid(facts)),
  sentiment         TEXT CHECK (sentiment IN ('positive', 'neutral', 'negative')),
  disposition       TEXT NOT NULL,
  moved_to          TEXT NOT NULL,
  next_action_at    INTEGER,
  next_action_words TEXT,
  next_prompt       TEXT,
  dnd_requested     INTEGER NOT NULL CHECK (dnd_requested IN (0, 1)),
  judged_by         TEXT NOT NULL CHECK (judged_by IN ('model', 'rules')),
  at                INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, id),
  -- An attempt is judged once.
  UNIQUE (tenant_id, call_id),
  FOREIGN KEY (tenant_id, task_id) REFERENCES tasks (tenant_id, id),
  FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id)
) STRICT;

CREATE INDEX verdicts_of_task ON verdicts (tenant_id, task_id, attempt);

CREATE TABLE conversations (
  tenant_id    TEXT NOT NULL REFERENCES tenants (id),
  id           TEXT NOT NULL,
  user_id      TEXT NOT NULL,
  display_name TEXT NOT NULL,
  stage        TEXT NOT NULL CHECK (stage IN ('clarifying', 'needs_more_info', 'plan_complete', 'scheduled')),
  plan         TEXT CHECK (json_valid(plan)),
  campaign_id  TEXT,
  created_at   INTEGER NOT NULL,
  updated_at   INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
  FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, id)
) STRICT;

CREATE INDEX conversations_of_user ON conversations (tenant_id, user_id, id);

-- Numbered, so that two messages of the same moment keep their order.
CREATE TABLE conversation_messages (
  seq             INTEGER PRIMARY KEY,
  tenant_id       TEXT NOT NULL,
  id              TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  role            TEXT NOT NULL CHECK (role IN ('user', 'assistant', 'tool')),
  text            TEXT NOT NULL,
  data            TEXT NOT NULL CHECK (json_valid(data)),
  at              INTEGER NOT NULL,
  UNIQUE (tenant_id, id),
  FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id)
) STRICT;

CREATE INDEX messages_of_conversation ON conversation_messages (tenant_id, conversation_id, seq);

CREATE TABLE reports (
  tenant_id   TEXT NOT NULL,
  id          TEXT NOT NULL,
  campaign_id TEXT NOT NULL,
  headline    TEXT NOT NULL,
  summary     TEXT NOT NULL,
  -- One entry for each contact.
  contacts    TEXT NOT NULL CHECK (json_valid(contacts)),
  cost_usd    REAL NOT NULL,
  written_by  TEXT NOT NULL CHECK (written_by IN ('model', 'rules')),
  written_at  INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, campaign_id),
  FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, id)
) STRICT;

CREATE TABLE owner_questions (
  tenant_id   TEXT NOT NULL,
  id          TEXT NOT NULL,
  user_id     TEXT NOT NULL,
  task_id     TEXT NOT NULL,
  call_id     TEXT NOT NULL,
  text        TEXT NOT NULL,
  asked_at    INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL,
  status      TEXT NOT NULL CHECK (status IN ('open', 'answered', 'expired')),
  answer      TEXT,
  answered_at INTEGER,
  in_time     INTEGER NOT NULL DEFAULT 0 CHECK (in_time IN (0, 1)),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
  FOREIGN KEY (tenant_id, task_id) REFERENCES tasks (tenant_id, id),
  FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id),
  CHECK ((status = 'answered') = (answer IS NOT NULL AND answered_at IS NOT NULL))
) STRICT;

CREATE INDEX owner_questions_unanswered ON owner_questions (tenant_id, status, user_id, expires_at)
  WHERE status <> 'answered';
CREATE INDEX owner_questions_of_task ON owner_questions (tenant_id, task_id, id);

CREATE TABLE model_usage (
  tenant_id  TEXT NOT NULL REFERENCES tenants (id),
  id         TEXT NOT NULL,
  purpose    TEXT NOT NULL,
  provider   TEXT NOT NULL,
  model      TEXT NOT NULL,
  counters   TEXT NOT NULL CHECK (json_valid(counters)),
  -- Null: nobody knows the price.
  cost_usd   REAL,
  subject_id TEXT,
  at         INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE INDEX model_usage_since ON model_usage (tenant_id, at, purpose, cost_usd);
CREATE INDEX model_usage_of_subject ON model_usage (tenant_id, subject_id, cost_usd) WHERE subject_id IS NOT NULL;
