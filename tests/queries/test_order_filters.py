"""The filters of the list of orders: each combination equals a computation in Python, in the order of the list."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from webapp.db import db
from webapp.models import STATUSES
from webapp.queries import order_indexes, order_search, order_sources, order_totals, order_walk
from webapp.queries.order_filter import KINDS, STATUS_GROUPS, Filter
from webapp.queries.order_search import FoundOrder, PageCursor

from ..support.figures import refund, tenant
from ..support.world import World

pytestmark = pytest.mark.usefixtures("app_context")

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
CUSTOMERS = ("Hanari Carnes", "Toms Müller", "Chop-suey")
SOURCES = ("form", "import", "shop")


@pytest.fixture(params=["one step", "small steps", "few", "no time"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How a walk finds the orders: at once, step by step, by a condition that few orders meet, or with a stop per step."""
    if request.param != "one step":
        monkeypatch.setattr(order_walk, "STEPS", (3, 5, 7))
        monkeypatch.setattr(order_search, "LOOK_ROWS", 5)
    if request.param in ("small steps", "no time"):
        monkeypatch.setattr(order_walk, "FEW", -1)
    if request.param == "no time":
        monkeypatch.setattr(order_search, "SEARCH_MS", 0)
    monkeypatch.setattr(order_search, "PAGE_ROWS", 4)
    return str(request.param)


@dataclass
class Made:
    """An order as the test made it; its refunds as times and amounts."""

    id: int
    owner: int | None
    source: str
    customer: str
    total: int
    times: dict[str, datetime | None]
    refunds: list[tuple[datetime, int]]

    @property
    def status(self) -> str:
        refunded = sum(amount for _, amount in self.refunds)
        if self.times["cancelled"]:
            return "cancelled"
        if 0 < refunded >= self.total:
            return "refunded"
        return "shipped" if self.times["shipped"] else "paid" if self.times["paid"] else "placed"

    def at(self, wanted: Filter) -> datetime | None:
        """The order's time in a list, if its times match the filter."""

        def is_in(at: datetime | None) -> bool:
            return (
                at is not None
                and (wanted.start is None or at >= wanted.start)
                and (wanted.end is None or at < wanted.end)
            )

        refunds = [at for at, _ in self.refunds] if wanted.by in ("refunded", "revenue") else []
        times = {"refunded": [], "revenue": [self.times["paid"]]}.get(wanted.by, [self.times.get(wanted.by)])
        return max((at for at in (*times, *refunds) if at and is_in(at)), default=None)


def make_orders(world: World, tenant_id: int, rng: random.Random, people: list[int]) -> list[Made]:
    made = []

    def moment() -> datetime:
        return NOW - timedelta(hours=rng.randrange(24 * 12))

    for _ in range(70):
        times: dict[str, datetime | None] = {"placed": moment()}
        for name, share in (("paid", 0.7), ("shipped", 0.4), ("cancelled", 0.15)):
            times[name] = moment() if rng.random() < share else None
        total = rng.choice((100, 200, 5_000))
        many = [(moment(), total // 2) for _ in range(rng.choice((0, 0, 1, 2)))] if times["paid"] else []
        owner, source, customer = rng.choice([*people, None]), rng.choice(SOURCES), rng.choice(CUSTOMERS)
        columns = {f"{name}_at": at for name, at in times.items() if at}
        order = world.order(tenant_id, total, owner_id=owner, source=source, customer=customer, **columns)
        for at, amount in many:
            refund(world, order, amount, at.isoformat())
        made.append(Made(order, owner, source, customer, total, times, many))
    return made


def random_filter(rng: random.Random, people: list[int]) -> Filter:
    start = NOW - timedelta(hours=rng.randrange(24 * 12))
    dates = rng.choice(
        [(None, None), (start, None), (None, start), (start, start + timedelta(days=rng.randrange(1, 6)))]
    )
    return Filter(
        words=rng.choice(("", "", "müller", "hanari", "ana")),
        status=rng.choice(("", "", "", "", *STATUS_GROUPS)),
        owner_id=rng.choice((None, None, 0, *people)),
        by=rng.choice(("placed", *KINDS)),
        start=dates[0],
        end=dates[1],
        min_minor=rng.choice((None, None, None, 150)),
        max_minor=rng.choice((None, None, None, 200)),
        source=rng.choice(("", "", "", "", *SOURCES)),
    )


def expected(orders: list[Made], wanted: Filter, ana: int) -> list[int]:
    """The ids of the matching orders, newest first. A search by words is sorted by the time of placement."""

    def is_in(order: Made) -> bool:
        begins = any(word.startswith(wanted.words) for word in order.customer.lower().split())
        words = begins or (wanted.words == "ana" and order.owner == ana)
        owner = wanted.owner_id is None or (order.owner or 0) == wanted.owner_id
        amount = (wanted.min_minor or 0) <= order.total <= (wanted.max_minor or order.total)
        status = not wanted.status or order.status in wanted.statuses
        return words and owner and amount and status and wanted.source in ("", order.source)

    found = [order for order in orders if order.at(wanted) and is_in(order)]
    places = [(order.times["placed"] if wanted.words else order.at(wanted), order.id) for order in found]
    return [order_id for _, order_id in sorted(places, reverse=True)]


def all_rows(tenant_id: int, wanted: Filter) -> list[FoundOrder]:
    rows: list[FoundOrder] = []
    before: PageCursor | None = None
    while True:
        page = order_search.read(tenant(tenant_id), wanted, before)
        assert before is None or page.older is None or page.older < before, "each page goes on"
        rows += page.orders
        before = page.older
        if before is None:
            return rows


@pytest.mark.parametrize("seed", range(2))
def test_all_pages_of_each_filter_equal_a_computation_in_python(world: World, way: str, seed: int) -> None:
    rng, acme, other = random.Random(seed), world.tenant(), world.tenant("other")
    people = [world.user(acme, name) for name in ("Ana Silva", "Ben Okafor")]
    orders = make_orders(world, acme, rng, people)
    make_orders(world, other, rng, [])
    assert {order.status for order in orders} == set(STATUSES), "the comparison means something"
    sizes = []
    for _ in range(80):
        wanted = random_filter(rng, people)
        rows, ids = all_rows(acme, wanted), expected(orders, wanted, people[0])
        assert [row.id for row in rows] == ids, wanted
        sizes.append(len(ids))
        if not wanted.words:
            totals = order_totals.read(acme, wanted)
            assert (totals.orders, totals.sum_minor) == (len(ids), sum(row.counted_minor for row in rows)), wanted
    assert sum(size > 4 for size in sizes) >= 10, "some lists have several pages"


def test_a_list_that_is_too_long_is_not_counted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_totals, "MAX_COUNTED", 5)
    monkeypatch.setattr(order_totals, "MAX_SCATTERED", 5)
    acme, ana = world.tenant(), None
    for number in range(8):
        world.order(acme, 100 * number, owner_id=ana, paid_at="2026-01-02" if number < 4 else None)
    assert order_totals.read(acme, Filter()).more_than == 5
    paid = order_totals.read(acme, Filter(status="paid"))
    assert (paid.orders, paid.sum_minor, paid.is_exact) == (4, 600, True)
    neither = order_totals.read(acme, Filter(status="counted", min_minor=0))
    assert (neither.is_exact, neither.more_than) == (False, None), "two conditions, each of too many orders"


def test_a_search_by_words_counts_its_first_orders(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_search, "COUNTED_WITH_WORDS", 50)
    acme = world.tenant()
    for number in range(60):
        world.order(acme, 100, customer="Hanari" if number else "Toms")
    totals = order_search.read(tenant(acme), Filter("toms")).totals
    assert totals is not None
    assert (totals.orders, totals.sum_minor) == (1, 100)
    totals = order_search.read(tenant(acme), Filter("hanari")).totals
    assert totals is not None
    assert (totals.is_exact, totals.more_than) == (False, 50)


def test_the_sources_of_a_tenant_are_listed_once_each(world: World) -> None:
    acme, other = world.tenant(), world.tenant("other")
    for source in ("form", "shop", "form", "import"):
        world.order(acme, source=source)
    world.order(other, source="elsewhere")
    assert order_sources.read(acme) == ["form", "import", "shop"]


def test_orders_are_never_scanned(world: World) -> None:
    acme = world.tenant()
    world.conn.execute(
        "INSERT INTO orders (tenant_id, number, customer, currency, total_minor, placed_at, paid_at, shipped_at)"
        " SELECT %s, n::text, 'Bulk', 'EUR', n, at, at, at FROM generate_series(1, 3000) AS n,"
        " LATERAL (SELECT now() - n * interval '1 hour' AS at) AS times",
        [acme],
    )
    world.conn.execute("ANALYZE orders")
    for by, each in [(by, status) for by in KINDS for status in ("", "counted", "cancelled")]:
        wanted = Filter(status=each, by=by, min_minor=2_990, source="sql")
        order_search.read(tenant(acme), wanted)
        scans = "SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'orders'"
        assert db.session.execute(db.text(scans)).scalar_one() == 0, wanted


def test_the_index_of_a_few_orders_is_found_by_counting_no_more_than_needed(world: World) -> None:
    acme = world.tenant()
    for number in range(30):
        world.order(acme, number, source="form" if number == 7 else "import")
    tenant(acme)
    few = order_indexes.find_few(acme, Filter(source="form", status="placed"), 10)
    assert few is not None
    assert few.sql.startswith("o.source")
    assert order_indexes.find_few(acme, Filter(source="import", status="placed"), 10) is None
    counts = [order_indexes.count(acme, each, 11) for each in order_indexes.conditions(acme, Filter(source="import"))]
    assert all(earlier <= 11 and later <= 11 for earlier, later in pairwise(counts))
