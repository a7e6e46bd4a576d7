"""The owners of imported orders: users found by e-mail or by name, and the policy for owners who are not users yet.

import_owners   one row per owner named in the file: `owner_id` when known, `reason` when their orders are rejected. A disabled
                user keeps existing orders but gets no new ones: `disabled` is the reason to reject new ones
"""

from __future__ import annotations

import psycopg

POLICIES = ("refuse", "create", "ignore")

OWNERS = """
CREATE TEMP TABLE import_owners AS
SELECT named.*, coalesce(by_email.id, by_name.id) AS owner_id,
       CASE
           WHEN %(policy)s = 'ignore' OR by_email.id IS NOT NULL OR by_name.people = 1 THEN NULL
           WHEN elsewhere.id IS NOT NULL THEN
               format('owner %%L belongs to another tenant; an address belongs to one user, so name another owner', owner_email)
           WHEN by_name.people > 1 THEN
               format('owner %%L is the name of %%s users; give the e-mail instead, in a column owner_email',
                      owner_name, by_name.people)
           WHEN %(policy)s = 'refuse' THEN
               format('owner %%L is not a user of %%s; use --owners create to create the user, or --owners ignore',
                      coalesce(owner_email, owner_name), %(slug)s::text)
           WHEN owner_email IS NULL THEN
               format('owner %%L is not a user of %%s and has no e-mail to create one; add a column owner_email',
                      owner_name, %(slug)s::text)
       END AS reason,
       CASE WHEN disabled.id IS NOT NULL THEN
           format('owner %%L is disabled and gets no new orders; name another owner, run flask user enable %%s, '
                  'or use --owners ignore', coalesce(owner_email, owner_name), disabled.email)
       END AS disabled
FROM (
    SELECT owner_key, owner_email, owner_name
    FROM import_orders
    WHERE first_line IN (SELECT min(first_line) FROM import_orders
                         WHERE owner_key IS NOT NULL AND reason IS NULL GROUP BY owner_key)
) AS named
LEFT JOIN users by_email ON lower(by_email.email) = owner_email AND by_email.tenant_id = %(tenant)s
LEFT JOIN users elsewhere ON lower(elsewhere.email) = owner_email AND elsewhere.tenant_id <> %(tenant)s
LEFT JOIN (
    SELECT lower(name) AS name, count(*) AS people, CASE WHEN count(*) = 1 THEN min(id) END AS id
    FROM users WHERE tenant_id = %(tenant)s GROUP BY lower(name)
) AS by_name ON owner_email IS NULL AND by_name.name = lower(owner_name)
LEFT JOIN users disabled ON disabled.id = coalesce(by_email.id, by_name.id) AND disabled.disabled_at IS NOT NULL"""

REJECT = """
UPDATE import_orders o SET reason = w.reason
FROM import_owners w WHERE w.owner_key = o.owner_key AND w.reason IS NOT NULL AND o.reason IS NULL"""

# Existing orders stay unchanged, so a daily re-import must not reject them after their owner leaves.
REJECT_NEW = """
UPDATE import_orders o SET reason = w.disabled
FROM import_owners w
WHERE w.owner_key = o.owner_key AND w.disabled IS NOT NULL AND o.reason IS NULL
  AND NOT EXISTS (SELECT FROM orders x WHERE x.tenant_id = %(tenant)s AND x.number = o.number)"""

# Only owners of an order that is about to be placed or brought up to date, in the default role, sales. Without a password hash
# they cannot sign in before `flask user password`.
CREATE = """
WITH created AS (
    INSERT INTO users (tenant_id, email, name)
    SELECT %(tenant)s, owner_email, coalesce(owner_name, initcap(translate(split_part(owner_email, '@', 1), '._-', '   ')))
    FROM import_owners w
    WHERE owner_id IS NULL AND reason IS NULL AND owner_email IS NOT NULL AND EXISTS (
        SELECT FROM import_orders o
        WHERE o.owner_key = w.owner_key AND o.reason IS NULL AND (%(update)s OR
            NOT EXISTS (SELECT FROM orders x WHERE x.tenant_id = %(tenant)s AND x.number = o.number)))
    ORDER BY owner_email
    ON CONFLICT DO NOTHING
    RETURNING id, email
)
UPDATE import_owners w SET owner_id = created.id FROM created WHERE w.owner_email = created.email"""

UNKNOWN = """
SELECT w.owner_email
FROM import_orders o
JOIN import_owners w ON w.owner_key = o.owner_key
WHERE o.reason IS NULL AND w.owner_id IS NULL AND (%(update)s OR
    NOT EXISTS (SELECT FROM orders x WHERE x.tenant_id = %(tenant)s AND x.number = o.number))
LIMIT 1"""


def find_owners(conn: psycopg.Connection, tenant_id: int, slug: str, policy: str) -> None:
    """Find the file's owners among the users. Orders with an owner that `policy` does not accept get a reason."""
    conn.execute(OWNERS, {"tenant": tenant_id, "slug": slug, "policy": policy})
    conn.execute(REJECT)
    if policy != "ignore":
        conn.execute(REJECT_NEW, {"tenant": tenant_id})
    conn.execute("ANALYZE import_owners")


def create_owners(conn: psycopg.Connection, tenant_id: int, update: bool) -> int:
    """Create a user for each unknown owner, inside the caller's transaction. Returns how many."""
    return conn.execute(CREATE, {"tenant": tenant_id, "update": update}).rowcount


def first_unknown(conn: psycopg.Connection, tenant_id: int, update: bool) -> str | None:
    """The address of an owner who is still not a user, although their order is about to be written; normally None."""
    found = conn.execute(UNKNOWN, {"tenant": tenant_id, "update": update}).fetchone()
    return str(found[0]) if found else None
