"""Doorbell's role is usually no superuser: it owns Doorbell's tables, and has three rights on the shop's."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from webapp.attach import attachments, backfill, catalog, check, detach, install, proposal, role
from webapp.attach.errors import AttachRefused
from webapp.attach.proposal import Wish
from webapp.postgres import session

from ..support.attached import SAME, Shop

OWNER = "ordinary_doorbell"
_HAND_OVER = f"""
DO $$ DECLARE thing record; BEGIN
    EXECUTE 'ALTER SCHEMA public OWNER TO {OWNER}';
    FOR thing IN SELECT oid::regclass AS name FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO {OWNER}', thing.name);
    END LOOP;
    FOR thing IN SELECT oid::regprocedure AS name FROM pg_proc WHERE pronamespace = 'public'::regnamespace LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO {OWNER}', thing.name);
    END LOOP;
END $$
"""


@pytest.fixture
def ordinary(shop_table: Shop) -> Iterator[psycopg.Connection]:
    shop_table.execute(
        f"DO $$ BEGIN CREATE ROLE {OWNER} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
        f"ALTER ROLE {OWNER} CREATEROLE; DROP ROLE IF EXISTS {role.ROLE}"
    )
    shop_table.execute(_HAND_OVER)
    url = shop_table.service.database_url.replace("//postgres@", f"//{OWNER}@")
    with session.connect(url, "doorbell attach", autocommit=True) as conn:
        yield conn


def test_a_role_that_is_no_superuser_attaches_copies_checks_and_detaches(
    shop_table: Shop, ordinary: psycopg.Connection
) -> None:
    shop_table.add(1)
    with pytest.raises(AttachRefused, match=r"may not use the schema.*GRANT USAGE ON SCHEMA shop TO ordinary_doorbell"):
        catalog.find(ordinary, "shop.orders")
    shop_table.execute(
        f"GRANT USAGE ON SCHEMA shop TO {OWNER}; GRANT SELECT, UPDATE, TRIGGER ON shop.orders TO {OWNER}"
    )
    wish = Wish({}, {}, {})
    target = proposal.propose(ordinary, catalog.find(ordinary, "shop.orders"), shop_table.tenant_id, wish).target
    install.install(ordinary, target, "a test")
    assert backfill.run(ordinary, target)
    shop_table.add(2)
    (attachment,) = attachments.every(ordinary)
    assert check.run(ordinary, attachment).orders == 0
    assert shop_table.differences() == SAME
    owners = shop_table.execute(
        "SELECT DISTINCT proowner::regrole::text FROM pg_proc WHERE proname LIKE 'attach\\_%\\_%'"
    )
    assert owners.fetchall() == [(role.ROLE,)]
    assert detach.run(ordinary, attachment, keep_orders=False) == 2
    assert attachments.every(ordinary) == []


def test_without_the_right_to_create_roles_the_statements_for_a_superuser_are_named(
    shop_table: Shop, ordinary: psycopg.Connection
) -> None:
    shop_table.execute(f"ALTER ROLE {OWNER} NOCREATEROLE")
    shop_table.execute(
        f"GRANT USAGE ON SCHEMA shop TO {OWNER}; GRANT SELECT, UPDATE, TRIGGER ON shop.orders TO {OWNER}"
    )
    source = catalog.find(ordinary, "shop.orders")
    with pytest.raises(AttachRefused, match=f"(?s)may not create the role.*CREATE ROLE {role.ROLE} NOLOGIN"):
        proposal.propose(ordinary, source, shop_table.tenant_id, Wish({}, {}, {}))
