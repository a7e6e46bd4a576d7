"""Ports of the tests' servers."""

from __future__ import annotations

from ..support.ports import free_port


def test_servers_that_have_not_bound_their_ports_yet_get_different_ones() -> None:
    ports = [free_port() for _ in range(500)]
    assert len(set(ports)) == len(ports)
