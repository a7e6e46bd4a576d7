"""Requests for one panel, and how they were answered."""

from __future__ import annotations

import re

from werkzeug.test import TestResponse

from webapp.observability.metrics import web as metrics

from .browser import Person
from .metrics import metric_value


def revenue(response: TestResponse) -> int:
    """The tile's figure, in minor units."""
    assert response.status_code == 200, response.text
    found = re.search(r'data-version="(-?\d+)"', response.text)
    assert found
    return int(found[1])


def ask(person: Person, panel: str = "revenue") -> TestResponse:
    return person.get(f"/panels/{panel}")


def counted(how: str) -> float:
    return metric_value(metrics.PANEL_REQUESTS.labels(how))
