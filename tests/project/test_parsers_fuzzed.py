"""Each parser of what comes from outside returns a value or raises the one error that it documents; whatever it is given."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from werkzeug.routing import Map, ValidationError

from webapp.config import Config, ConfigError, redis_url
from webapp.doorbell.channel import Ring
from webapp.money import MAX_MINOR, MoneyError, parse_minor
from webapp.orders.quantities import QuantityError, parse_quantity
from webapp.queries.order_search import CursorInvalid, PageCursor
from webapp.routes.forms import LINES_MAX, LineList, chosen_owner
from webapp.routes.order_number import OrderNumber
from webapp.routes.panel_batch import UnknownPanel, parse_names
from webapp.signals.beat import Beat
from webapp.signals.signal import MAX_ID, MAX_SEQ, Signal
from webapp.streams.opening import readable_seq

from ..support.fuzzing import BYTES, MOMENTS, TEXTS, fuzzed

LOCALES = ("en_GB", "en_US", "de_DE", "de_CH", "fr_FR", "en_IN", "sv_SE", "ja_JP", "ar_EG", "fa_IR", "bg_BG")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def as_json(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    """Objects of these fields, and anything else."""
    right = st.fixed_dictionaries({}, optional=fields).map(lambda data: json.dumps(data).encode())
    return right | JSON.map(lambda data: json.dumps(data).encode()) | BYTES


TOPIC = st.sampled_from(["orders", "revenue", "inbox", "resync", "away", "x\ny"]) | TEXTS
WHOLE = st.integers(-5, 2**70) | st.floats() | st.booleans() | JSON


@fuzzed
@given(BYTES)
def test_a_ring_of_any_bytes_is_a_ring(payload: bytes) -> None:
    assert Ring(payload).is_self_ring in (True, False)


@fuzzed
@given(
    as_json(
        seq=WHOLE,
        at=WHOLE,
        topics=st.dictionaries(TOPIC, st.none() | st.lists(WHOLE, max_size=3) | JSON, max_size=3) | JSON,
        users=st.dictionaries(TEXTS, st.lists(TOPIC, max_size=3) | JSON, max_size=3) | JSON,
    )
)
@example(b"[" * 100_000)
def test_a_signal_is_whole_numbers_and_known_topics_or_a_value_error(text: bytes) -> None:
    try:
        signal = Signal.parse(text)
    except ValueError:
        return
    assert 0 <= signal.seq <= MAX_SEQ
    assert 0 <= signal.at <= MAX_SEQ
    assert all(topic.isalpha() for topic in signal.topics)
    assert all(type(n) is int and 0 <= n <= MAX_ID for ids in signal.topics.values() for n in ids or ())


@fuzzed
@given(as_json(host=TEXTS | JSON, pid=WHOLE, at=WHOLE))
@example(b'{"host": "a", "pid": 1, "at": 1' + b"0" * 400 + b"}")
def test_a_heartbeat_has_a_host_and_an_age_or_is_a_value_error(text: bytes) -> None:
    try:
        beat = Beat.parse(text)
    except ValueError:
        return
    assert beat.host.isprintable()
    assert beat.age >= 0


@fuzzed
@given(TEXTS, st.sampled_from(LOCALES) | st.none(), st.sampled_from(["EUR", "USD", "JPY", "KWD", "CHF"]))
def test_money_is_minor_units_or_a_money_error(text: str, locale: str | None, currency: str) -> None:
    try:
        minor = parse_minor(text, currency, locale)
    except MoneyError:
        return
    assert abs(minor) <= MAX_MINOR


@fuzzed
@given(TEXTS, st.sampled_from(LOCALES))
@example("1,1E-5000", "en_GB")
@example("1,1E999999", "en_GB")
def test_a_quantity_is_a_finite_number_or_a_quantity_error(text: str, locale: str) -> None:
    try:
        number = parse_quantity(text, locale)
    except QuantityError:
        return
    assert number.is_finite()


@pytest.mark.parametrize(
    ("text", "locale", "number"),
    [
        ("2", "en_GB", "2"),
        ("2.50", "en_GB", "2.5"),
        ("1,250.125", "en_GB", "1250.125"),
        ("1.250,5", "de_DE", "1250.5"),
        ("-1", "en_GB", "-1"),
        ("0", "en_GB", "0"),
        (".5", "en_GB", "0.5"),
        ("100", "en_GB", "100"),
    ],
)
def test_a_quantity_is_read_as_its_locale_writes_it(text: str, locale: str, number: str) -> None:
    assert parse_quantity(text, locale) == Decimal(number)
    assert "E" not in str(parse_quantity(text, locale)), "a form shows it as it was typed"


@fuzzed
@given(
    st.lists(st.tuples(st.sampled_from(["lines-", "lines", "", "lines-0-"]), TEXTS, st.sampled_from(["", "-product"])))
)
@example([("lines-", "²", "-product"), ("lines-", "9" * 5_000, "-product"), ("lines-", "7", "-product")])
def test_a_forms_rows_are_found_by_small_whole_numbers(names: list[tuple[str, str, str]]) -> None:
    fields = MultiDict(("".join(name), "x") for name in names)
    rows = LineList._extract_indices(LineList, "lines", fields)  # type: ignore[arg-type]
    assert all(0 <= row < LINES_MAX * 100 for row in rows)


@fuzzed
@given(TEXTS)
def test_a_chosen_owner_is_an_id_or_nobodys(text: str) -> None:
    assert 0 <= (chosen_owner(text) or 0) < 2**63


@fuzzed
@given(st.tuples(MOMENTS | TEXTS, st.sampled_from(["_", ""]), st.integers().map(str) | TEXTS).map("".join))
@example("0001-01-01T00:00:00+23:59_7")
@example("9999-12-31T23:59:59-23:59_7")
def test_a_place_in_a_list_is_a_moment_and_an_id_or_is_refused(text: str) -> None:
    try:
        cursor = PageCursor.parse(text)
    except CursorInvalid:
        return
    assert cursor.at.tzinfo == UTC
    assert 0 < cursor.id < 2**63
    assert PageCursor.parse(str(cursor)) == cursor


def test_a_place_in_a_list_is_read_back() -> None:
    cursor = PageCursor(datetime(2026, 11, 26, 12, 30, 1, 500, tzinfo=UTC), 7)
    assert PageCursor.parse(str(cursor)) == cursor


@fuzzed
@given(st.tuples(st.sampled_from(["names=", "names", "x&names="]), TEXTS).map("".join))
def test_names_of_panels_are_known_or_refused(query: str) -> None:
    try:
        names = parse_names(query)
    except UnknownPanel:
        return
    assert names


@fuzzed
@given(TEXTS)
def test_a_last_event_id_is_a_seq_or_unknown(text: str) -> None:
    since = readable_seq(text)
    assert since is None or 0 <= since < 10**18


@fuzzed
@given(st.text(min_size=1, max_size=64))
@example("..")
@example("new")
@example("INV/2026 7\\~")
def test_an_orders_number_in_an_address_is_read_back(number: str) -> None:
    converter = OrderNumber(Map())
    if any("\ud800" <= letter <= "\udfff" for letter in number):
        return
    assert converter.to_python(unquote(converter.to_url(number))) == number


@fuzzed
@given(TEXTS)
def test_any_address_of_an_order_is_a_number_or_no_address(text: str) -> None:
    with contextlib.suppress(ValidationError):
        assert isinstance(OrderNumber(Map()).to_python(text), str)


HOST = st.sampled_from(["host", "[::1]", "[::1", "a,b", "", ":", "@", "u:p@h", "h:99999", "h:x", "%2Fsocket"]) | TEXTS
QUERY = st.sampled_from(
    ["", "?", "?db=x", "?socket_timeout=x", "?ssl_cert_reqs=none", "?health_check_interval=a", "?ssl=1"]
)
ADDRESSES = st.tuples(
    st.sampled_from(
        ["redis://", "rediss://", "unix://", "sentinel://", "rediss+sentinel://", "postgresql://", "postgres://"]
    )
    | TEXTS,
    HOST,
    st.sampled_from(["", "/", "/0", "/x", "/mymaster/0", "//"]) | TEXTS,
    QUERY | TEXTS,
).map("".join)


@fuzzed
@given(ADDRESSES)
def test_an_address_of_redis_can_be_used_or_is_a_wrong_address(url: str) -> None:
    try:
        redis_url.check(url)
    except redis_url.WrongRedisUrl:
        return
    assert redis_url.connect(url).connection_pool is not None
    assert redis_url.for_celery(url)["broker_url"]


@fuzzed
@given(ADDRESSES, ADDRESSES, TEXTS)
def test_any_environment_is_a_config_or_its_faults_in_words(database: str, redis: str, more: str) -> None:
    names = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY")
    env = dict(zip(names, (database, redis, more), strict=True))
    env |= dict.fromkeys(
        ("STREAM_MAX_SECONDS", "RETENTION_DAYS", "DRAIN_INTERVAL_SECONDS", "METRICS_TOKEN", "TRUSTED_PROXIES"), more
    )
    try:
        config = Config.from_env(env)
    except ConfigError:
        return
    assert config.database_url
    assert config.redis_url
