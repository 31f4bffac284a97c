-- The words of calls that are over, so that a call is found by what was said and by whom it was with.

-- The number by which the index knows a call: rows of calls have none that would stay theirs.
CREATE TABLE searchable_calls (
  doc       INTEGER PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  call_id   TEXT NOT NULL,
  UNIQUE (tenant_id, call_id),
  FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id) ON DELETE CASCADE
) STRICT;

-- One row a call, not one a turn: words that are looked for together may have been said in different turns, and a word
-- of every turn is one entry a call. Only the index is kept; the words themselves stay in the transcript.
CREATE VIRTUAL TABLE call_words USING fts5 (
  who, spoken, whispered,
  content = '', contentless_delete = 1, prefix = '1', tokenize = 'unicode61 remove_diacritics 2'
);

-- Turns are parted by a character nobody looks for, so that no phrase runs from one turn into the next.
CREATE VIEW call_texts AS
  SELECT s.doc, s.tenant_id, s.call_id,
    t.callee_name || ' ' || t.organization || ' ' || c.to_phone AS who,
    (SELECT group_concat(w.text, ' ' || char(0xE000) || ' ') FROM call_transcripts w
     WHERE w.tenant_id = s.tenant_id AND w.call_id = s.call_id AND w.whispered = 0) AS spoken,
    (SELECT group_concat(w.text, ' ' || char(0xE000) || ' ') FROM call_transcripts w
     WHERE w.tenant_id = s.tenant_id AND w.call_id = s.call_id AND w.whispered = 1) AS whispered
  FROM searchable_calls s
  JOIN calls c ON c.tenant_id = s.tenant_id AND c.id = s.call_id
  JOIN tasks t ON t.tenant_id = c.tenant_id AND t.id = c.task_id;

CREATE TRIGGER searchable_calls_added AFTER INSERT ON searchable_calls BEGIN
  INSERT INTO call_words (rowid, who, spoken, whispered)
    SELECT doc, who, spoken, whispered FROM call_texts WHERE doc = NEW.doc;
END;
CREATE TRIGGER searchable_calls_removed AFTER DELETE ON searchable_calls BEGIN
  DELETE FROM call_words WHERE rowid = OLD.doc;
END;

-- Once, when a call ends: nothing is written to the index while it runs.
CREATE TRIGGER calls_ended AFTER UPDATE OF status ON calls
WHEN OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL BEGIN
  INSERT INTO searchable_calls (tenant_id, call_id) VALUES (NEW.tenant_id, NEW.id);
END;

-- Turns that come, change or go after the end. (OR REPLACE would not do: the statement that fires a trigger decides.)
CREATE TRIGGER call_transcripts_added AFTER INSERT ON call_transcripts BEGIN
  DELETE FROM call_words WHERE rowid IN
    (SELECT doc FROM searchable_calls WHERE tenant_id = NEW.tenant_id AND call_id = NEW.call_id);
  INSERT INTO call_words (rowid, who, spoken, whispered)
    SELECT doc, who, spoken, whispered FROM call_texts WHERE tenant_id = NEW.tenant_id AND call_id = NEW.call_id;
END;
CREATE TRIGGER call_transcripts_changed AFTER UPDATE OF text, whispered ON call_transcripts
WHEN OLD.text <> NEW.text OR OLD.whispered <> NEW.whispered BEGIN
  DELETE FROM call_words WHERE rowid IN
    (SELECT doc FROM searchable_calls WHERE tenant_id = NEW.tenant_id AND call_id = NEW.call_id);
  INSERT INTO call_words (rowid, who, spoken, whispered)
    SELECT doc, who, spoken, whispered FROM call_texts WHERE tenant_id = NEW.tenant_id AND call_id = NEW.call_id;
END;
CREATE TRIGGER call_transcripts_removed AFTER DELETE ON call_transcripts BEGIN
  DELETE FROM call_words WHERE rowid IN
    (SELECT doc FROM searchable_calls WHERE tenant_id = OLD.tenant_id AND call_id = OLD.call_id);
  INSERT INTO call_words (rowid, who, spoken, whispered)
    SELECT doc, who, spoken, whispered FROM call_texts WHERE tenant_id = OLD.tenant_id AND call_id = OLD.call_id;
END;

INSERT INTO searchable_calls (tenant_id, call_id) SELECT tenant_id, id FROM calls WHERE ended_at IS NOT NULL ORDER BY id;
