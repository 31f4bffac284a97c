-- What an agent says before a person ends one of its calls; empty leaves the words to it.
ALTER TABLE agents ADD COLUMN farewell TEXT NOT NULL DEFAULT '';
