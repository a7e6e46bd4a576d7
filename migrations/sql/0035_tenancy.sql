-- Row-level security: the rights of a role decide which tables it reads, and one policy decides which rows a web process
-- sees.
--
-- `everyone` lets each role that has rights on a table use all of its rows. Programs that write orders by SQL have their own
-- roles and write for several tenants; Doorbell's listener and worker serve all tenants; trigger functions run as the owner,
-- which FORCE subjects to policies too. None of them is bound to one tenant, so a policy that binds PUBLIC would stop them.
-- The web process is: `flask roles --processes` makes its role and, for it alone, a RESTRICTIVE policy `tenant_<role>` per
-- table, because the role's name is chosen by the operator and a policy needs the role to exist.

-- A new table needs one line here, or `PERFORM tenancy_protect('…')` in its own migration, and its row in
-- webapp/postgres/tenant_tables.py.
CREATE FUNCTION tenancy_protect(tenant_table regclass) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tenant_table);
    EXECUTE pg_catalog.format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', tenant_table);
    EXECUTE pg_catalog.format('DROP POLICY IF EXISTS everyone ON %s', tenant_table);
    EXECUTE pg_catalog.format('CREATE POLICY everyone ON %s USING (true) WITH CHECK (true)', tenant_table);
END $$;
COMMENT ON FUNCTION tenancy_protect(regclass) IS 'Enables and forces row-level security on a table with rows of tenants.';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'attach_problems',
        'attachments',
        'holidays',
        'notification_preferences',
        'notifications',
        'order_comments',
        'order_events',
        'order_lines',
        'orders',
        'push_subscriptions',
        'quiet_hours',
        'relay_audit',
        'relay_destinations',
        'relay_held_events',
        'relay_receipts',
        'relay_replays',
        'rollup_rebuilds',
        'rollups_daily',
        'rollups_hourly',
        'rollups_line_changes',
        'rollups_products_daily',
        'rollups_products_hourly',
        'sales_targets',
        'tenants',
        'to_ship_samples',
        'tv_links',
        'upload_chunks',
        'uploads',
        'users',
        'webhook_attempts',
        'webhook_deliveries'
    ] LOOP
        PERFORM tenancy_protect(name::regclass);
    END LOOP;
END $$;

CREATE FUNCTION tenancy_tenant() RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('doorbell.tenant', true), '')::bigint;
COMMENT ON FUNCTION tenancy_tenant() IS 'The tenant of this transaction, NULL without one: then no policy of a web role lets a row through.';

CREATE FUNCTION tenancy_may_read(of_tenant bigint) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
    SELECT of_tenant IS NOT DISTINCT FROM tenancy_tenant() OR NOT EXISTS (
        SELECT FROM pg_catalog.pg_policy p
        CROSS JOIN LATERAL pg_catalog.unnest(p.polroles) AS confined (role)
        JOIN pg_catalog.pg_roles r ON r.rolname = session_user
        WHERE p.polrelid = 'orders'::regclass AND NOT p.polpermissive
            AND confined.role <> 0 AND NOT r.rolsuper AND NOT r.rolbypassrls
            AND pg_catalog.pg_has_role(r.oid, confined.role, 'USAGE'))
$$;
COMMENT ON FUNCTION tenancy_may_read(bigint) IS 'Whether the session may read rows of this tenant: of the transaction''s own, or of any without a policy of its role.';

-- Look-ups before the tenant is known. Each runs as the owner, has a fixed search_path and returns as little as possible.
CREATE FUNCTION tenancy_of_email(of_email text) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    AS $$ SELECT tenant_id FROM users WHERE pg_catalog.lower(email) = pg_catalog.lower(of_email) $$;
COMMENT ON FUNCTION tenancy_of_email(text) IS 'The tenant of the user with this e-mail: sign-in.';

CREATE FUNCTION tenancy_of_user(of_user bigint) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    AS $$ SELECT tenant_id FROM users WHERE id = of_user $$;
COMMENT ON FUNCTION tenancy_of_user(bigint) IS 'The tenant of the user with this id: steps of a sign-in whose cookie names the user.';

CREATE FUNCTION tenancy_of_slug(of_slug text) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    AS $$ SELECT id FROM tenants WHERE slug = of_slug $$;
COMMENT ON FUNCTION tenancy_of_slug(text) IS 'The tenant of this slug: the demo.';

CREATE FUNCTION tenancy_of_tv_link(of_hash bytea) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    AS $$ SELECT tenant_id FROM tv_links WHERE token_hash = of_hash $$;
COMMENT ON FUNCTION tenancy_of_tv_link(bytea) IS 'The tenant of the TV with this token, given as its sha256.';

CREATE FUNCTION tenancy_is_only(of_tenant bigint) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    AS $$ SELECT NOT EXISTS (SELECT FROM tenants WHERE id <> of_tenant) $$;
COMMENT ON FUNCTION tenancy_is_only(bigint) IS 'Whether there is no other tenant: then its managers see what belongs to all tenants.';

-- plpgsql, because its rows have the columns that the table has at the time of the call.
CREATE FUNCTION tenancy_session_users(of_ids bigint[]) RETURNS SETOF users
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    AS $$
DECLARE
    found users%ROWTYPE;
BEGIN
    FOR found IN SELECT * FROM users WHERE id = ANY (of_ids) LOOP
        found.password_hash := NULL;
        RETURN NEXT found;
    END LOOP;
END $$;
COMMENT ON FUNCTION tenancy_session_users(bigint[]) IS 'The users of these cookies, without their password hashes: one query for requests of many tenants.';

CREATE FUNCTION tenancy_session_tenants(of_ids bigint[]) RETURNS SETOF tenants
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    AS $$
BEGIN
    RETURN QUERY SELECT * FROM tenants t WHERE t.id IN (SELECT u.tenant_id FROM users u WHERE u.id = ANY (of_ids));
END $$;
COMMENT ON FUNCTION tenancy_session_tenants(bigint[]) IS 'The tenants of these users.';

CREATE FUNCTION tenancy_standings(of_ids bigint[], ended_since timestamptz)
    RETURNS TABLE (id bigint, tenant_id bigint, is_disabled boolean, sessions_from timestamptz, lacks_factor boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    AS $$
    SELECT u.id, u.tenant_id, u.disabled_at IS NOT NULL, u.sessions_from,
        t.requires_second_factor AND u.second_factor_at IS NULL
    FROM (
        SELECT * FROM users WHERE users.id = ANY (of_ids)
        UNION ALL
        SELECT * FROM users WHERE users.sessions_from > ended_since
    ) AS u JOIN tenants t ON t.id = u.tenant_id
$$;
COMMENT ON FUNCTION tenancy_standings(bigint[], timestamptz) IS 'Whether the sessions of users are valid: of these users, and of those whose sessions ended since a moment.';

CREATE FUNCTION tenancy_valid_tv_links(of_ids bigint[]) RETURNS SETOF bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    AS $$ SELECT id FROM tv_links WHERE id = ANY (of_ids) AND revoked_at IS NULL $$;
COMMENT ON FUNCTION tenancy_valid_tv_links(bigint[]) IS 'Those of these links that are not revoked.';

CREATE FUNCTION tenancy_revoked_tv_links(since timestamptz) RETURNS SETOF bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    AS $$ SELECT id FROM tv_links WHERE revoked_at > since $$;
COMMENT ON FUNCTION tenancy_revoked_tv_links(timestamptz) IS 'The links that were revoked since a moment.';

CREATE FUNCTION tenancy_release_push_endpoint(of_endpoint text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    AS $$ DELETE FROM push_subscriptions WHERE endpoint = of_endpoint AND tenant_id IS DISTINCT FROM tenancy_tenant() $$;
COMMENT ON FUNCTION tenancy_release_push_endpoint(text) IS 'A browser that another tenant''s user subscribes belongs to the former user no more. Its address is a secret.';

CREATE FUNCTION tenancy_relay_is_late(late_seconds double precision) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET jit TO 'off'
    AS $$
    SELECT EXISTS (
        SELECT FROM relay_destinations d JOIN outbox_readers r ON r.name = 'relay ' || d.name
        CROSS JOIN LATERAL (
            SELECT e.* FROM order_events e
            WHERE e.xid >= pg_catalog.pg_snapshot_xmax(r.snapshot)
                AND e.xid < pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())
            UNION ALL
            SELECT e.* FROM order_events e WHERE e.xid = ANY (ARRAY(SELECT pg_catalog.pg_snapshot_xip(r.snapshot)))
        ) AS e
        WHERE d.state <> 'paused'
            AND e.recorded_at < pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => late_seconds)
            AND (r.target IS NULL OR e.id > r.last_id OR NOT pg_catalog.pg_visible_in_snapshot(e.xid, r.target))
            AND (d.tenant_id IS NULL OR e.tenant_id = d.tenant_id)
            AND (d.types IS NULL OR e.type = ANY (d.types))
            AND (d.recorded_from IS NULL OR e.recorded_at >= d.recorded_from)
            AND EXISTS (SELECT FROM tenants t WHERE t.id = e.tenant_id))
$$;
COMMENT ON FUNCTION tenancy_relay_is_late(double precision) IS 'Whether an event has waited this long for a destination of any tenant: /readyz.';

-- Queries with an index on an expression that is not leakproof: under a policy PostgreSQL would not use the index. They run
-- as the owner, whom `everyone` leaves alone, and check the tenant themselves.
CREATE FUNCTION orders_of_customer(of_tenant bigint, of_order bigint, of_owner bigint, most integer, shown integer)
    RETURNS TABLE (customer text, orders bigint, sum_minor bigint, id bigint, number text, total_minor bigint,
                   status text, placed_at timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
BEGIN
    IF NOT tenancy_may_read(of_tenant) THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT mine.customer::text, summed.orders, summed.total_minor,
           o.id, o.number::text, o.total_minor, o.status::text, o.placed_at
    FROM (SELECT m.customer, order_customer_key(m.customer) AS key FROM orders m
           WHERE m.tenant_id = of_tenant AND m.id = of_order AND (of_owner IS NULL OR m.owner_id = of_owner)) AS mine
    CROSS JOIN LATERAL (
        SELECT pg_catalog.count(*) AS orders, coalesce(pg_catalog.sum(newest.total_minor), 0)::bigint AS total_minor FROM (
            SELECT others.total_minor FROM orders AS others
            WHERE others.tenant_id = of_tenant AND (of_owner IS NULL OR others.owner_id = of_owner)
              AND order_customer_key(others.customer) = mine.key AND others.id <> of_order
            ORDER BY others.placed_at DESC, others.id DESC LIMIT most) AS newest
    ) AS summed
    LEFT JOIN LATERAL (
        SELECT others.* FROM orders AS others
        WHERE others.tenant_id = of_tenant AND (of_owner IS NULL OR others.owner_id = of_owner)
              AND order_customer_key(others.customer) = mine.key AND others.id <> of_order
        ORDER BY others.placed_at DESC, others.id DESC LIMIT shown
    ) AS o ON true
    ORDER BY o.placed_at DESC, o.id DESC;
END $$;
COMMENT ON FUNCTION orders_of_customer(bigint, bigint, bigint, integer, integer) IS 'The newest other orders of an order''s customer, with the number and the sum of all; of one salesperson if given.';

CREATE FUNCTION relay_receipts_of_events(of_destinations bigint[], of_events bigint[])
    RETURNS TABLE (id bigint, destination_id bigint, event_id bigint, acknowledged_at timestamptz, "position" text)
    LANGUAGE sql STABLE SECURITY DEFINER
    AS $$
    SELECT r.id, r.destination_id, e.id, r.acknowledged_at, r.positions[pg_catalog.array_position(r.event_ids, e.id)]
    FROM pg_catalog.unnest(of_events) AS e (id) JOIN relay_receipts r ON r.events @> e.id
        AND r.destination_id = ANY (of_destinations) AND pg_catalog.array_position(r.event_ids, e.id) IS NOT NULL
    WHERE EXISTS (
        SELECT FROM relay_destinations d WHERE d.id = r.destination_id
            AND (tenancy_may_read(d.tenant_id) OR d.tenant_id IS NULL AND tenancy_is_only(tenancy_tenant())))
$$;
COMMENT ON FUNCTION relay_receipts_of_events(bigint[], bigint[]) IS 'The receipts of these events at these destinations, of those that the tenant sees.';

DO $$
DECLARE
    definition text := pg_catalog.pg_get_functiondef(
        'order_search(bigint, text, text, timestamptz, bigint, integer, integer, integer)'::regprocedure);
    begins constant text := E'BEGIN\n    stopped := false;\n';
BEGIN
    IF pg_catalog.strpos(definition, begins) = 0 THEN
        RAISE EXCEPTION 'order_search() has another body than this migration changes';
    END IF;
    EXECUTE pg_catalog.replace(definition, begins,
        E'BEGIN\n    IF NOT tenancy_may_read(of_tenant) THEN\n        RETURN;\n    END IF;\n    stopped := false;\n');
END $$;
ALTER FUNCTION order_search(bigint, text, text, timestamptz, bigint, integer, integer, integer) SECURITY DEFINER;

-- The acting user in doorbell.actor is verified when a process of Doorbell names it. Its roles are not members of the owner;
-- they have EXECUTE on doorbell_actor(), which PUBLIC has not.
DO $$
DECLARE
    trigger_function regprocedure;
    before constant text := 'pg_catalog.pg_has_role(session_user, current_user, ''MEMBER'');';
    after constant text := E'pg_catalog.pg_has_role(session_user, current_user, ''MEMBER'')\n'
        '        OR pg_catalog.has_function_privilege(session_user, ''doorbell_actor()''::regprocedure, ''EXECUTE'');';
BEGIN
    FOREACH trigger_function IN ARRAY ARRAY[
        'orders_inserted()', 'orders_updated()', 'orders_deleted()', 'orders_truncated()'
    ]::regprocedure[] LOOP
        IF pg_catalog.strpos(pg_catalog.pg_get_functiondef(trigger_function), before) = 0 THEN
            RAISE EXCEPTION '% has another body than this migration changes', trigger_function;
        END IF;
        EXECUTE pg_catalog.replace(pg_catalog.pg_get_functiondef(trigger_function), before, after);
    END LOOP;
END $$;

CREATE FUNCTION tenancy_other_program(role text) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $$
BEGIN
    IF role = session_user THEN
        RETURN NULL;
    END IF;
    PERFORM FROM pg_catalog.pg_roles r
    WHERE r.rolname = role AND (
        r.oid = (SELECT c.relowner FROM pg_catalog.pg_class c WHERE c.oid = 'orders'::regclass)
        OR NOT r.rolsuper AND pg_catalog.has_function_privilege(r.oid, 'doorbell_actor()'::regprocedure, 'EXECUTE'));
    RETURN CASE WHEN NOT FOUND THEN role END;
END $$;
COMMENT ON FUNCTION tenancy_other_program(text) IS 'The name of a role that is not of a process of Doorbell, else NULL.';

-- Only the owner of order_events can make and drop its partitions. The worker does it through these.
ALTER FUNCTION order_events_make_partitions(integer) SECURITY DEFINER SET jit = off;
ALTER FUNCTION order_events_drop_partition(regclass, integer) SECURITY DEFINER SET jit = off;
ALTER FUNCTION order_events_delete_old(integer, integer) SECURITY DEFINER SET jit = off;
ALTER FUNCTION order_events_unread_reason(regclass) SECURITY DEFINER;

-- Tables of sign-in, sessions, the audit log and privacy.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'answered_challenges',
        'audit_log',
        'authenticator_apps',
        'invitations',
        'passkeys',
        'password_resets',
        'privacy_jobs',
        'recovery_codes',
        'rollups_products_removed',
        'rollups_removed',
        'sso_connections',
        'sso_domains',
        'sso_identities',
        'user_sessions'
    ] LOOP
        PERFORM tenancy_protect(name::regclass);
    END LOOP;
END $$;

CREATE FUNCTION tenancy_of_password_reset(of_hash bytea) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    AS $$ SELECT tenant_id FROM password_resets WHERE token_hash = of_hash $$;
COMMENT ON FUNCTION tenancy_of_password_reset(bytea) IS 'The tenant of a link for a new password, given as the sha256 of its token.';

CREATE FUNCTION tenancy_of_invitation(of_hash bytea) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    AS $$ SELECT tenant_id FROM invitations WHERE token_hash = of_hash $$;
COMMENT ON FUNCTION tenancy_of_invitation(bytea) IS 'The tenant of an invitation, given as the sha256 of its token.';

CREATE FUNCTION tenancy_account_of_email(of_email text) RETURNS TABLE (tenant_id bigint, is_closed boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    AS $$
    SELECT u.tenant_id, u.password_hash IS NOT NULL OR u.disabled_at IS NOT NULL FROM users u
    WHERE pg_catalog.lower(u.email) = pg_catalog.lower(of_email)
$$;
COMMENT ON FUNCTION tenancy_account_of_email(text) IS 'The tenant of the user with this e-mail, and whether the account takes no invitation.';

CREATE FUNCTION tenancy_of_passkey(of_credential bytea) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    AS $$ SELECT tenant_id FROM passkeys WHERE credential_id = of_credential $$;
COMMENT ON FUNCTION tenancy_of_passkey(bytea) IS 'The tenant of the user with this passkey.';

CREATE FUNCTION tenancy_of_sso_domain(of_domain text) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    AS $$
    SELECT d.tenant_id FROM sso_domains d JOIN sso_connections c ON c.tenant_id = d.tenant_id WHERE d.domain = of_domain
$$;
COMMENT ON FUNCTION tenancy_of_sso_domain(text) IS 'The tenant with single sign-on whose people have addresses of this domain.';

CREATE FUNCTION tenancy_slug_of_sso_domain(of_domain text) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    AS $$ SELECT t.slug FROM sso_domains d JOIN tenants t ON t.id = d.tenant_id WHERE d.domain = of_domain $$;
COMMENT ON FUNCTION tenancy_slug_of_sso_domain(text) IS 'The slug of the tenant that has this domain, with or without a connection.';

CREATE FUNCTION tenancy_has_sso() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    AS $$ SELECT EXISTS (SELECT FROM sso_domains d JOIN sso_connections c ON c.tenant_id = d.tenant_id) $$;
COMMENT ON FUNCTION tenancy_has_sso() IS 'Whether any tenant has single sign-on: then the sign-in page offers it.';

CREATE FUNCTION tenancy_only_sso() RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    AS $$
    SELECT c.tenant_id FROM sso_connections c
    WHERE EXISTS (SELECT FROM sso_domains d WHERE d.tenant_id = c.tenant_id) AND tenancy_is_only(c.tenant_id)
$$;
COMMENT ON FUNCTION tenancy_only_sso() IS 'The tenant of an installation for one company, if it has single sign-on.';

CREATE FUNCTION tenancy_user_of_email(of_email text) RETURNS TABLE (id bigint, tenant_id bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    AS $$ SELECT u.id, u.tenant_id FROM users u WHERE pg_catalog.lower(u.email) = pg_catalog.lower(of_email) $$;
COMMENT ON FUNCTION tenancy_user_of_email(text) IS 'The user of any tenant with this e-mail: single sign-on refuses an address of another tenant.';

CREATE FUNCTION tenancy_idle_sessions(of_ids uuid[], unused_since timestamptz) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER
    AS $$ SELECT s.id FROM user_sessions s WHERE s.id = ANY (of_ids) AND s.seen_at < unused_since $$;
COMMENT ON FUNCTION tenancy_idle_sessions(uuid[], timestamptz) IS 'Those of these sessions that were not used since a moment.';

CREATE FUNCTION tenancy_see_sessions(of_ids uuid[], fresh_seconds double precision) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    AS $$
    UPDATE user_sessions SET seen_at = pg_catalog.now() WHERE id IN (
        SELECT s.id FROM user_sessions s
        WHERE s.id = ANY (of_ids) AND s.seen_at < pg_catalog.now() - pg_catalog.make_interval(secs => fresh_seconds)
        FOR UPDATE SKIP LOCKED)
$$;
COMMENT ON FUNCTION tenancy_see_sessions(uuid[], double precision) IS 'Notes that sessions of users of all tenants are in use.';

CREATE FUNCTION tenancy_write_sessions(
    ids uuid[], user_ids bigint[], ends bigint[], sinces bigint[], addresses text[], browsers text[],
    lifetime_seconds double precision, signed_in_by text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    AS $$
    INSERT INTO user_sessions AS s
        (tenant_id, id, user_id, began_at, seen_at, ends_at, sessions_from, method, address, browser)
    SELECT u.tenant_id, v.id, u.id,
        least(pg_catalog.now(), pg_catalog.to_timestamp(v.ends) - pg_catalog.make_interval(secs => lifetime_seconds)),
        pg_catalog.now(), pg_catalog.to_timestamp(v.ends), u.sessions_from, signed_in_by, v.address, v.browser
    FROM unnest(ids, user_ids, ends, sinces, addresses, browsers) AS v (id, user_id, ends, since, address, browser)
    JOIN users u ON u.id = v.user_id
        AND CAST(extract(epoch FROM u.sessions_from) * 1000000 AS bigint) IS NOT DISTINCT FROM v.since
    WHERE NOT EXISTS (SELECT FROM ended_sessions e WHERE e.id = v.id)
    ORDER BY v.id
    ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, address = excluded.address, browser = excluded.browser
    WHERE s.user_id = excluded.user_id
$$;
COMMENT ON FUNCTION tenancy_write_sessions(uuid[], bigint[], bigint[], bigint[], text[], text[], double precision, text)
    IS 'Notes when, from where and with which browser the sessions of users of all tenants were used last.';

-- PUBLIC may execute none of them, and each looks names up in a pinned search_path.
DO $$
DECLARE
    our_schema name;
    ours regprocedure;
BEGIN
    SELECT n.nspname INTO our_schema
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = 'orders'::regclass;
    FOR ours IN
        SELECT p.oid::regprocedure FROM pg_catalog.pg_proc p
        WHERE p.pronamespace = (SELECT c.relnamespace FROM pg_catalog.pg_class c WHERE c.oid = 'orders'::regclass)
            AND (p.proname LIKE 'tenancy\_%' OR p.proname IN ('orders_of_customer', 'relay_receipts_of_events'))
    LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', ours);
        EXECUTE pg_catalog.format('ALTER FUNCTION %s SET search_path = pg_catalog, %I, pg_temp', ours, our_schema);
        -- As in the triggers, no plan is compiled (0009_functions.sql).
        IF (SELECT p.prosecdef FROM pg_catalog.pg_proc p WHERE p.oid = ours) THEN
            EXECUTE pg_catalog.format('ALTER FUNCTION %s SET jit = off', ours);
        END IF;
    END LOOP;
    -- A function with a setting of its own is not inlined.
    ALTER FUNCTION tenancy_tenant() RESET search_path;
END $$;
