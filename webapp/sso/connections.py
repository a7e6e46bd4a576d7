"""Reads and changes a tenant's connection. Each change is in the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from ..audit.kinds import Kind
from ..audit.recording import record
from ..config import Config
from ..db import db
from ..language import gettext as _
from ..models import SsoConnection, SsoDomain
from ..relay.secrets import SecretBox, SecretsLocked
from .claims import Rule, rules_of, stored_rules
from .errors import ConnectionInvalid, ProviderFault

PURPOSE = b"doorbell single sign-on secrets"
_SECRET = "client_secret"  # noqa: S105 - the name of a value


@dataclass(frozen=True)
class ConnectionSettings:
    """The settings of a connection. A `default_role` of None is no access; an empty `button_text` is Doorbell's own."""

    issuer: str
    client_id: str
    rules: tuple[Rule, ...] = ()
    default_role: str | None = None
    passwords_off: bool = False
    button_text: str = ""


@dataclass(frozen=True)
class TenantConnection:
    """A tenant's connection as stored, with its domains."""

    tenant_id: int
    settings: ConnectionSettings
    locked_secret: bytes
    domains: tuple[str, ...]

    @property
    def issuer(self) -> str:
        return self.settings.issuer

    def secret(self, config: Config) -> str:
        """The client's secret. Raises ProviderFault when it was stored with another SECRET_KEY."""
        try:
            return secret_box(config).unlock(self.locked_secret)[_SECRET]
        except (SecretsLocked, KeyError):
            raise ProviderFault(
                _(
                    "The client secret of single sign-on was stored with another SECRET_KEY. Enter it again in the settings, "
                    "or add the earlier key to SECRET_KEY_FALLBACKS."
                ),
                "secret locked",
            ) from None


def secret_box(config: Config) -> SecretBox:
    return SecretBox((config.secret_key, *config.secret_key_fallbacks), PURPOSE)


def read(session: Session, tenant_id: int) -> TenantConnection | None:
    row = session.get(SsoConnection, tenant_id)
    return (
        None
        if row is None
        else TenantConnection(tenant_id, _settings(row), row.client_secret, domains(session, tenant_id))
    )


def load(tenant_id: int) -> TenantConnection | None:
    """`read`, in a transaction of its own, so that no connection of the database is held while a provider answers."""
    with Session(db.engine) as session:
        return read(session, tenant_id)


def domains(session: Session, tenant_id: int) -> tuple[str, ...]:
    statement = select(SsoDomain.domain).where(SsoDomain.tenant_id == tenant_id).order_by(SsoDomain.domain)
    return tuple(session.scalars(statement))


def save(
    session: Session, tenant_id: int, settings: ConnectionSettings, secret: str, config: Config
) -> tuple[str, ...]:
    """Store the settings in the open transaction. Returns the names of what differs. An empty `secret` keeps the stored one.

    Raises ConnectionInvalid without a secret for this issuer: an earlier secret must not be sent to another provider.
    """
    row = session.get(SsoConnection, tenant_id, with_for_update=True)
    before = _settings(row) if row else None
    if not secret and (before is None or before.issuer != settings.issuer):
        text = _("Enter the client secret.") if before is None else _("Enter the client secret of the new issuer.")
        raise ConnectionInvalid("client_secret", text)
    base = before or ConnectionSettings("", "")
    changed = tuple(
        name for name in ConnectionSettings.__annotations__ if getattr(base, name) != getattr(settings, name)
    )
    changed += (_SECRET,) if secret else ()
    if row is None:
        row = SsoConnection(tenant_id=tenant_id)
        session.add(row)
    row.issuer, row.client_id = settings.issuer, settings.client_id
    row.rules, row.default_role = stored_rules(settings.rules), settings.default_role
    row.passwords_off, row.button_text = settings.passwords_off, settings.button_text or None
    if secret:
        row.client_secret = secret_box(config).lock({_SECRET: secret}) or b""
    if changed:
        row.changed_at = func.now()
        _record(session, tenant_id, "saved", changed=list(changed), issuer=settings.issuer, rules=len(settings.rules))
    session.flush()
    return changed


def remove(session: Session, tenant_id: int) -> bool:
    """Remove the connection; domains and the accounts of users stay. Returns whether there was one."""
    row = session.get(SsoConnection, tenant_id)
    if row is None:
        return False
    session.execute(delete(SsoConnection).where(SsoConnection.tenant_id == tenant_id))
    _record(session, tenant_id, "removed", issuer=row.issuer)
    return True


def add_domain(session: Session, tenant_id: int, domain: str) -> None:
    """Add a checked domain. Raises IntegrityError when another tenant has it."""
    session.add(SsoDomain(tenant_id=tenant_id, domain=domain))
    session.flush()
    _record(session, tenant_id, "domain added", domain=domain)


def remove_domain(session: Session, tenant_id: int, domain: str) -> bool:
    mine = (SsoDomain.tenant_id == tenant_id, SsoDomain.domain == domain)
    removed = session.scalar(delete(SsoDomain).where(*mine).returning(SsoDomain.domain))
    if removed:
        _record(session, tenant_id, "domain removed", domain=domain)
    return bool(removed)


def _settings(row: SsoConnection) -> ConnectionSettings:
    rules = rules_of(row.rules)
    return ConnectionSettings(
        row.issuer, row.client_id, rules, row.default_role, row.passwords_off, row.button_text or ""
    )


def _record(session: Session, tenant_id: int, what: str, **details: str | int | Sequence[str]) -> None:
    record(session, Kind.SSO_CHANGED, tenant_id=tenant_id, details={"what": what, **details})
