-- The worker's role calls these functions, which have the rights of the owner of the tables (webapp/privacy/,
-- docs/database-roles.md). Each acts on a request that the role cannot write itself: a row of privacy_jobs with names, a due deletion_at of the tenant, or the
-- tenant's rule of retention. So the role erases what was requested, and nothing else.

-- The erasure or deletion of this id, which a worker has begun. Raises insufficient_privilege without one.
CREATE FUNCTION privacy_request(of_job bigint, kinds text[]) RETURNS privacy_jobs
LANGUAGE plpgsql AS $$
DECLARE
    job privacy_jobs;
BEGIN
    SELECT j.* INTO job FROM privacy_jobs j JOIN tenants t ON t.id = j.tenant_id
    WHERE j.id = of_job AND j.kind = ANY (kinds) AND j.state = 'running'
        AND CASE j.kind WHEN 'tenant' THEN t.deletion_at <= pg_catalog.now() ELSE j.pattern IS NOT NULL END;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'privacy_jobs has no running request % of the kind %', of_job, pg_catalog.array_to_string(kinds, ' or ')
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN job;
END $$;

-- The condition on a row `t` of a table: it is of the tenant $1 (webapp/privacy/tables.py). Raises insufficient_privilege for a
-- table without rows of tenants, and for the audit log, which has functions of its own.
CREATE FUNCTION privacy_of_tenant(of_table regclass) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    found text;
BEGIN
    SELECT CASE
        WHEN coalesce(p.relname, c.relname) = 'audit_log' THEN NULL
        WHEN EXISTS (SELECT FROM pg_catalog.pg_attribute a
                     WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.atttypid = 'bigint'::regtype)
            THEN 'coalesce(t.tenant_id, $1) = $1'
        WHEN parent.name IS NOT NULL THEN pg_catalog.format(
            'EXISTS (SELECT FROM %I p WHERE p.id = t.%I AND coalesce(p.tenant_id, $1) = $1)', parent.name, parent.key)
    END INTO found
    FROM pg_catalog.pg_class c
    LEFT JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid
    LEFT JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
    LEFT JOIN (VALUES ('attach_problems', 'attachments', 'attachment_id'),
                      ('relay_receipts', 'relay_destinations', 'destination_id'),
                      ('webhook_attempts', 'webhook_deliveries', 'delivery_id')) AS parent (child, name, key)
        ON parent.child = c.relname
    WHERE c.oid = of_table AND c.relkind = 'r'
        AND c.relnamespace = (SELECT o.relnamespace FROM pg_catalog.pg_class o WHERE o.oid = 'orders'::regclass);
    IF found IS NULL THEN
        RAISE EXCEPTION '% has no rows that a request of privacy may change', of_table USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN found;
END $$;

-- Writes new values into text columns of one row, if it is still of the version `of_version`. Each old value must have one of the
-- erasure's names, and each new one its pseudonym. Returns whether the row was changed.
CREATE FUNCTION privacy_replace(of_job bigint, of_table regclass, of_row tid, of_version xid, clean jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET jit = off AS $$
DECLARE
    job constant privacy_jobs := privacy_request(of_job, '{customer,user}');
    of_tenant constant text := privacy_of_tenant(of_table);
    sets text;
    named text;
    columns bigint;
    changed bigint;
BEGIN
    SELECT pg_catalog.string_agg(pg_catalog.format('%1$I = n.%1$I', a.attname), ', '),
           -- The names of a document in bytes may be escaped in any way.
           pg_catalog.string_agg(pg_catalog.format(
               CASE WHEN a.atttypid = 'bytea'::regtype
                    THEN 'pg_catalog."position"(n.%1$I, pg_catalog.convert_to($3, ''UTF8'')) > 0'
                    ELSE 't.%1$I::text ~ $2 AND pg_catalog.strpos(n.%1$I::text, $3) > 0' END, a.attname), ' AND '),
           pg_catalog.count(*)
    INTO sets, named, columns
    FROM pg_catalog.jsonb_object_keys(clean) AS k (name)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = of_table AND a.attname = k.name AND a.attnum > 0 AND NOT a.attisdropped
        AND a.atttypid::regtype::text IN ('text', 'character varying', 'character', 'citext', 'jsonb', 'json', 'bytea', 'text[]',
                                          'character varying[]');
    IF columns = 0 OR columns <> (SELECT pg_catalog.count(*) FROM pg_catalog.jsonb_object_keys(clean)) THEN
        RAISE EXCEPTION 'an erasure changes texts, not % of %', clean, of_table USING ERRCODE = 'insufficient_privilege';
    END IF;
    EXECUTE pg_catalog.format(
        'UPDATE ONLY %1$s AS t SET %2$s FROM pg_catalog.jsonb_populate_record(NULL::%1$s, $4) AS n'
        ' WHERE t.ctid = $5 AND t.xmin = $6 AND %3$s AND %4$s', of_table, sets, of_tenant, named)
    USING job.tenant_id, job.pattern, job.pseudonym, clean, of_row, of_version;
    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN changed > 0;
END $$;

-- Deletes rows that go with the erased user, up to `most` per table, and the words of the user's comments. Returns their number by
-- table. With 0 it changes nothing, and counts up to one.
CREATE FUNCTION privacy_erase_user_rows(of_job bigint, most integer, erased_text text)
    RETURNS TABLE (of_table text, erased bigint)
LANGUAGE plpgsql SECURITY DEFINER SET jit = off AS $$
DECLARE
    job constant privacy_jobs := privacy_request(of_job, '{user}');
    belonging record;
BEGIN
    FOR belonging IN
        -- Comments belong to the company and stay.
        SELECT c.oid::regclass AS name, a.attname AS key, c.relname::text = 'order_comments' AS is_kept
        FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
        CROSS JOIN LATERAL unnest(k.conkey, k.confkey) AS pair (own, other)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = pair.own
        JOIN pg_catalog.pg_attribute u ON u.attrelid = k.confrelid AND u.attnum = pair.other AND u.attname = 'id'
        WHERE k.contype = 'f' AND k.confdeltype = 'c' AND k.confrelid = 'users'::regclass AND c.relkind = 'r'
        ORDER BY 1, 2
    LOOP
        of_table := belonging.name::text;
        IF most = 0 THEN
            EXECUTE pg_catalog.format(
                'SELECT pg_catalog.count(*) FROM (SELECT FROM %s t WHERE t.tenant_id = $1 AND t.%I = $2 AND %s LIMIT 1) AS one',
                belonging.name, belonging.key, CASE WHEN belonging.is_kept THEN 't.written <> $3' ELSE 'true' END)
            INTO erased USING job.tenant_id, job.user_id, erased_text;
        ELSE
            EXECUTE pg_catalog.format(
                CASE WHEN belonging.is_kept THEN 'UPDATE %1$s SET written = $3' ELSE 'DELETE FROM %1$s' END ||
                ' WHERE ctid = ANY (ARRAY(SELECT t.ctid FROM %1$s t WHERE t.tenant_id = $1 AND t.%2$I = $2 AND %3$s LIMIT $4))',
                belonging.name, belonging.key, CASE WHEN belonging.is_kept THEN 't.written <> $3' ELSE 'true' END)
            USING job.tenant_id, job.user_id, erased_text, most;
            GET DIAGNOSTICS erased = ROW_COUNT;
        END IF;
        IF erased > 0 THEN
            RETURN NEXT;
        END IF;
    END LOOP;
END $$;

-- Sets the subjects of these entries of the audit log to null, where they have one of the erasure's names. The transaction must
-- have an entry privacy_erasure.
CREATE FUNCTION privacy_erase_entries(of_job bigint, of_ids bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET jit = off AS $$
DECLARE
    job constant privacy_jobs := privacy_request(of_job, '{customer,user}');
BEGIN
    UPDATE audit_log a SET subject = NULL, details = a.details - 'person'
    WHERE a.tenant_id = job.tenant_id AND a.id = ANY (of_ids)
        AND (a.subject ~ job.pattern OR (a.details -> 'person')::text ~ job.pattern);
END $$;

-- Ends an erasure: the audit log and the job forget the person. False when another worker has the job. The transaction must have
-- an entry privacy_erasure.
CREATE FUNCTION privacy_finish(of_job bigint, of_fence bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET jit = off AS $$
DECLARE
    job privacy_jobs;
BEGIN
    PERFORM FROM privacy_jobs j WHERE j.id = of_job AND j.fence = of_fence AND j.state = 'running' FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    job := privacy_request(of_job, '{customer,user}');
    IF job.user_id IS NOT NULL THEN
        PERFORM audit_log_erase_person(job.tenant_id, job.user_id,
            ARRAY(SELECT n FROM pg_catalog.unnest(job.names) AS n WHERE pg_catalog.strpos(n, '@') > 0));
    END IF;
    UPDATE privacy_jobs SET state = 'done', subject = NULL, names = NULL, pattern = NULL, position = '{}',
        finished_at = pg_catalog.now(), lease_until = NULL, problem = NULL
    WHERE id = of_job;
    RETURN true;
END $$;

-- Disables all users of a tenant whose deletion is due.
CREATE FUNCTION privacy_close_tenant(of_job bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET jit = off AS $$
DECLARE
    job constant privacy_jobs := privacy_request(of_job, '{tenant}');
BEGIN
    UPDATE users SET disabled_at = pg_catalog.now() WHERE tenant_id = job.tenant_id AND disabled_at IS NULL;
END $$;

-- Deletes the rows of a tenant whose deletion is due, in the blocks of a table from `first` to before `past`. Returns their number.
CREATE FUNCTION privacy_delete_page(of_job bigint, of_table regclass, first bigint, past bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET jit = off AS $$
DECLARE
    job constant privacy_jobs := privacy_request(of_job, '{tenant}');
    deleted bigint;
BEGIN
    PERFORM privacy_of_tenant(of_table);
    EXECUTE pg_catalog.format(
        'DELETE FROM ONLY %s t WHERE t.ctid >= %L::tid AND t.ctid < %L::tid AND t.tenant_id = $1',
        of_table, pg_catalog.format('(%s,0)', first), pg_catalog.format('(%s,0)', past))
    USING job.tenant_id;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN deleted;
END $$;

-- Deletes the row of a tenant whose deletion is due, with what was written meanwhile. The transaction must have an entry
-- tenant_deleted.
CREATE FUNCTION privacy_delete_tenant(of_job bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET jit = off AS $$
DECLARE
    job constant privacy_jobs := privacy_request(of_job, '{tenant}');
BEGIN
    PERFORM audit_log_erase_tenant(job.tenant_id);
    -- Orders that were written meanwhile reference their users.
    DELETE FROM orders WHERE tenant_id = job.tenant_id;
    DELETE FROM relay_audit WHERE tenant_id = job.tenant_id;
    DELETE FROM order_events WHERE tenant_id = job.tenant_id;
    DELETE FROM relay_destinations WHERE tenant_id = job.tenant_id;
    DELETE FROM tenants WHERE id = job.tenant_id;
END $$;

-- Deletes orders and their events, all of which are as old as the tenant's rule demands (webapp/privacy/retention.py).
CREATE FUNCTION privacy_remove_orders(of_tenant bigint, of_ids bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET jit = off AS $$
DECLARE
    rule tenants;
    before timestamptz;
BEGIN
    SELECT t.* INTO rule FROM tenants t WHERE t.id = of_tenant AND t.orders_keep_months IS NOT NULL AND t.deletion_at IS NULL;
    before := (pg_catalog.date_trunc('day', pg_catalog.now() AT TIME ZONE rule.timezone)
        - pg_catalog.make_interval(months => rule.orders_keep_months)) AT TIME ZONE rule.timezone;
    IF before IS NULL OR pg_catalog.cardinality(of_ids) <> (
        SELECT pg_catalog.count(*) FROM orders o
        WHERE o.tenant_id = of_tenant AND o.id = ANY (of_ids)
            AND greatest(o.placed_at, o.paid_at, o.shipped_at, o.cancelled_at, o.refunded_at) < before
            AND (NOT rule.orders_open_kept OR o.status IN ('cancelled', 'refunded')
                 OR o.paid_at IS NOT NULL AND o.shipped_at IS NOT NULL)
    ) OR EXISTS (
        SELECT FROM order_events e
        WHERE e.tenant_id = of_tenant AND e.order_id = ANY (of_ids) AND e.occurred_at >= before
    ) THEN
        RAISE EXCEPTION 'the retention of tenant % does not remove all of these orders', of_tenant
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    DELETE FROM order_events WHERE tenant_id = of_tenant AND order_id = ANY (of_ids);
    DELETE FROM orders WHERE tenant_id = of_tenant AND id = ANY (of_ids);
    UPDATE tenants SET orders_removed_before = greatest(orders_removed_before, before) WHERE id = of_tenant;
END $$;

COMMENT ON FUNCTION privacy_request(bigint, text[]) IS 'A running erasure or deletion; an error without one';
COMMENT ON FUNCTION privacy_of_tenant(regclass) IS 'The condition that a row of a table is of the tenant $1';
COMMENT ON FUNCTION privacy_replace(bigint, regclass, tid, xid, jsonb) IS 'Replaces the names of a running erasure in one row';
COMMENT ON FUNCTION privacy_erase_user_rows(bigint, integer, text) IS 'Deletes rows that go with the user of a running erasure';
COMMENT ON FUNCTION privacy_erase_entries(bigint, bigint[]) IS 'Sets subjects with a name of a running erasure to null in the audit log';
COMMENT ON FUNCTION privacy_finish(bigint, bigint) IS 'Ends an erasure: the audit log and the job forget the person';
COMMENT ON FUNCTION privacy_close_tenant(bigint) IS 'Disables the users of a tenant whose deletion is due';
COMMENT ON FUNCTION privacy_delete_page(bigint, regclass, bigint, bigint) IS 'Deletes rows of a tenant whose deletion is due';
COMMENT ON FUNCTION privacy_delete_tenant(bigint) IS 'Deletes a tenant whose deletion is due';
COMMENT ON FUNCTION privacy_remove_orders(bigint, bigint[]) IS 'Deletes orders that are older than the retention of their tenant';

DO $$
DECLARE
    our_schema name;
    ours regprocedure;
BEGIN
    SELECT n.nspname INTO our_schema
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = 'orders'::regclass::oid;
    FOR ours IN
        SELECT p.oid::regprocedure FROM pg_catalog.pg_proc p
        WHERE p.pronamespace = (SELECT c.relnamespace FROM pg_catalog.pg_class c WHERE c.oid = 'orders'::regclass)
            AND p.proname LIKE 'privacy\_%'
    LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', ours);
        EXECUTE pg_catalog.format('ALTER FUNCTION %s SET search_path = pg_catalog, %I, pg_temp', ours, our_schema);
    END LOOP;
END $$;
