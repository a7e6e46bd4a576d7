"""The pages of a sign-in that only a step before them leads to: two-step sign-in, and the way to a company's provider."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager

from flask import Flask
from sqlalchemy.orm import Session

from webapp.db import db
from webapp.services import services
from webapp.sso import connections
from webapp.sso.connections import ConnectionSettings

from .browser import Person
from .receivers import Receiver, Visit
from .two_step import Clock, visitor
from .world import World

SSO = "/sign-in/single-sign-on"


def walk_two_step(app: Flask, world: World, tenant: int) -> None:
    """Set up an authenticator app with its recovery codes, and sign in up to the second step."""
    zoe = visitor(app, world, Clock(app), "Zoe Zweig", tenant=tenant)
    zoe.sign_in()
    assert zoe.set_up_app()
    halfway = zoe.another()
    halfway.enter_password()
    assert halfway.get("/sign-in/second-factor").status_code == 200


def walk_single_sign_on(app: Flask, world: World, tenant: int) -> None:
    """Go on to a provider, and come back with an answer that no browser asked for.

    `app` must have 127.0.0.0/8 in WEBHOOK_ALLOW.
    """
    with provider_of(app, world, tenant, "sso.example") as issuer:
        person = Person(app)
        answer = person.post(SSO, {"email": "ana@sso.example"})
        assert issuer in answer.text, answer.text
        assert person.get(f"{SSO}/answer?state=unknown").status_code >= 400


@contextmanager
def provider_of(app: Flask, world: World, tenant: int, domain: str) -> Iterator[str]:
    """Connect the tenant to a provider that only describes itself, and yield its address."""
    with closing(Receiver(describe_provider)) as provider:
        issuer = f"http://127.0.0.1:{provider.port}"
        with app.app_context(), Session(db.engine) as session:
            connections.save(session, tenant, ConnectionSettings(issuer, "doorbell"), "a secret", services(app).config)
            session.commit()
        world.conn.execute("INSERT INTO sso_domains (tenant_id, domain) VALUES (%s, %s)", [tenant, domain])
        yield issuer


def describe_provider(visit: Visit) -> None:
    """Answer with the description of a provider of OpenID Connect at the host of the request."""
    if not visit.read_request():
        return  # a browser connects ahead of its request
    host = next(line.split(": ")[1] for line in visit.head.split("\r\n") if line.lower().startswith("host: "))
    ends = {name: f"http://{host}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    body = json.dumps({"issuer": f"http://{host}"} | ends).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    visit.socket.sendall(head.encode() + body)
