-- Users who are disabled can sign in again, and sessions that a new password ended count again until they expire.
DROP INDEX ix_ended_sessions_ended_at;
DROP TRIGGER users_updated ON users;
DROP FUNCTION users_updated();
ALTER TABLE users DROP COLUMN sessions_from, DROP COLUMN disabled_at;
