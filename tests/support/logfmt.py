"""Reads logfmt as a log collector would."""

from __future__ import annotations

import re
from typing import Any, cast

import pytest

_PAIR = re.compile(r'([^\s="]+)=("(?:[^"\\]|\\.)*"|[^\s"]*)(?: |$)')
_MEANT = {"n": "\n"}


def parse(line: str) -> dict[str, str]:
    """Keys and values of one line. Raises AssertionError for what is no logfmt."""
    pairs, at = {}, 0
    while at < len(line):
        found = _PAIR.match(line, at)
        assert found, f"no key=value at {line[at:]!r}"
        key, value = found.groups()
        if value.startswith('"'):
            value = re.sub(r"\\(.)", lambda escaped: _MEANT.get(escaped[1], escaped[1]), value[1:-1])
        assert key not in pairs, f"{key} comes twice"
        pairs[key] = value
        at = found.end()
    return pairs


def lines(log: str, event: str = "") -> list[dict[str, str]]:
    """All lines of a log, or those whose event begins with `event`. Every line must be logfmt."""
    return [line for line in map(parse, log.splitlines()) if line["event"].startswith(event)]


def structured(caplog: pytest.LogCaptureFixture, log: str = "") -> list[dict[str, Any]]:
    """The fields of all captured records, or of those of one log."""
    return [cast(dict[str, Any], record.msg) for record in caplog.records if log in ("", record.name)]
