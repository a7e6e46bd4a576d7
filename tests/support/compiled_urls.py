"""Compiles the URL of each route once a test run: an application per test would compile them all again, in 20 ms of CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule

Builder = Callable[..., tuple[str, str]]

_compile: Callable[[Rule, bool], Builder] = Rule._compile_builder
_builders: dict[tuple[Any, ...], Builder] = {}


def _shared(rule: Rule, append_unknown: bool = True) -> Builder:
    """Werkzeug's function for `url_for`. It has no state of its rule, which is its first argument."""
    key = (rule.rule, tuple(rule._trace), tuple((rule.defaults or {}).items()), append_unknown)
    if key not in _builders:
        _builders[key] = _compile(rule, append_unknown)
    return _builders[key]


def share() -> None:
    """Use the same functions in every application that this process makes from now on."""
    Rule._compile_builder = _shared  # type: ignore[assignment, method-assign]
