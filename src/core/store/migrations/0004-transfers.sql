-- Whom an agent may connect its callees with.
ALTER TABLE agents ADD COLUMN transfer_targets TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(transfer_targets));
