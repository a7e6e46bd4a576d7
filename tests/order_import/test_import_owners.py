"""Owners of imported orders: users that are found, created, refused or ignored."""

from __future__ import annotations

import pytest

from ..support.imports import Importer
from ..support.world import World

HEADER = "number,customer,placed_at,total,salesperson_email,salesperson"


def test_users_are_found_by_e_mail_or_name_in_any_case(importer: Importer, world: World) -> None:
    tenant = importer.tenant()
    ana, ben = world.user(tenant, "Ana Silva", email="Ana@x.example"), world.user(tenant, "Ben Okafor")
    result = importer.load(
        "A1,Toms,2026-01-02,1.00,ANA@X.example,Someone Else",
        "A2,Toms,2026-01-02,1.00,,ben okafor",
        "A3,Toms,2026-01-02,1.00,,",
        header=HEADER,
    )
    assert result.exit_code == 0, result.output
    assert importer.orders("owner_id") == [(ana,), (ben,), (None,)]


def test_a_column_of_owner_names_may_contain_addresses(importer: Importer, world: World) -> None:
    ana = world.user(importer.tenant(), email="ana@x.example")
    importer.load(
        "A1,Toms,2026-01-02,1.00,Ana@x.example",
        "A2,Toms,2026-01-02,1.00,a@b@c",
        header="number,customer,date,total,owner",
    )
    assert importer.orders("owner_id") == [(ana,)]
    assert "is not an e-mail address" in importer.reasons()[3]


def test_unknown_owners_are_refused_by_default(importer: Importer, world: World) -> None:
    importer.tenant()
    result = importer.load("A1,T,2026-01-02,1.00,ana@x.example,", "A2,T,2026-01-02,1.00,,", header=HEADER)
    assert result.exit_code == 1
    assert importer.reasons() == {
        2: "owner 'ana@x.example' is not a user of acme; use --owners create to create the user, or --owners ignore"
    }
    assert world.conn.execute("SELECT count(*) FROM users").fetchone() == (0,)


def test_created_users_have_the_sales_role_and_cannot_sign_in(importer: Importer, world: World) -> None:
    importer.tenant()
    rows = (
        "A1,T,2026-01-02,1.00,Ana@x.example,Ana Silva",
        "A2,T,2026-01-02,1.00,ben.okafor@x.example,",
        "A3,T,2026-01-02,1.00,ana@x.example,Ana Silva",
    )
    result = importer.load(*rows, header=HEADER, options=("--owners", "create"))
    assert result.exit_code == 0, result.output
    assert "people     2 created" in result.output
    assert world.conn.execute("SELECT email, name, role, password_hash FROM users ORDER BY email").fetchall() == [
        ("ana@x.example", "Ana Silva", "sales", None),
        ("ben.okafor@x.example", "Ben Okafor", "sales", None),
    ]
    assert len({owner for (owner,) in importer.orders("owner_id")}) == 2
    assert "people     0 created" in importer.run("--owners", "create").output


def test_no_user_is_created_for_an_order_that_is_not_placed(importer: Importer, world: World) -> None:
    importer.tenant()
    importer.load("A1,T,2026-01-02,1.00,,", header=HEADER)
    importer.load(
        "A1,T,2026-01-02,1.00,ana@x.example,",
        "A2,T,never,1.00,ben@x.example,",
        header=HEADER,
        options=("--owners", "create"),
    )
    assert world.conn.execute("SELECT count(*) FROM users").fetchone() == (0,)


def test_no_user_is_created_from_a_name_without_an_e_mail(importer: Importer) -> None:
    importer.tenant()
    importer.load("A1,T,2026-01-02,1.00,,Ana Silva", header=HEADER, options=("--owners", "create"))
    assert "owner 'Ana Silva' is not a user of acme and has no e-mail" in importer.reasons()[2]


def test_orders_of_ignored_owners_are_unassigned(importer: Importer, world: World) -> None:
    ana = world.user(importer.tenant(), email="ana@x.example")
    importer.load(
        "A1,T,2026-01-02,1.00,ana@x.example,",
        "A2,T,2026-01-02,1.00,ben@x.example,",
        header=HEADER,
        options=("--owners", "ignore"),
    )
    assert importer.orders("owner_id") == [(ana,), (None,)]


@pytest.mark.parametrize("policy", ["refuse", "create"])
def test_an_owner_who_belongs_to_another_tenant_is_rejected(importer: Importer, world: World, policy: str) -> None:
    world.user(world.tenant("other"), email="Ana@x.example")
    importer.tenant()
    importer.load("A1,T,2026-01-02,1.00,ana@x.example,", header=HEADER, options=("--owners", policy))
    assert importer.reasons()[2].startswith("owner 'ana@x.example' belongs to another tenant")
    assert importer.orders() == []


def test_a_name_shared_by_two_users_is_rejected(importer: Importer, world: World) -> None:
    tenant = importer.tenant()
    for email in ("ana1@x.example", "ana2@x.example"):
        world.user(tenant, "Ana Silva", email=email)
    importer.load("A1,T,2026-01-02,1.00,,Ana Silva", header=HEADER)
    assert "is the name of 2 users; give the e-mail instead" in importer.reasons()[2]
