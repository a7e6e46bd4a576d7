"""The search of orders: its results, which are the same through the newest orders and through the index."""

from __future__ import annotations

import random
import unicodedata
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from webapp.db import db
from webapp.launcher.embedded import Embedded
from webapp.models import Tenant
from webapp.queries import order_search
from webapp.queries.order_search import Filter, PageCursor

from ..support.world import World

pytestmark = pytest.mark.usefixtures("app_context")

SQL = Path(__file__).parents[2] / "migrations" / "sql"
FUNCTIONS = ("0008_order_search.sql", "0011_search_fold.sql")


@pytest.fixture(params=["walk", "index", "stopped"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The search path: `walk` reads the newest orders, as for frequent words; `index` reads the index, as for rare words.

    `stopped` reads the index with so little time that each page stops after its first period.
    """
    if request.param in ("index", "stopped"):
        monkeypatch.setattr(order_search, "WALK_ROWS", 0)
    if request.param == "stopped":
        monkeypatch.setattr(order_search, "SEARCH_MS", 0)
    return str(request.param)


def found(tenant_id: int, words: str = "", status: str = "", owner_id: int | None = None) -> list[str]:
    """The order numbers of all pages, in their order."""
    tenant, wanted = db.session.get_one(Tenant, tenant_id), Filter(words, status, owner_id)
    numbers: list[str] = []
    before: PageCursor | None = None
    while True:
        page = order_search.read(tenant, wanted, before)
        numbers += [order.number for order in page.orders]
        before = page.older
        if before is None:
            return numbers


@pytest.mark.parametrize(
    ("customer", "words"),
    [
        ("MÜLLER", "müller"),
        ("Müller", "MULLER"),
        ("Mu\u0308ller", "mül"),
        ("Straßenbau Weiß", "STRASSENBAU weiss"),
        ("Łódź Ørsted", "lodz ørs"),
        ("Юрий ЁЛКИН", "юрий ёлкин"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("İstanbul Işık", "istanbul isik"),
        ("O'Brien & Söhne GmbH.", "gmbh o'brien"),
        ("Muster-Bau (Nord)", "nord muster bau"),
        ("東京商店", "東京"),
        ("100% Bio", "100%"),
        ("x" * 500, "x" * 200),
    ],
)
def test_a_word_is_found_by_its_beginning_ignoring_case_accents_and_punctuation(
    world: World, way: str, customer: str, words: str
) -> None:
    tenant = world.tenant()
    world.order(tenant, number="N1", customer=customer)
    world.order(tenant, number="N2", customer="Another One")
    assert found(tenant, words) == ["N1"]


@pytest.mark.parametrize("words", ["uller", "muller meier", "mullers", "1", "-"])
def test_a_text_inside_a_word_or_number_is_not_found(world: World, way: str, words: str) -> None:
    tenant = world.tenant()
    world.order(tenant, number="N1", customer="Müller Schmidt")
    assert found(tenant, words) == []


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("A-1", "a-1"),
        ("A-1", "a1"),
        ("INV/2026/77", "inv/2026"),
        ("INV/2026/77", "INV20"),
        ("..", ".."),
        ("7 b", "7 B"),
    ],
)
def test_a_number_is_found_by_its_beginning_with_or_without_punctuation(
    world: World, way: str, number: str, words: str
) -> None:
    tenant = world.tenant()
    world.order(tenant, number=number)
    world.order(tenant, number="X9")
    assert found(tenant, words) == [number]


def test_a_salespersons_name_finds_their_orders_also_with_other_words(world: World, way: str) -> None:
    tenant = world.tenant()
    ana, ben = world.user(tenant, "Ana Silva"), world.user(tenant, "Ben Okafor")
    world.order(tenant, number="1", customer="Hanari", owner_id=ana)
    world.order(tenant, number="2", customer="Hanari", owner_id=ben)
    world.order(tenant, number="3", customer="Ana Meier")
    world.order(tenant, number="4", customer="Chop-suey", owner_id=ana)
    assert found(tenant, "Ana Silva") == ["4", "1"]
    assert found(tenant, "silva hanari") == ["1"]
    assert found(tenant, "ana") == ["4", "3", "1"]
    assert found(tenant, "hanari", owner_id=ben) == ["2"]


def test_a_word_that_begins_many_salespeoples_names_does_not_find_their_orders(
    world: World, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.queries.order_words.MAX_OWNERS", 1)
    tenant = world.tenant()
    world.user(tenant, "Anabel Braun")
    world.order(tenant, number="1", customer="Hanari", owner_id=world.user(tenant, "Ana Silva"))
    assert (found(tenant, "ana"), found(tenant, "silva")) == ([], ["1"])


def test_status_and_salesperson_filter_with_and_without_words(world: World, way: str) -> None:
    tenant, paid = world.tenant(), "2026-01-02"
    ana, ben = world.user(tenant, "Ana Silva"), world.user(tenant, "Ben Okafor")
    for n, (owner, at) in enumerate([(ana, paid), (ana, None), (ben, paid), (ben, None), (None, paid)]):
        world.order(tenant, number=f"{n}", customer="Hanari Carnes", owner_id=owner, paid_at=at)
    for words in ("", "carnes"):
        assert found(tenant, words, "paid") == ["4", "2", "0"]
        assert found(tenant, words, "", ana) == ["1", "0"]
        assert found(tenant, words, "placed", ben) == ["3"]
        assert found(tenant, words, "cancelled", ben) == []


def test_a_search_finds_only_the_tenants_own_orders(world: World, way: str) -> None:
    here, there = world.tenant("here"), world.tenant("there")
    world.order(here, number="H1", customer="Hanari")
    world.order(there, number="T1", customer="Hanari", owner_id=world.user(there))
    assert (found(here, "hanari"), found(there, "hanari"), found(here, "ana")) == (["H1"], ["T1"], [])


def test_a_changed_order_is_found_by_its_new_values_only(world: World, way: str) -> None:
    tenant = world.tenant()
    order = world.order(tenant, number="1", customer="Hanari")
    world.change(order, customer="Ernst Handel", owner_id=world.user(tenant), placed_at="2020-01-01")
    assert (found(tenant, "hanari"), found(tenant, "ernst"), found(tenant, "silva")) == ([], ["1"], ["1"])


def plain(text: str) -> list[str]:
    letters = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c))
    return "".join(c if c.isalnum() else " " for c in letters).split()


def expected(orders: list[dict[str, Any]], words: str, status: str, owner: str) -> list[str]:
    """The order numbers that must be found, newest first, computed in Python."""

    def is_in(order: dict[str, Any]) -> bool:
        names = plain(order["customer"]) + plain(order["owner"])
        every = all(order["number"].startswith(w) or any(n.startswith(w) for n in names) for w in plain(words))
        return every and status in ("", order["status"]) and owner in ("", order["owner"])

    newest_first = sorted(orders, key=lambda order: (order["placed_at"], int(order["number"])), reverse=True)
    return [order["number"] for order in newest_first if is_in(order)]


@pytest.mark.parametrize("seed", range(3))
def test_all_pages_of_a_search_equal_a_computation_in_python(world: World, way: str, seed: int) -> None:
    """With orders over decades with gaps, in the future, and several at one time."""
    rng, tenant = random.Random(seed), world.tenant()
    people = {name: world.user(tenant, name) for name in ("Ana Silva", "Ben Okafor", "Gül Öz")}
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    orders: list[dict[str, Any]] = []
    for number in range(400):
        at = now - timedelta(days=rng.choice([-400, 0, 1, 5, 30, 900, 901, 9000, 30000]), hours=rng.randrange(12))
        customer = " ".join(rng.sample(["Ana", "Benz", "MÜLLER", "Müll", "Söhne", "Öz", "12", "GmbH"], 2))
        status, owner = rng.choice(["placed", "placed", "paid"]), rng.choice([*people, ""])
        orders.append({"number": str(number), "customer": customer, "owner": owner, "status": status, "placed_at": at})
    rows = [
        (
            tenant,
            o["number"],
            o["customer"],
            people.get(o["owner"]),
            o["placed_at"],
            now if o["status"] == "paid" else None,
        )
        for o in orders
    ]
    with world.conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO orders (tenant_id, number, customer, owner_id, placed_at, paid_at, currency, total_minor)"
            " VALUES (%s, %s, %s, %s, %s, %s, 'EUR', 100)",
            rows,
        )
    for words in ("müll", "ana", "ana benz", "öz söhne", "1", "12 g", "gmbh", "silva müll 3", "nothing", ""):
        for status, owner in (("", ""), ("paid", ""), ("", "Ana Silva"), ("placed", "Gül Öz")):
            wanted = expected(orders, words, status, owner)
            assert found(tenant, words, status, people.get(owner)) == wanted, (words, status, owner)


def test_words_that_were_frequent_long_ago_are_found_newest_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many orders match within two weeks that the index alone would read too many."""
    monkeypatch.setattr(order_search, "SEARCH_MS", 60_000)
    tenant = world.tenant()
    many = (
        "INSERT INTO orders (tenant_id, number, customer, currency, total_minor, placed_at)"
        " SELECT %(tenant)s, %(prefix)s || n, %(customer)s, 'EUR', n, %(at)s::timestamptz - n * interval '1 second'"
        " FROM generate_series(1, %(count)s) AS n"
    )
    old = {"tenant": tenant, "prefix": "o", "customer": "Nordmarkt", "at": "2020-03-01T12:00Z", "count": 30_000}
    world.conn.execute(many, old)
    world.conn.execute(many, old | {"prefix": "n", "customer": "Hanari", "at": "2026-03-01T12:00Z", "count": 600})
    world.order(tenant, number="first", customer="Nordmarkt", placed_at="2019-01-01")
    tenant_row = db.session.get_one(Tenant, tenant)
    page = order_search.read(tenant_row, Filter("nordm"))
    assert [order.number for order in page.orders] == [f"o{n}" for n in range(1, order_search.PAGE_ROWS + 1)]
    assert not page.stopped
    last = order_search.read(tenant_row, Filter("nordm"), PageCursor(datetime(2020, 3, 1, 3, 40, 10, tzinfo=UTC), 1))
    assert [order.number for order in last.orders] == [*(f"o{n}" for n in range(29_991, 30_001)), "first"]
    assert last.older is None


def test_a_search_that_takes_too_long_stops_and_the_next_page_continues(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_search, "WALK_ROWS", 3)
    monkeypatch.setattr(order_search, "SEARCH_MS", 0)
    tenant = world.tenant()
    for n in range(8):
        world.order(tenant, number=f"{n}", customer="Hanari", placed_at=f"20{10 + n}-01-01")
    world.order(tenant, number="old", customer="Zzyzx", placed_at="2001-01-01")
    tenant_row = db.session.get_one(Tenant, tenant)
    page, pages = order_search.read(tenant_row, Filter("zzyzx")), 1
    assert (page.orders, page.stopped) == ((), True)
    while not page.orders:
        assert page.older
        page, pages = order_search.read(tenant_row, Filter("zzyzx"), page.older), pages + 1
    assert ([order.number for order in page.orders], page.older, pages > 2) == (["old"], None, True)


def test_rare_words_are_read_from_the_index_and_orders_are_never_scanned(world: World) -> None:
    tenant = world.tenant()
    world.conn.execute(
        "INSERT INTO orders (tenant_id, number, customer, currency, total_minor, placed_at)"
        " SELECT %s, n::text, 'Bulk ' || n %% 7, 'EUR', n, now() - n * interval '1 hour' FROM generate_series(1, 9000) n",
        [tenant],
    )
    world.order(tenant, number="old", customer="Zzyzx", placed_at="2025-01-01")
    world.conn.execute("ANALYZE orders")

    scans = "SELECT seq_scan, pg_stat_get_xact_numscans('ix_orders_search'::regclass) FROM pg_stat_xact_user_tables"
    assert (found(tenant, "zzyzx"), found(tenant, "qqq")) == (["old"], [])
    scanned, index_scans = db.session.execute(db.text(f"{scans} WHERE relname = 'orders'")).one()
    assert (scanned, index_scans > 0) == (0, True)


@pytest.mark.parametrize("locale", ["LOCALE 'C'", "LOCALE 'C.UTF-8'", "LOCALE_PROVIDER icu ICU_LOCALE 'tr' LOCALE 'C'"])
def test_search_words_are_the_same_in_a_database_of_any_locale(embedded: Embedded, locale: str) -> None:
    """Including Turkish, where the lower case of I is ı."""
    admin_url = embedded.database_url.replace("/doorbell?", "/postgres?")
    with psycopg.connect(admin_url, autocommit=True) as admin:
        try:
            admin.execute(f"CREATE DATABASE in_a_locale TEMPLATE template0 ENCODING 'UTF8' {locale}")
        except (psycopg.errors.FeatureNotSupported, psycopg.errors.SyntaxError):
            pytest.skip("this PostgreSQL has no ICU")
        try:
            with psycopg.connect(admin_url.replace("/postgres?", "/in_a_locale?"), autocommit=True) as conn:
                for name in FUNCTIONS:
                    conn.execute((SQL / name).read_text())
                row = conn.execute("SELECT order_search_words('INV-1I', 'MÜLLER Ёлкин IDA')").fetchone()
        finally:
            admin.execute("DROP DATABASE in_a_locale WITH (FORCE)")
    assert row == (" ninv1i wmuller wелкин wida",)
