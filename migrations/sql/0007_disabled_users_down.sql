-- Sessions that a new password ended are valid again until they expire. Before this migration only the lack of a password keeps
-- a disabled user out, so their passwords are removed. A user who is enabled again needs a new one (flask user password).
UPDATE users SET password_hash = NULL WHERE disabled_at IS NOT NULL;
DROP INDEX ix_ended_sessions_ended_at;
DROP TRIGGER users_updated ON users;
DROP FUNCTION users_updated();
ALTER TABLE users DROP COLUMN sessions_from, DROP COLUMN disabled_at;
