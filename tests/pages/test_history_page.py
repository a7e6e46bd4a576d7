"""The history page: its figures, links, parameters, and states."""

from __future__ import annotations

import re
from typing import Any

import pytest
from bs4 import BeautifulSoup

from webapp.rollups import refresh

from ..support.browser import Person
from ..support.order_lines import add_line
from ..support.world import Service, World


def page(person: Person, query: str = "", status: int = 200) -> BeautifulSoup:
    response = person.get(f"/history{query}")
    assert response.status_code == status, response.text
    return BeautifulSoup(response.text, "html.parser")


def test_smoke(ana: Person, world: World, tenant: int, service: Service) -> None:
    order = world.order(tenant, 123400, paid_at=world.now())
    add_line(world, tenant, order, "Tea", 900)
    refresh.refresh(service.database_url)
    for query in (
        "",
        "?group=owner",
        "?group=product",
        "?range=all&by=day",
        "?range=today&compare=year&measure=average",
        "?measure=refunds",
        "?from=x",
        "?group=product&measure=refunds",
    ):
        response = ana.get(f"/history{query}")
        print(query, response.status_code)
        print(BeautifulSoup(response.text, "html.parser").select_one(".history-card").text.replace("\n\n", "\n")[:1500])
        print(ana.get(f"/history.csv{query}").text[:500])
