-- The audit log (webapp/audit/, docs/audit-log.md). Triggers refuse every change of an entry, for every role, with two exceptions:
-- personal data of an entry may become null, and whole months of a tenant may be removed. Both need an entry of their own in the
-- same transaction. There is no foreign key, so that entries stay when a user or a tenant is deleted.
CREATE TABLE audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY,
    -- set by a trigger, whatever the INSERT gives
    at timestamptz DEFAULT clock_timestamp() NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    -- null: not an action in a tenant, such as a sign-in with an unknown e-mail
    tenant_id bigint,
    kind text NOT NULL,
    -- browser, command line or worker
    origin text NOT NULL,
    -- a user's id; null: not a user's action
    actor_id bigint,
    -- as it was at that time; null after an erasure
    actor_name text,
    -- the id of the user to whom it was done
    subject_id bigint,
    subject text,
    -- what the page searches: a comparison in the collation "C" is leakproof, so that the index is used under a policy
    subject_key text COLLATE "C" GENERATED ALWAYS AS (lower(subject)) STORED,
    address text,
    -- the first characters of the session's id
    session text,
    browser text,
    -- personal data is below the key "person"
    details jsonb DEFAULT '{}' NOT NULL,
    erased_at timestamptz,
    CONSTRAINT pk_audit_log PRIMARY KEY (id),
    CONSTRAINT ck_audit_log_kind CHECK (kind ~ '^[a-z][a-z0-9_]{0,59}$'),
    CONSTRAINT ck_audit_log_origin CHECK (origin IN ('browser', 'command line', 'worker')),
    CONSTRAINT ck_audit_log_actor_name_length CHECK (length(actor_name) <= 500),
    CONSTRAINT ck_audit_log_subject_length CHECK (length(subject) <= 500),
    CONSTRAINT ck_audit_log_address_length CHECK (length(address) <= 60),
    CONSTRAINT ck_audit_log_session_length CHECK (length(session) <= 60),
    CONSTRAINT ck_audit_log_browser_length CHECK (length(browser) <= 100),
    CONSTRAINT ck_audit_log_details_length CHECK (jsonb_typeof(details) = 'object' AND length(details::text) <= 20000)
);
CREATE INDEX ix_audit_log_at ON audit_log (tenant_id, at DESC, id DESC);
CREATE INDEX ix_audit_log_kind ON audit_log (tenant_id, kind, at DESC, id DESC);
CREATE INDEX ix_audit_log_actor ON audit_log (tenant_id, actor_id, at DESC, id DESC);
CREATE INDEX ix_audit_log_address ON audit_log (tenant_id, address, at DESC, id DESC);
CREATE INDEX ix_audit_log_subject ON audit_log (tenant_id, subject_key, at DESC, id DESC);
CREATE INDEX ix_audit_log_xid ON audit_log (xid);
COMMENT ON INDEX ix_audit_log_at IS 'queries/audit_log.py: entries of a tenant, newest first; removal of old months';
COMMENT ON INDEX ix_audit_log_kind IS 'queries/audit_log.py: entries of a kind, newest first';
COMMENT ON INDEX ix_audit_log_actor IS 'queries/audit_log.py: entries of a user, newest first; erasure of a user';
COMMENT ON INDEX ix_audit_log_address IS 'queries/audit_log.py: entries from an address, newest first';
COMMENT ON INDEX ix_audit_log_subject IS 'queries/audit_log.py: entries whose subject begins with a text; erasure of an e-mail';
COMMENT ON INDEX ix_audit_log_xid IS 'audit/follower.py: entries that were committed since the last run; the triggers: entries of this transaction';

-- The follower has written the entries that this snapshot sees to the log.
CREATE TABLE audit_log_cursor (
    only_row boolean DEFAULT true NOT NULL,
    snapshot pg_snapshot NOT NULL,
    CONSTRAINT pk_audit_log_cursor PRIMARY KEY (only_row),
    CONSTRAINT ck_audit_log_cursor_only_row CHECK (only_row)
);
INSERT INTO audit_log_cursor (snapshot) VALUES (pg_current_snapshot());

CREATE FUNCTION audit_log_inserting() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.at := pg_catalog.clock_timestamp();
    NEW.xid := pg_catalog.pg_current_xact_id();
    NEW.erased_at := NULL;
    RETURN NEW;
END $$;

-- Personal data may become null; nothing else may change. OLD with the same fields as null must equal NEW with them as null.
CREATE FUNCTION audit_log_updating() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    before audit_log := OLD;
    after audit_log := NEW;
BEGIN
    NEW.erased_at := coalesce(OLD.erased_at, pg_catalog.now());
    before.erased_at := NULL;
    after.erased_at := NULL;
    -- Generated from the subject after this trigger.
    before.subject_key := NULL;
    after.subject_key := NULL;
    IF NEW.actor_name IS NULL THEN before.actor_name := NULL; END IF;
    IF NEW.subject IS NULL THEN before.subject := NULL; END IF;
    IF NEW.address IS NULL THEN before.address := NULL; END IF;
    IF NEW.session IS NULL THEN before.session := NULL; END IF;
    IF NEW.browser IS NULL THEN before.browser := NULL; END IF;
    IF NOT NEW.details ? 'person' THEN before.details := before.details - 'person'; END IF;
    IF before IS DISTINCT FROM after THEN
        RAISE EXCEPTION 'audit_log is append-only: entry % cannot change. Only its personal data can become null', OLD.id
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NOT EXISTS (
        SELECT FROM audit_log a WHERE a.xid = pg_catalog.pg_current_xact_id()
            AND a.tenant_id IS NOT DISTINCT FROM coalesce(OLD.tenant_id, a.tenant_id)
            AND a.kind IN ('privacy_erasure', 'tenant_deleted')
    ) THEN
        RAISE EXCEPTION 'audit_log is append-only: an erasure needs an entry privacy_erasure or tenant_deleted '
            'in the same transaction' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

-- Only whole months of a tenant may go: an entry of this transaction has their end, and nothing older is left.
CREATE FUNCTION audit_log_deleted() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    gone record;
    bound timestamptz;
BEGIN
    FOR gone IN SELECT r.tenant_id, pg_catalog.max(r.at) AS newest FROM removed r GROUP BY r.tenant_id LOOP
        SELECT (a.details ->> 'before')::timestamptz INTO bound FROM audit_log a
        WHERE a.xid = pg_catalog.pg_current_xact_id() AND a.kind = 'audit_log_removed'
            AND a.tenant_id IS NOT DISTINCT FROM gone.tenant_id;
        IF bound IS NULL OR gone.newest >= bound OR bound > pg_catalog.now() - interval '89 days'
            OR bound AT TIME ZONE 'UTC' <> pg_catalog.date_trunc('month', bound AT TIME ZONE 'UTC')
            OR EXISTS (SELECT FROM audit_log a WHERE a.tenant_id IS NOT DISTINCT FROM gone.tenant_id AND a.at < bound)
        THEN
            RAISE EXCEPTION 'audit_log is append-only: entries cannot be deleted. '
                'audit_log_remove_months() removes whole months that are older than the retention'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

CREATE FUNCTION audit_log_truncating() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_log is append-only: it cannot be truncated' USING ERRCODE = 'insufficient_privilege';
END $$;

-- Removes the months that ended more than `keep_months` months ago, and writes one entry per tenant with their number.
CREATE FUNCTION audit_log_remove_months(keep_months integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET jit = off AS $$
DECLARE
    bound timestamptz := (pg_catalog.date_trunc('month', pg_catalog.now() AT TIME ZONE 'UTC')
        - pg_catalog.make_interval(months => keep_months)) AT TIME ZONE 'UTC';
    removed bigint;
BEGIN
    IF keep_months IS NULL OR keep_months < 3 THEN
        RAISE EXCEPTION 'keep_months is %; at least 3 are needed', keep_months;
    END IF;
    -- One removal at a time: a second one would find less, and write an entry too many.
    PERFORM pg_catalog.pg_advisory_xact_lock(x'00D00BEA'::int);
    INSERT INTO audit_log (tenant_id, kind, origin, actor_name, details)
    SELECT a.tenant_id, 'audit_log_removed', 'worker', 'Doorbell',
           pg_catalog.jsonb_build_object('before', bound, 'entries', pg_catalog.count(*))
    FROM audit_log a WHERE a.at < bound GROUP BY a.tenant_id;
    DELETE FROM audit_log a WHERE a.at < bound;
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END $$;

-- Sets the personal data of a user to null in all entries: as the actor, as the subject, and as an e-mail that was tried. The
-- transaction must have an entry privacy_erasure. Returns the number of entries.
CREATE FUNCTION audit_log_erase_person(tenant bigint, person bigint, emails text[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET jit = off AS $$
DECLARE
    lowered text[] := ARRAY(SELECT pg_catalog.lower(e) FROM pg_catalog.unnest(emails) AS e);
    acted bigint;
    concerned bigint;
    tried bigint;
BEGIN
    UPDATE audit_log a SET actor_name = NULL, address = NULL, session = NULL, browser = NULL
    WHERE a.tenant_id = tenant AND a.actor_id = person
        AND pg_catalog.num_nonnulls(a.actor_name, a.address, a.session, a.browser) > 0;
    GET DIAGNOSTICS acted = ROW_COUNT;
    UPDATE audit_log a SET subject = NULL, details = a.details - 'person'
    WHERE a.tenant_id = tenant AND (a.subject_id = person OR a.subject_key = ANY (lowered))
        AND (a.subject IS NOT NULL OR a.details ? 'person');
    GET DIAGNOSTICS concerned = ROW_COUNT;
    UPDATE audit_log a SET subject = NULL, details = a.details - 'person'
    WHERE a.tenant_id IS NULL AND a.subject_key = ANY (lowered);
    GET DIAGNOSTICS tried = ROW_COUNT;
    RETURN acted + concerned + tried;
END $$;

-- The same for all users of a tenant that is deleted. The transaction must have an entry tenant_deleted of this tenant, which
-- keeps its actor.
CREATE FUNCTION audit_log_erase_tenant(tenant bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET jit = off AS $$
DECLARE
    erased bigint;
BEGIN
    UPDATE audit_log a
    SET actor_name = NULL, subject = NULL, address = NULL, session = NULL, browser = NULL, details = a.details - 'person'
    WHERE a.tenant_id = tenant AND a.kind <> 'tenant_deleted';
    GET DIAGNOSTICS erased = ROW_COUNT;
    RETURN erased;
END $$;

COMMENT ON FUNCTION audit_log_inserting() IS 'Trigger: sets the time and the transaction of an entry';
COMMENT ON FUNCTION audit_log_updating() IS 'Trigger: refuses changes of entries, except that personal data becomes null';
COMMENT ON FUNCTION audit_log_deleted() IS 'Trigger: refuses the deletion of entries, except whole old months with an entry';
COMMENT ON FUNCTION audit_log_truncating() IS 'Trigger: refuses TRUNCATE';
COMMENT ON FUNCTION audit_log_remove_months(integer) IS 'Removes months that are older than the retention, with an entry per tenant';
COMMENT ON FUNCTION audit_log_erase_person(bigint, bigint, text[]) IS 'Sets the personal data of a user to null in all entries';
COMMENT ON FUNCTION audit_log_erase_tenant(bigint) IS 'Sets the personal data of a deleted tenant to null in all entries';

DO $$
DECLARE
    our_schema name;
    signature text;
BEGIN
    SELECT n.nspname INTO our_schema
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = 'audit_log'::regclass::oid;
    FOREACH signature IN ARRAY ARRAY[
        'audit_log_inserting()', 'audit_log_updating()', 'audit_log_deleted()', 'audit_log_truncating()',
        'audit_log_remove_months(integer)', 'audit_log_erase_person(bigint, bigint, text[])',
        'audit_log_erase_tenant(bigint)'
    ] LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
        EXECUTE pg_catalog.format('ALTER FUNCTION %s SET search_path = pg_catalog, %I, pg_temp', signature, our_schema);
    END LOOP;
END $$;

CREATE TRIGGER audit_log_inserting BEFORE INSERT ON audit_log
    FOR EACH ROW EXECUTE FUNCTION audit_log_inserting();
CREATE TRIGGER audit_log_updating BEFORE UPDATE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION audit_log_updating();
CREATE TRIGGER audit_log_deleted AFTER DELETE ON audit_log REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_deleted();
CREATE TRIGGER audit_log_truncating BEFORE TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_truncating();
