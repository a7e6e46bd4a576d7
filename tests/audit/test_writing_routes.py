"""Each writing route has a row in writing_routes.py, and each row its proof; test_recorded_actions.py sends the requests."""

from __future__ import annotations

import ast
from pathlib import Path

from flask import Flask

from webapp.audit.kinds import Kind

from .recorder import WRITING
from .writing_routes import NOTHING, rows

ROOT = Path(__file__).parents[2]


def test_each_writing_route_has_a_row_and_each_row_has_a_route(app: Flask) -> None:
    writing = {rule.endpoint for rule in app.url_map.iter_rules() if WRITING & (rule.methods or set())}
    assert not set(rows()) & set(NOTHING)
    assert set(rows()) | set(NOTHING) == writing, "a new route needs a row in writing_routes.py"
    assert set().union(*(kinds for kinds, _proof in rows().values())) <= set(Kind)


def test_each_other_row_names_a_test_that_finds_its_entry() -> None:
    relay = (ROOT / "webapp/relay/verbs.py").read_text()
    for endpoint, (kinds, proof) in rows().items():
        if proof.startswith("relay:"):
            assert "audit.write(" in function(relay, proof.removeprefix("relay:")), endpoint
        elif proof != "requested":
            path, name = proof.split("::")
            body = function((ROOT / "tests" / path).read_text(), name)
            assert all(f"{kind}" in body for kind in kinds), f"{endpoint}: {proof} does not name {set(kinds)}"


def function(source: str, name: str) -> str:
    """The source of a function of a module; raises AssertionError if the module has no such function."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return ast.get_source_segment(source, node) or ""
    raise AssertionError(f"no function {name}")
