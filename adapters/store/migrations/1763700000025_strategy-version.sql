-- Which version of a user's strategy made a decision: a hash of its file; null for built-in ones.
ALTER TABLE decisions ADD COLUMN strategy_version text;
