"""The example of docs/attach.md works as copied."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import psycopg
from flask import Flask

from ..support.world import World

PAGE = (Path(__file__).parents[2] / "docs" / "attach.md").read_text()
EXAMPLE = PAGE.partition("## An example")[2].partition("\n## ")[0]


def test_the_example_attaches_checks_and_detaches(
    app: Flask, world: World, acme: int, conn: psycopg.Connection
) -> None:
    outputs = []
    for language, block in re.findall(r"^```(sql|sh)\n(.*?)^```", EXAMPLE, re.MULTILINE | re.DOTALL):
        if language == "sql":
            conn.execute(block)
            continue
        for line in block.splitlines():
            result = app.test_cli_runner().invoke(args=shlex.split(line)[1:])
            assert result.exit_code == 0, (line, result.output)
            outputs.append(result.output)
    assert len(outputs) == 3
    assert "repaired 0 missing, 0 stale, 0 without a row" in outputs[1]
    found = conn.execute("SELECT number, total_minor, status FROM orders ORDER BY number").fetchall()
    assert found == [("S-1001", 48250, "paid"), ("S-1002", 8900, "paid"), ("S-1003", 1290, "shipped")]


def test_the_page_lists_every_field_that_can_be_mapped() -> None:
    from webapp.attach.fields import FIELDS

    table = PAGE.partition("| field | gives | without it |")[2].partition("\n\n")[0]
    first_cells = re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)
    assert {name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)} == set(FIELDS)
