"""`flask renew-secrets`: stored secrets are encrypted with the present SECRET_KEY, so that the former one can be removed."""

from __future__ import annotations

from typing import Any

import click
import psycopg
from cryptography.fernet import InvalidToken, MultiFernet
from flask.cli import with_appcontext
from psycopg.rows import tuple_row

from ..config import derived_keys
from ..postgres import session
from ..relay.secrets import PURPOSE as RELAY
from ..second_factor.secret_box import PURPOSE as AUTHENTICATOR_APPS
from ..services import services
from ..sso.connections import PURPOSE as SSO
from . import echo, stop

# Table, column, what it holds, and the purpose of its key.
_PLACES = (
    ("authenticator_apps", "secret", "authenticator apps", AUTHENTICATOR_APPS),
    ("relay_destinations", "secrets", "destinations of the relay", RELAY),
    ("sso_connections", "client_secret", "single sign-on connections", SSO),
)
_READ = "SELECT {column} FROM {table} WHERE {column} IS NOT NULL FOR UPDATE"
# An encrypted value is in one row only, because each has a random part.
_WRITE = "UPDATE {table} SET {column} = %(new)s WHERE {column} = %(old)s"


@click.command("renew-secrets")
@with_appcontext
def renew_secrets() -> None:
    """Encrypt all stored secrets with the present SECRET_KEY.

    After it, SECRET_KEY_FALLBACKS is needed for sessions only, which end after 31 days.
    """
    config = services().config
    keys = (config.secret_key, *config.secret_key_fallbacks)
    lost = []
    with session.connect(config.database_url, "doorbell command", autocommit=True) as conn:
        for table, column, shown, purpose in _PLACES:
            renewed, failed = _renew(conn, table, column, derived_keys.fernet(keys, purpose))
            echo(f"{shown}: {renewed} renewed")
            if failed:
                lost.append(f"{failed} of the {shown}")
    if lost:
        stop(f"Secrets were stored with another SECRET_KEY: {', '.join(lost)}. Add that key to SECRET_KEY_FALLBACKS.")


def _renew(conn: psycopg.Connection[Any], table: str, column: str, fernet: MultiFernet) -> tuple[int, int]:
    """The numbers of secrets that were renewed, and of those that no key decrypts, which stay as they are."""
    renewed = failed = 0
    with conn.transaction():
        place = {"table": table, "column": column}
        for (locked,) in conn.cursor(row_factory=tuple_row).execute(_READ.format(**place).encode()).fetchall():
            try:
                new = fernet.rotate(bytes(locked))
            except InvalidToken:
                failed += 1
                continue
            conn.execute(_WRITE.format(**place).encode(), {"new": new, "old": locked})
            renewed += 1
    return renewed, failed
