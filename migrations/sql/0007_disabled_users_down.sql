-- Sessions that a new password ended count again until they expire. Before this migration nothing keeps a disabled user out but
-- the lack of a password, so theirs is taken away: give a user who is wanted back a new one (flask user password).
UPDATE users SET password_hash = NULL WHERE disabled_at IS NOT NULL;
DROP INDEX ix_ended_sessions_ended_at;
DROP TRIGGER users_updated ON users;
DROP FUNCTION users_updated();
ALTER TABLE users DROP COLUMN sessions_from, DROP COLUMN disabled_at;
