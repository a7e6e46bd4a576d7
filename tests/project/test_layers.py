"""Imports go one way: entry points and tasks import webapp; in webapp a package imports only packages above it in LAYERS."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OUTSIDE = {"tasks", "bench", "tests", "wsgi", "listener_worker"}  # webapp never imports these

# The packages and modules of webapp. Each imports only from earlier rows; "webapp" is webapp/__init__.py.
LAYERS = """
    language
    money config
    redis_client observability
    postgres
    db
    models concurrency server rate_limit mail
    audit
    events orders doorbell
    accounts
    comments queries signals webhooks second_factor
    display outbox notifications order_import
    invitations
    panels push rollups targets order_export reconciliation attach
    history
    streams tv
    listener
    relay uploads
    sso
    privacy
    doctor
    services
    stream
    routes
    extensions cli
    webapp
    demo
    launcher
"""
LAYER = {name: row for row, names in enumerate(LAYERS.split("\n")) for name in names.split()}


def imported(source: str, module: tuple[str, ...], is_package: bool) -> Iterator[tuple[str, ...]]:
    """The names that `source` imports, anywhere in it, in full: ("webapp", "db", "db")."""
    package = module if is_package else module[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            base += tuple(node.module.split(".")) if node.module else ()
            yield from ((*base, alias.name) for alias in node.names)


def unit(name: tuple[str, ...]) -> str:
    return name[1] if len(name) > 1 and name[1] in LAYER else "webapp"


def wrong_imports(source: str, module: tuple[str, ...], is_package: bool = False) -> list[str]:
    here, found = unit(module), []
    for name in imported(source, module, is_package):
        there = unit(name)
        if name[0] in OUTSIDE or (name[0] == "webapp" and there != here and LAYER[there] >= LAYER[here]):
            found.append(f"{'.'.join(module)} imports {'.'.join(name)}")
    return found


def modules(folder: str) -> list[tuple[Path, tuple[str, ...], bool]]:
    """Each file below a folder, with its dotted name and whether it is a package's `__init__`."""
    found = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        found.append((path, parts[:-1] if is_package else parts, is_package))
    return found


def test_layers_list_every_package_and_module_of_webapp() -> None:
    units = {name[1] for _path, name, _ in modules("webapp") if len(name) > 1} | {"webapp"}
    assert units == set(LAYER), "place a new package in LAYERS, remove one that is gone"


def test_at_most_eight_modules_stay_directly_in_webapp() -> None:
    assert len(list((ROOT / "webapp").glob("*.py"))) <= 8


@pytest.mark.parametrize("module", modules("webapp"), ids=lambda module: ".".join(module[1]))
def test_webapp_imports_from_earlier_layers_only(module: tuple[Path, tuple[str, ...], bool]) -> None:
    path, name, is_package = module
    assert wrong_imports(path.read_text(), name, is_package) == []


def test_entry_points_and_tasks_import_webapp_and_not_each_other() -> None:
    files = [(path, name) for path, name, _ in modules("tasks")]
    files += [(path, (path.stem,)) for path in ROOT.glob("*.py")]
    assert {name[0] for _, name in files} >= {"tasks", "wsgi", "listener_worker"}
    for path, name in files:
        reached = {full[0] for full in imported(path.read_text(), name, path.name == "__init__.py")}
        assert not reached & (OUTSIDE - {name[0]}), f"{path.name} imports {reached & OUTSIDE}"


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("webapp.models.order", "from ..orders import place"),
        ("webapp.orders.verbs", "from .. import queries"),
        ("webapp.signals.publisher", "from ..stream import bp"),
        ("webapp.stream", "from webapp.routes import board"),
        ("webapp.queries.revenue", "def read():\n    from ..rollups.refresh import rebuild"),
        ("webapp.routes.board", "import listener_worker"),
        ("webapp.routes.board", "import tasks.app"),
        ("webapp.money", "from . import create_app"),
    ],
)
def test_an_import_of_a_later_layer_is_found(module: str, source: str) -> None:
    assert wrong_imports(source, tuple(module.split("."))) != []


def test_imports_of_earlier_layers_are_allowed() -> None:
    source = "from ..db import db\nfrom .day import Day\nfrom ..models import Order\nimport psycopg"
    assert wrong_imports(source, ("webapp", "queries", "revenue")) == []
