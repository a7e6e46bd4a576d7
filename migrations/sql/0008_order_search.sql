-- What a search of orders goes by (webapp/queries/order_search.py). No extension, and the same in every locale: letters are
-- compared without case and accents by the tables of Unicode that PostgreSQL has itself, not by those of the system.
--
-- The first four functions are pure: they read nothing and need no rights. They are part of an index of orders, which PostgreSQL
-- computes with the rights of the role that writes, so each role that writes orders must be able to call them.

-- Lower case without accents: "MÜLLER" and "Müller" become "muller", "Straße" becomes "strasse". Texts in ASCII alone, which
-- are most, take the short way. PostgreSQL lower-cases ASCII by itself; Greek, Cyrillic and Armenian are listed here, and so
-- are the letters of Latin that have no accent that could be taken off.
CREATE OR REPLACE FUNCTION order_search_fold(written text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN octet_length(written) = char_length(written) THEN lower(written COLLATE "C")
    ELSE replace(translate(
        regexp_replace(lower(normalize(written, NFD) COLLATE "C"), '[\u0300-\u036f]+', '', 'g'),
        'ØøŁłĐđĦħŦŧıÆŒÐÞŊƏẞςАБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯЂЄЅІЈЉЊЋЏҐΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩԱԲԳԴԵԶԷԸԹԺԻԼԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՍՎՏՐՑՒՓՔՕՖ',
        'oollddhhttiæœðþŋəßσабвгдежзиклмнопрстуфхцчшщъыьэюяђєѕіјљњћџґαβγδεζηθικλμνξοπρστυφχψωաբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆ'),
        'ß', 'ss')
    END;

-- The words of an order: " n" with the number, " w" with each word of the customer. Signs separate words and are left out
-- of numbers, so "a1" finds A-1. Words longer than 400 characters would not fit into an index.
CREATE OR REPLACE FUNCTION order_search_words(number text, customer text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ' n' || regexp_replace(
        left(order_search_fold(left(number, 64)), 64),
        '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u00d7\u00f7\u1680\u2000-\u206f\u3000-\u303f]+', '', 'g')
    || ' w' || regexp_replace(
        btrim(left(order_search_fold(left(customer, 400)), 400), ' .'),
        '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u00d7\u00f7\u1680\u2000-\u206f\u3000-\u303f]+', ' w', 'g');

-- Weeks since 1900, in UTC.
CREATE OR REPLACE FUNCTION order_search_week(at timestamptz) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN floor(extract(epoch FROM at - timestamptz '1900-01-01 00:00:00+00') / 604800)::integer;

-- What the index has of an order: its words and its owner, each behind the tenant and the week. In PL/pgSQL, which keeps its
-- plan for the session: PostgreSQL would plan an SQL function again for each statement that writes an order.
CREATE OR REPLACE FUNCTION order_search_terms(tenant_id bigint, placed_at timestamptz, owner_id bigint, number text, customer text)
RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN replace(
        ' u' || coalesce(owner_id, 0)::text || order_search_words(number, customer),
        ' ', ' ' || tenant_id::text || '.' || order_search_week(placed_at)::text || '.')::tsvector;
END $$;

-- The newest `most` orders of a tenant, before a place in the list, whose terms match `sought`: a tsquery with {} where each
-- term has the tenant and the week. It goes from the newest week to the oldest, several weeks at a time where it finds nothing
-- (of ten years about two), so a frequent word costs few weeks, a rare one a few hundred short looks, and no word a sort of
-- all its orders.
--
-- One plan serves all weeks: made again for each, planning would cost more than reading. It must go through the index:
-- orders themselves are never scanned here, however few the planner takes them for. The filters stand behind the index,
-- so that no second index is combined with it, and no workers are started for a look that takes less than their start.
CREATE OR REPLACE FUNCTION order_search(
    of_tenant bigint, sought text, of_status text, before_placed timestamptz, before_id bigint, most integer)
RETURNS TABLE (id bigint, placed_at timestamptz)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET max_parallel_workers_per_gather = 0
SET jit = off
AS $$
DECLARE
    first_day constant timestamptz := '1900-01-01 00:00:00+00';  -- of order_search_week
    most_weeks integer;
    weeks integer := 1;
    week integer;
    newest timestamptz;
    terms tsquery;
    more integer;
BEGIN
    SELECT o.placed_at INTO newest FROM orders o
    WHERE o.tenant_id = of_tenant AND o.placed_at <= before_placed ORDER BY o.placed_at DESC LIMIT 1;
    SELECT least(8, greatest(1, (order_search_week(newest) - order_search_week(o.placed_at)) / 250)) INTO most_weeks
    FROM orders o WHERE o.tenant_id = of_tenant ORDER BY o.placed_at, o.id LIMIT 1;
    WHILE newest IS NOT NULL LOOP
        week := order_search_week(newest);
        SELECT string_agg('(' || replace(sought, '{}', of_tenant || '.' || each || '.') || ')', ' | ')::tsquery
        INTO terms FROM generate_series(week - weeks + 1, week) AS each;
        RETURN QUERY
            WITH hits AS MATERIALIZED (
                SELECT o.id, o.placed_at, o.status, o.tenant_id FROM orders o
                WHERE order_search_terms(o.tenant_id, o.placed_at, o.owner_id, o.number, o.customer) @@ terms)
            SELECT h.id, h.placed_at FROM hits h
            WHERE h.tenant_id = of_tenant AND (of_status = '' OR h.status = of_status)
                AND (h.placed_at, h.id) < (before_placed, before_id)
            ORDER BY h.placed_at DESC, h.id DESC LIMIT most;
        GET DIAGNOSTICS more = ROW_COUNT;
        most := most - more;
        EXIT WHEN most <= 0;
        SELECT o.placed_at INTO newest FROM orders o
        WHERE o.tenant_id = of_tenant AND o.placed_at < first_day + make_interval(hours => 168 * (week - weeks + 1))
        ORDER BY o.placed_at DESC LIMIT 1;
        weeks := CASE WHEN more = 0 THEN least(weeks * 2, most_weeks) ELSE 1 END;
    END LOOP;
END $$;
