"""The scripts of a page when it is first loaded."""

from __future__ import annotations

import pytest

from .conftest import Sign

pytestmark = pytest.mark.browser

SCRIPTS = """
    performance.getEntriesByType("resource").filter((entry) => entry.name.endsWith(".js"))
        .map((entry) => ({ name: entry.name.split("/").at(-1), start: entry.startTime, end: entry.responseEnd }))
"""


@pytest.mark.parametrize("path", ["/", "/orders"])
def test_each_script_is_requested_once_and_none_waits_for_the_script_that_imports_it(
    ana: int, sign_in: Sign, path: str
) -> None:
    screen = sign_in(ana).open(path)
    scripts = screen.page.evaluate(SCRIPTS)
    names = [script["name"] for script in scripts]
    assert "etags.js" in names, "guard: page.js imports it through three other scripts"
    assert len(names) == len(set(names))
    page_received = next(script["end"] for script in scripts if script["name"] == "page.js")
    assert [script["name"] for script in scripts if script["start"] >= page_received] == []
    assert screen.faults == []
