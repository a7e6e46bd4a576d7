-- A user can be disabled, and a change of `sessions_from` ends a user's sessions. A session's cookie has the `sessions_from` of
-- its sign-in; when the two differ, the session has ended. They are compared for equality, so the clocks of web hosts do not
-- matter, and a restored dump brings no session back.
ALTER TABLE users
    ADD COLUMN disabled_at timestamptz,
    ADD COLUMN sessions_from timestamptz,
    ADD CONSTRAINT ck_users_disabled_at CHECK (disabled_at BETWEEN '1900-01-01' AND '9000-01-01'),
    ADD CONSTRAINT ck_users_sessions_from CHECK (sessions_from BETWEEN '1900-01-01' AND '9000-01-01');

-- A program that changes a password or a role or disables a user, psql included, ends that user's sessions. To renew the hash
-- of the same password, webapp/accounts/admin.py sets doorbell.same_password, and no session ends.
CREATE FUNCTION users_updated() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.role <> OLD.role
        OR (NEW.disabled_at IS NOT NULL AND OLD.disabled_at IS NULL)
        OR (NEW.password_hash IS DISTINCT FROM OLD.password_hash
            AND current_setting('doorbell.same_password', true) IS DISTINCT FROM 'on')
    THEN
        NEW.sessions_from := clock_timestamp();
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION users_updated() FROM PUBLIC;

CREATE TRIGGER users_updated BEFORE UPDATE OF password_hash, role, disabled_at ON users
    FOR EACH ROW EXECUTE FUNCTION users_updated();

-- The web processes read the recently ended sessions every few seconds.
CREATE INDEX ix_users_sessions_from ON users (sessions_from) WHERE sessions_from IS NOT NULL;
COMMENT ON INDEX ix_users_sessions_from IS
    'webapp/streams/revocation.py: users whose sessions ended lately';
CREATE INDEX ix_ended_sessions_ended_at ON ended_sessions (ended_at);
COMMENT ON INDEX ix_ended_sessions_ended_at IS
    'webapp/streams/revocation.py: sessions that were signed out lately';
