"""Imports go one way: entry points and tasks → webapp; in it from the layers above to those below, never back.

A new module needs a place in LAYERS; that is the moment to think where it belongs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OUTSIDE = ("tasks", "bench", "tests", "wsgi", "listener_worker")  # what webapp never imports

# Modules and packages directly below webapp/, from top to bottom. One imports only from layers below its own; "webapp" is
# webapp/__init__.py. A package's own files may import each other.
LAYERS = (
    {"launcher"},  # `make run`: programs of their own, like entry points
    {"demo"},
    {"webapp"},
    {"routes", "cli", "extensions"},
    {"doctor"},
    {"account_changes", "sign_in"},
    {
        "stream",
        "static_files",
        "compressed_pages",
        "forms",
        "errors",
        "panel_charts",
        "accounts",
        "proxy_seen",
        "sign_in_limit",
        "imports",
        "leadership",
        "health",
        "rollups",
        "refunds",
        "roles",
    },
    {"heartbeat", "lost_bells"},
    {"hub"},
    {"audience"},
    {"misread"},
    {"ended_lately", "rights", "rounds", "generator_stream", "socket_stream", "subscription", "resume"},
    {
        "panel_cache",
        "orders",
        "queries",
        "formatting",
        "open_stream",
        "outbox",
        "quiet",
        "self_ring",
        "event_catalog",
        "partitions",
    },
    {"doorbell", "cursor", "stop", "flight", "lock_holders"},
    {"frames"},
    {"new_order", "quantities", "notices", "tenancy", "dirty", "signal_log"},
    {"visitors", "order_rules", "signals", "security", "passwords", "form_limits", "tries"},
    {"events", "money", "charts", "sessions"},
    {"models"},
    {"db", "pg_types"},
    {"watch", "worker"},
    {"request_body"},
    {"logs", "incidents", "metrics", "back_off", "connection", "room", "beat", "hashing", "waiting_room"},
    {"config"},
    {"embedded", "network", "together", "spread", "pg_faults", "search_limit", "clock"},
    {"redis_url", "database_url", "cluster", "pg_session"},
)
LAYER = {name: depth for depth, layer in enumerate(LAYERS) for name in layer}


def imported(source: str, module: tuple[str, ...], is_package: bool) -> Iterator[tuple[str, ...]]:
    """What `source` imports, anywhere in it, as dotted names in full: ("webapp", "db", "db")."""
    package = module if is_package else module[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            base += tuple(node.module.split(".")) if node.module else ()
            yield from ((*base, alias.name) for alias in node.names)


def unit(name: tuple[str, ...]) -> str:
    """The module or package of LAYERS that a dotted name below webapp belongs to."""
    return name[1] if len(name) > 1 and name[1] in LAYER else "webapp"


def wrong_ways(source: str, module: tuple[str, ...], is_package: bool = False) -> list[str]:
    """The imports of a module of webapp that go another way than down, in words."""
    here, found = unit(module), []
    for name in imported(source, module, is_package):
        if name[0] in OUTSIDE:
            found.append(f"{'.'.join(module)} imports {name[0]}")
        elif name[0] == "webapp" and unit(name) != here and LAYER[unit(name)] <= LAYER[here]:
            found.append(f"{'.'.join(module)} imports {'.'.join(name)}")
    return found


def modules(folder: str) -> list[tuple[Path, tuple[str, ...], bool]]:
    """Each file of a package, with its dotted name and whether it is a package's own."""
    found = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        found.append((path, parts[:-1] if is_package else parts, is_package))
    return found


def test_every_module_has_its_layer() -> None:
    units = {name[1] for _path, name, _ in modules("webapp") if len(name) > 1} | {"webapp"}
    assert units == set(LAYER), "place a new module in LAYERS, drop one that is gone"


@pytest.mark.parametrize("module", modules("webapp"), ids=lambda module: ".".join(module[1]))
def test_webapp_imports_downwards_only(module: tuple[Path, tuple[str, ...], bool]) -> None:
    path, name, is_package = module
    assert wrong_ways(path.read_text(), name, is_package) == []


def test_tasks_and_entry_points_import_webapp_and_nobody_imports_them() -> None:
    files = [(path, name) for path, name, _ in modules("tasks")]
    files += [(path, (path.stem,)) for path in ROOT.glob("*.py")]
    assert {name[0] for _, name in files} >= {"tasks", "wsgi", "listener_worker"}
    for path, name in files:
        others = {"tasks", "wsgi", "listener_worker", "bench", "tests"} - {name[0]}
        reached = {full[0] for full in imported(path.read_text(), name, path.name == "__init__.py")}
        assert not reached & others, f"{path.name} imports {reached & others}"


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("webapp.models", "from .orders import place"),
        ("webapp.orders", "from . import queries"),
        ("webapp.queries.revenue", "from ..orders import pay"),
        ("webapp.queries.revenue", "def f():\n    from webapp.routes import board"),
        ("webapp.events.catalog", "import webapp.orders"),
        ("webapp.signals.signals", "from .stream import bp"),
        ("webapp.orders", "from . import create_app"),
        ("webapp.rollups.refresh", "from tasks.app import app"),
        ("webapp.routes.board", "import listener_worker"),
    ],
)
def test_an_import_that_goes_up_is_found(module: str, source: str) -> None:
    assert wrong_ways(source, tuple(module.split("."))) != []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("webapp.routes.board", "from ..queries.revenue import read\nfrom . import panels\nfrom .panels import bp"),
        ("webapp.orders", "from .models import Order\nimport json\nfrom webapp.db import db"),
    ],
)
def test_an_import_that_goes_down_is_not(module: str, source: str) -> None:
    assert wrong_ways(source, tuple(module.split("."))) == []
