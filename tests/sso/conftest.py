"""A real provider per test file, and a tenant that signs in through it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy.orm import Session

from webapp import create_app
from webapp.db import db
from webapp.postgres import tenancy
from webapp.services import services
from webapp.sso import connections
from webapp.sso.claims import Rule
from webapp.sso.connections import ConnectionSettings

from ..conftest import config_for
from ..support.install.oidc_provider import BY_HAND, is_installed
from ..support.oidc.process import CLIENT_ID, CLIENT_SECRET, Provider
from ..support.oidc.visitor import Visitor
from ..support.ports import free_port
from ..support.process_urls import ProcessUrls
from ..support.world import Service, World

ANSWER = "http://localhost/sign-in/single-sign-on/answer"
RULES = (Rule("groups", "doorbell-admins", "admin"), Rule("groups", "doorbell-managers", "manager"))


@pytest.fixture(scope="module")
def running_provider() -> Iterator[Provider]:
    if not is_installed():
        pytest.skip(BY_HAND)
    provider = Provider(free_port(), ANSWER)
    provider.start()
    yield provider
    provider.stop()


@pytest.fixture
def provider(running_provider: Provider) -> Provider:
    """The provider of the file, honest at the start of each test."""
    running_provider.reset()
    return running_provider


@pytest.fixture
def app(service: Service, process_urls: ProcessUrls) -> Iterator[Flask]:
    """An app with the role of the web processes, whose providers may be on this machine."""
    app = create_app(config_for(service, DATABASE_URL=process_urls.web, WEBHOOK_ALLOW="127.0.0.0/8"))
    yield app
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()


@pytest.fixture
def commands(service: Service) -> Iterator[Flask]:
    """The app of the operator's commands, with the role that owns the tables."""
    app = create_app(config_for(service, WEBHOOK_ALLOW="127.0.0.0/8"))
    yield app
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()


@pytest.fixture
def northwind(app: Flask, world: World, conn: psycopg.Connection, provider: Provider) -> int:
    """A tenant with single sign-on for northwind.example; its id."""
    tenant = world.tenant("northwind")
    connect(app, tenant, provider, rules=RULES, default_role="sales")
    conn.execute("INSERT INTO sso_domains (tenant_id, domain) VALUES (%s, 'northwind.example')", [tenant])
    return tenant


def connect(app: Flask, tenant: int, provider: Provider, secret: str = CLIENT_SECRET, **settings: Any) -> None:
    """Store a connection of the tenant to the provider."""
    settings = {"issuer": provider.issuer, "client_id": CLIENT_ID} | settings
    with app.app_context(), Session(db.engine) as session:
        tenancy.enter(tenant)
        connections.save(session, tenant, ConnectionSettings(**settings), secret, services(app).config)
        session.commit()


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor(app)
