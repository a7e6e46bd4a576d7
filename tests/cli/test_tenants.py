"""`flask tenant`, as an operator runs it."""

from __future__ import annotations

import pytest
from flask import Flask

from webapp.rollups import refresh

from ..support.account_commands import TENANT, flask, rows, with_option
from ..support.world import Service, World


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("", "Acme Ltd", "The slug 'Acme Ltd' is not valid. Use 1 to 63 of a-z"),
        ("--name", " ", "0 characters"),
        ("--timezone", "berlin", "Did you mean Europe/Berlin?"),
        ("--timezone", "Europe/Berlinn", "Did you mean Europe/Berlin"),
        ("--timezone", "../../etc/passwd", "is not known"),
        ("--currency", "EURO", "Did you mean"),
        ("--currency", "eur", "Did you mean EUR"),
        ("--currency", "€", "Use one like EUR"),
        ("--locale", "german", "like en_GB or de_DE"),
        ("--locale", "xx_YY", "like en_GB or de_DE"),
    ],
)
def test_an_invalid_tenant_is_refused_in_one_line(
    app: Flask, world: World, option: str, value: str, words: str
) -> None:
    refused = flask(app, *with_option(TENANT, option, value))
    assert refused.exit_code == 2
    assert words in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert rows(world, "id", "tenants") == []


def test_a_second_tenant_of_a_slug_is_refused(app: Flask, world: World) -> None:
    flask(app, *TENANT)
    refused = flask(app, *TENANT)
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert "tenant 'acme' already exists" in refused.stderr


def test_a_locale_that_is_too_long_for_the_database_is_refused(app: Flask, world: World) -> None:
    result = flask(app, *with_option(TENANT, "--locale", "de_DE" + "_X" * 100))
    assert (result.exit_code, "is not known" in result.stderr) == (2, True)
    assert rows(world, "slug", "tenants") == []


def test_a_tenant_is_renamed_and_its_values_are_set(app: Flask, world: World) -> None:
    world.tenant()
    assert "Changed tenant acme: name 'Acme & Sons'." in flask(app, "tenant", "rename", "acme", " Acme & Sons ").output
    done = flask(app, "tenant", "set", "acme", "--locale", "de_DE", "--currency", "USD", "--timezone", "Europe/Berlin")
    assert "Changed tenant acme: locale 'de_DE', currency 'USD'." in done.output
    assert rows(world, "name, timezone, locale, currency", "tenants") == [
        ("Acme & Sons", "Europe/Berlin", "de_DE", "USD")
    ]
    assert (
        "already has these values. Nothing was changed."
        in flask(app, "tenant", "set", "acme", "--locale", "de_DE").output
    )


def test_the_ranking_is_switched_off_and_on_and_listed(app: Flask, world: World) -> None:
    world.tenant()
    assert flask(app, "tenant", "list").output.split()[5] == "ranking"
    assert "Changed tenant acme: ranking off." in flask(app, "tenant", "set", "acme", "--no-ranking").output
    assert (rows(world, "shows_ranking", "tenants"), flask(app, "tenant", "list").output.split()[-2]) == (
        [(False,)],
        "off",
    )
    assert "Nothing was changed." in flask(app, "tenant", "set", "acme", "--no-ranking").output
    assert "Changed tenant acme: ranking on." in flask(app, "tenant", "set", "acme", "--ranking").output
    assert rows(world, "shows_ranking", "tenants") == [(True,)]


def test_a_new_time_zone_counts_past_days_again(app: Flask, service: Service, world: World) -> None:
    tenant = world.tenant()
    world.order(tenant, placed_at="2026-11-20T23:30:00Z", paid_at="2026-11-20T23:30:00Z")
    refresh.rebuild(service.database_url)
    assert rows_of_days(world) == ["2026-11-21"]
    done = flask(app, "tenant", "set", "acme", "--timezone", "America/New_York")
    assert (done.exit_code, "Counted the tenant's past days again." in done.output) == (0, True)
    assert rows_of_days(world) == ["2026-11-20"]


def rows_of_days(world: World) -> list[str]:
    return [str(day) for (day,) in world.conn.execute("SELECT day FROM rollups_daily ORDER BY day").fetchall()]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["rename", "acne", "Acme"], "There is no tenant 'acne'. Existing tenants: acme."),
        (["rename", "acme", " "], "0 characters"),
        (["set", "acme"], "--ranking, --no-ranking, --team-visible or --no-team-visible."),
        (["set", "acme", "--timezone", "berlin"], "Did you mean Europe/Berlin?"),
        (["set", "acme", "--locale", "german"], "like en_GB or de_DE"),
        (["set", "acme", "--name", "Other", "--currency", "eur"], "Did you mean EUR"),
        (
            ["set", "acme", "--name", "Other", "--currency", "USD"],
            "The tenant 'acme' has orders in EUR, so its currency",
        ),
    ],
)
def test_an_invalid_change_of_a_tenant_is_refused_in_one_line(
    app: Flask, world: World, command: list[str], words: str
) -> None:
    world.order(world.tenant())
    before = rows(world, "*", "tenants")
    refused = flask(app, "tenant", *command)
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert words in refused.stderr
    assert rows(world, "*", "tenants") == before, "nothing was saved"
