"""The addresses of a test's database for Doorbell's processes, each with its role, as `flask roles` makes them."""

from __future__ import annotations

from typing import NamedTuple

import psycopg

from webapp.postgres import process_roles
from webapp.postgres.process_roles import ProcessRoles

from .world import Service

_NAMES = ProcessRoles()


class ProcessUrls(NamedTuple):
    web: str
    listener: str
    worker: str

    @property
    def env(self) -> dict[str, str]:
        return {"DATABASE_URL": self.web, "LISTENER_DATABASE_URL": self.listener, "WORKER_DATABASE_URL": self.worker}


def make(service: Service, conn: psycopg.Connection, roles: ProcessRoles = _NAMES) -> ProcessUrls:
    """Make the roles in the test's database. `conn` is of the owner of the tables."""
    process_roles.create(conn, roles)
    names = (roles.web, roles.listener, roles.worker)
    return ProcessUrls(*(service.database_url.replace("//postgres@", f"//{name}@") for name in names))
