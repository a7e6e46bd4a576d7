"""`flask renew-secrets`: after it, no stored secret needs a former SECRET_KEY."""

from __future__ import annotations

import pytest
from flask import Flask

from webapp import create_app
from webapp.relay.secrets import SecretBox, SecretsLocked
from webapp.second_factor.secret_box import SecretLocked, TotpSecretBox
from webapp.sso.connections import PURPOSE

from ..conftest import config_for
from ..support.account_commands import flask
from ..support.world import Service, World

OLD, NEW, LOST = "former key " * 4, "present key " * 4, "unknown key " * 4


@pytest.fixture
def app(service: Service) -> Flask:
    return create_app(config_for(service, SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=OLD))


def store(world: World, tenant: int, user: int, key: str) -> None:
    conn = world.conn
    conn.execute(
        "INSERT INTO authenticator_apps (tenant_id, user_id, secret, last_step) VALUES (%s, %s, %s, 1)",
        [tenant, user, TotpSecretBox([key]).lock("JBSWY3DP")],
    )
    conn.execute(
        "INSERT INTO relay_destinations (tenant_id, name, kind, url, secrets)"
        " VALUES (%s, 'hook', 'webhook', 'https://example.com', %s), (%s, 'open', 'webhook', 'https://example.org', NULL)",
        [tenant, SecretBox([key]).lock({"signing": "whsec"}), tenant],
    )
    conn.execute(
        "INSERT INTO sso_connections (tenant_id, issuer, client_id, client_secret)"
        " VALUES (%s, 'https://example.com', 'doorbell', %s)",
        [tenant, SecretBox([key], PURPOSE).lock({"client_secret": "s3"})],
    )


def stored(world: World, column: str, table: str) -> bytes:
    row = world.conn.execute(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL").fetchone()
    assert row is not None
    return bytes(row[0])


def test_all_stored_secrets_are_encrypted_with_the_present_key(app: Flask, world: World) -> None:
    tenant = world.tenant()
    store(world, tenant, world.user(tenant), OLD)
    with pytest.raises(SecretsLocked):
        SecretBox([NEW]).unlock(stored(world, "secrets", "relay_destinations"))
    result = flask(app, "renew-secrets")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.count("1 renewed") == 3
    assert TotpSecretBox([NEW]).unlock(stored(world, "secret", "authenticator_apps")) == "JBSWY3DP"
    assert SecretBox([NEW]).unlock(stored(world, "secrets", "relay_destinations")) == {"signing": "whsec"}
    assert SecretBox([NEW], PURPOSE).unlock(stored(world, "client_secret", "sso_connections")) == {
        "client_secret": "s3"
    }


def test_secrets_that_no_key_decrypts_are_named_and_kept(app: Flask, world: World) -> None:
    tenant = world.tenant()
    store(world, tenant, world.user(tenant), LOST)
    before = stored(world, "secret", "authenticator_apps")
    result = flask(app, "renew-secrets")
    assert result.exit_code == 2
    assert "1 of the authenticator apps, 1 of the destinations of the relay, 1 of the single" in result.stderr
    assert stored(world, "secret", "authenticator_apps") == before
    with pytest.raises(SecretLocked):
        TotpSecretBox([NEW, OLD]).unlock(before)
