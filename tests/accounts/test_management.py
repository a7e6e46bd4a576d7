"""An admin's changes to users: no request, and no two at once, take the last admin from a company."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from flask import Flask

from webapp.accounts.management import RefusedChange, UnknownUser, UserChange

from ..support.wait import eventually
from ..support.world import World

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def tenant(world: World) -> int:
    return world.tenant()


def admins(world: World, tenant: int) -> list[str]:
    found = world.conn.execute(
        "SELECT name FROM users WHERE tenant_id = %s AND role = 'admin' AND disabled_at IS NULL", [tenant]
    )
    return [row[0] for row in found]


def test_the_last_active_admin_keeps_the_role_and_the_account(world: World, tenant: int) -> None:
    ada = world.user(tenant, "Ada Admin", role="admin")
    world.user(tenant, "Old Admin", role="admin", disabled_at=world.now())
    with pytest.raises(RefusedChange, match="Ada Admin is the only active admin"):
        UserChange(tenant, ada, ada).set_role("manager")
    with pytest.raises(RefusedChange, match="You cannot disable your own account"):
        UserChange(tenant, ada, ada).disable()
    world.user(tenant, "Ben Admin", role="admin")
    assert UserChange(tenant, ada, ada).set_role("manager").changed
    assert admins(world, tenant) == ["Ben Admin"]


@pytest.mark.usefixtures("long_locks")
@pytest.mark.parametrize("verb", [lambda change: change.disable(), lambda change: change.set_role("sales")])
def test_of_two_admins_who_remove_each_other_at_once_one_stays(
    app: Flask, world: World, tenant: int, verb: Callable[[UserChange], object]
) -> None:
    pair = [world.user(tenant, "Ada Admin", role="admin"), world.user(tenant, "Ben Admin", role="admin")]
    refused: list[RefusedChange] = []
    start = threading.Barrier(2)

    def remove(actor: int, user: int) -> None:
        with app.app_context():
            start.wait(60)
            try:
                verb(UserChange(tenant, actor, user))
            except RefusedChange as error:
                refused.append(error)

    # Both requests wait for this lock, and are then let go at once.
    with world.conn.transaction():
        world.conn.execute("SELECT FROM users WHERE tenant_id = %s FOR UPDATE", [tenant])
        threads = [threading.Thread(target=remove, args=ids) for ids in (pair, pair[::-1])]
        for thread in threads:
            thread.start()
        _both_wait(world)
    for thread in threads:
        thread.join(60)
    assert len(refused) == 1
    assert len(admins(world, tenant)) == 1


def _both_wait(world: World) -> None:
    waiting = "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted"
    eventually(lambda: world.conn.execute(waiting).fetchone() == (2,))


def test_an_admin_who_lost_the_role_meanwhile_changes_nothing(world: World, tenant: int) -> None:
    ada, ben = world.user(tenant, "Ada Admin", role="admin"), world.user(tenant, "Ben Sales")
    mia = world.user(tenant, "Mia Manager", role="manager")
    with pytest.raises(RefusedChange, match="You are not an admin any more"):
        UserChange(tenant, mia, ben).disable()
    with pytest.raises(RefusedChange, match="You are not an admin any more"):
        UserChange(tenant, ben, ada).rename("Zoe")


def test_a_user_of_another_company_is_unknown(world: World, tenant: int) -> None:
    ada, other = world.user(tenant, "Ada Admin", role="admin"), world.user(world.tenant("other"), "Olaf Other")
    for verb in (UserChange.disable, UserChange.enable, UserChange.end_sessions):
        with pytest.raises(UnknownUser):
            verb(UserChange(tenant, ada, other))


def test_each_change_is_written_to_the_audit_log_once(world: World, tenant: int) -> None:
    ada, ben = world.user(tenant, "Ada Admin", role="admin"), world.user(tenant, "Ben Sales")
    change = UserChange(tenant, ada, ben)
    for _attempt in range(2):
        change.rename("Ben Okafor")
        change.set_role("viewer")
        change.disable()
    change.enable()
    change.end_sessions()
    entries = world.conn.execute("SELECT kind, actor_id, subject_id, details FROM audit_log ORDER BY id").fetchall()
    assert entries == [
        ("user_renamed", ada, ben, {"person": {"name": ["Ben Sales", "Ben Okafor"]}}),
        ("role_changed", ada, ben, {"from": "sales", "to": "viewer"}),
        ("user_disabled", ada, ben, {}),
        ("user_enabled", ada, ben, {}),
        ("sessions_ended", ada, ben, {"all": True}),
    ]
