-- Supervisors on calls: what only the agent heard, and what people write down about a call.

ALTER TABLE call_transcripts ADD COLUMN whispered INTEGER NOT NULL DEFAULT 0 CHECK (whispered IN (0, 1));

CREATE TABLE call_notes (
  tenant_id TEXT NOT NULL,
  id        TEXT NOT NULL,
  call_id   TEXT NOT NULL,
  user_id   TEXT NOT NULL,
  text      TEXT NOT NULL,
  at        INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
) STRICT;

CREATE INDEX call_notes_of_call ON call_notes (tenant_id, call_id, id);

CREATE TABLE call_tags (
  tenant_id TEXT NOT NULL,
  call_id   TEXT NOT NULL,
  -- Lower case, words parted by single spaces: written differently it would be another tag.
  tag       TEXT NOT NULL,
  user_id   TEXT NOT NULL,
  at        INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, call_id, tag),
  FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX call_tags_in_use ON call_tags (tenant_id, tag);
