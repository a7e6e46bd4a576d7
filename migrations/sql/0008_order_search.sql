-- The search of orders (webapp/queries/order_search.py). It needs no extension and works alike in every locale: letters are
-- compared without case and accents by PostgreSQL's own tables of Unicode, not by those of the system.
--
-- The first four functions are pure: they read nothing and need no rights. PostgreSQL computes an index of orders with them, with
-- the rights of the writing role, so each role that writes orders must be able to call them.

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

-- The number of the four weeks in which an order was placed, counted from 1900, in UTC.
CREATE OR REPLACE FUNCTION order_search_period(at timestamptz) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN floor(extract(epoch FROM at - timestamptz '1900-01-01 00:00:00+00') / 2419200)::integer;

-- The terms of an order in the index: its words and its owner, each with the tenant and the period as a prefix. PL/pgSQL keeps
-- its plan for the session; PostgreSQL would plan an SQL function again for each statement that writes an order.
CREATE OR REPLACE FUNCTION order_search_terms(tenant_id bigint, placed_at timestamptz, owner_id bigint, number text, customer text)
RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN replace(
        ' u' || coalesce(owner_id, 0)::text || order_search_words(number, customer),
        ' ', ' ' || tenant_id::text || '.' || order_search_period(placed_at)::text || '.')::tsvector;
END $$;

-- The newest `most` orders of a tenant, before a place in the list, whose terms match `sought`: a tsquery with {} where each
-- term has the tenant and the period. The rows come in no particular order.
--
-- First it walks through the newest orders, as long as every 25th matches, and through `walk` in any case: that is the
-- cheapest for frequent words. Then it reads the index from the newest period to the oldest, up to two periods per look
-- while it finds little. A look ends where the words prove to be frequent, and the orders of that time are walked instead. At 30,000 orders per period that costs some 10 ms at most, at 3,000,000 some 40 ms.
--
-- After `most_ms` milliseconds it gives up: a last row with `stopped` has the place from which the search can go on. Only two
-- words that are frequent in millions of orders, and never in one together, need longer.
--
-- One plan serves all looks, because planning each would cost more than reading. It must use the indexes: orders are never
-- scanned here, however few the planner takes them for. Workers would take longer to start than a look.
CREATE OR REPLACE FUNCTION order_search(
    of_tenant bigint, sought text, of_status text, before_placed timestamptz, before_id bigint, most integer,
    walk integer, most_ms integer)
RETURNS TABLE (id bigint, placed_at timestamptz, stopped boolean)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET max_parallel_workers_per_gather = 0
SET jit = off
AS $$
DECLARE
    first_day constant timestamptz := '1900-01-01 00:00:00+00';  -- of order_search_period
    frequent integer := 30000;
    deadline constant timestamptz := clock_timestamp() + make_interval(secs => most_ms / 1000.0);
    words constant tsquery := replace(sought, '{}', '')::tsquery;
    newest refcursor;
    matches boolean;
    walked integer := 0;
    found_walking integer := 0;
    walk_began timestamptz;
    walks boolean := walk > 0;
    walks_all boolean := false;
    worked boolean := false;
    walk_from timestamptz := '-infinity';  -- the beginning of the period that is walked
    periods integer := 1;
    period integer;
    terms tsquery;
    most_hits integer;
    hits integer;
    ids bigint[];
BEGIN
    stopped := false;
    LOOP
        IF walks THEN
            IF of_status = '' THEN
                OPEN newest FOR
                    SELECT o.id, o.placed_at,
                        (' u' || coalesce(o.owner_id, 0)::text || order_search_words(o.number, o.customer))::tsvector @@ words
                    FROM orders o WHERE o.tenant_id = of_tenant AND (o.placed_at, o.id) < (before_placed, before_id)
                    ORDER BY o.placed_at DESC, o.id DESC;
            ELSE
                OPEN newest FOR
                    SELECT o.id, o.placed_at,
                        (' u' || coalesce(o.owner_id, 0)::text || order_search_words(o.number, o.customer))::tsvector @@ words
                    FROM orders o WHERE o.tenant_id = of_tenant AND o.status = of_status
                        AND (o.placed_at, o.id) < (before_placed, before_id)
                    ORDER BY o.placed_at DESC, o.id DESC;
            END IF;
            LOOP
                FETCH newest INTO id, placed_at, matches;
                IF NOT FOUND THEN
                    RETURN;
                END IF;
                EXIT WHEN placed_at < walk_from;
                walk_began := coalesce(walk_began, placed_at);
                before_placed := placed_at;
                before_id := id;
                IF matches THEN
                    RETURN NEXT;
                    most := most - 1;
                    IF most <= 0 THEN
                        RETURN;
                    END IF;
                    found_walking := found_walking + 1;
                END IF;
                walked := walked + 1;
                EXIT WHEN NOT walks_all AND walked >= walk AND found_walking * 25 < walked;
                EXIT WHEN walked % 100 = 0 AND clock_timestamp() > deadline;
            END LOOP;
            CLOSE newest;
            IF walk_from = '-infinity' AND before_placed < walk_began THEN
                frequent := least(30000, greatest(5000, walked * 48384 / extract(epoch FROM walk_began - before_placed)));
            END IF;
            walks := false;
            walks_all := false;
            walked := 0;
            found_walking := 0;
            worked := true;
            IF walk_from > '-infinity' AND placed_at < walk_from THEN
                before_placed := walk_from;
                before_id := 1;
            END IF;
        END IF;
        SELECT o.placed_at INTO placed_at FROM orders o
        WHERE o.tenant_id = of_tenant AND (o.placed_at, o.id) < (before_placed, before_id)
        ORDER BY o.placed_at DESC, o.id DESC LIMIT 1;
        IF NOT FOUND THEN
            RETURN;
        END IF;
        IF worked AND clock_timestamp() > deadline THEN
            id := before_id;
            placed_at := before_placed;
            stopped := true;
            RETURN NEXT;
            RETURN;
        END IF;
        worked := true;
        most_hits := CASE periods WHEN 1 THEN frequent ELSE 1000 END;
        period := order_search_period(placed_at);
        SELECT string_agg('(' || replace(sought, '{}', of_tenant || '.' || each || '.') || ')', ' | ')::tsquery
        INTO terms FROM generate_series(period - periods + 1, period) AS each;
        SELECT count(*), array_agg(h.id ORDER BY h.placed_at DESC, h.id DESC) FILTER (
            WHERE h.tenant_id = of_tenant AND (of_status = '' OR h.status = of_status)
                AND (h.placed_at, h.id) < (before_placed, before_id))
        INTO hits, ids FROM (
            SELECT o.id, o.placed_at, o.status, o.tenant_id FROM orders o
            WHERE order_search_terms(o.tenant_id, o.placed_at, o.owner_id, o.number, o.customer) @@ terms
            LIMIT most_hits) AS h;
        IF hits >= most_hits THEN
            walks := true;
            walks_all := periods = 1;
            walk_from := first_day + make_interval(hours => 672 * period);
            periods := 1;
            CONTINUE;
        END IF;
        placed_at := first_day + make_interval(hours => 672 * (period - periods + 1));
        FOREACH id IN ARRAY coalesce(ids[1:most], '{}') LOOP
            RETURN NEXT;
        END LOOP;
        most := most - coalesce(cardinality(ids), 0);
        IF most <= 0 THEN
            RETURN;
        END IF;
        before_placed := placed_at;
        before_id := 1;
        periods := CASE WHEN hits < 200 THEN 2 ELSE 1 END;
    END LOOP;
END $$;
