"""Finds and creates tenants and their users. On AccountError nothing is written."""

from __future__ import annotations

import difflib
import re
import zoneinfo
from dataclasses import dataclass

from babel import Locale, UnknownLocaleError
from babel.numbers import list_currencies
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..audit.kinds import Kind
from ..audit.recording import record
from ..db import db
from ..models import ROLES, SETTING_MAX_CHARS, Tenant, User
from . import passwords

# Names of the machine's own zone, which PostgreSQL rejects.
MACHINE_ZONES = {"localtime", "Factory"}
NAME_MAX_CHARS = 200


class AccountError(Exception):
    """A tenant or user cannot be created or changed this way. The text has the value, what is allowed and what to do."""


@dataclass(frozen=True)
class NewTenant:
    """A tenant to create. `timezone` is an IANA name, `currency` is ISO 4217, `locale` is Babel's, such as de_DE."""

    slug: str
    name: str
    timezone: str
    currency: str
    locale: str

    def check(self) -> None:
        """Raises AccountError for the first fault."""
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", self.slug):
            raise AccountError(
                f"The slug {self.slug!r} is not valid. Use 1 to 63 of a-z, 0-9 and -, and do not begin with -."
            )
        check_name("tenant", self.name)
        check_timezone(self.timezone)
        check_currency(self.currency)
        check_locale(self.locale)


def create_tenant(new: NewTenant) -> int:
    """Returns the tenant's id."""
    new.check()
    with Session(db.engine) as session:
        tenant = Tenant(**new.__dict__)
        session.add(tenant)
        try:
            session.flush()
            record(session, Kind.TENANT_CREATED, tenant_id=tenant.id, subject=tenant.name)
            session.commit()
        except IntegrityError:
            raise AccountError(f"The tenant {new.slug!r} already exists. Choose another slug.") from None
        return tenant.id


def create_user(email: str, slug: str, name: str, role: str, password: str) -> int:
    """Returns the user's id."""
    check_user(email, slug, name, role)
    with Session(db.engine) as session:
        tenant = require_tenant(session, slug)
        passwords.check_new(password, email, name, tenant.name, tenant.slug)
        user = User(
            tenant_id=tenant.id,
            email=email.strip(),
            name=name.strip(),
            role=role,
            password_hash=passwords.hash_password(password),
        )
        session.add(user)
        try:
            session.flush()
            details = {"role": role, "person": {"email": user.email}}
            record(session, Kind.USER_CREATED, tenant_id=tenant.id, subject_id=user.id, details=details)
            session.commit()
        except IntegrityError:
            raise AccountError(
                f"The user {email!r} already exists, and an e-mail address signs in to one tenant. Choose another one."
            ) from None
        return user.id


def check_user(email: str, slug: str, name: str, role: str) -> None:
    """Check all that needs no password, before the password is asked for. Raises AccountError."""
    check_email(email)
    check_name("user", name)
    check_role(role)
    with Session(db.engine) as session:
        require_tenant(session, slug)


def check_email(email: str) -> None:
    # Imported here, because its tables of Unicode take 25 ms and only commands that create a user need them.
    from email_validator import EmailNotValidError, validate_email

    try:
        validate_email(email, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as fault:
        raise AccountError(f"{email!r} is not an e-mail address: {fault}") from None


def check_role(role: str) -> None:
    if role not in ROLES:
        raise AccountError(f"The role {role!r} is not valid. Use one of: {', '.join(ROLES)}.")


def find_user(session: Session, email: str) -> User | None:
    return session.scalars(select(User).where(func.lower(User.email) == func.lower(email.strip()))).one_or_none()


def require_user(session: Session, email: str) -> User:
    user = find_user(session, email)
    if user is None:
        raise AccountError(f"There is no user {email!r}. List all users with: flask user list")
    return user


def require_tenant(session: Session, slug: str) -> Tenant:
    tenant = session.scalars(select(Tenant).where(Tenant.slug == slug)).one_or_none()
    if tenant is None:
        known = ", ".join(session.scalars(select(Tenant.slug).order_by(Tenant.slug).limit(10))) or "none yet"
        raise AccountError(
            f"There is no tenant {slug!r}. Existing tenants: {known}. Create one with: flask tenant create"
        )
    return tenant


def check_name(owner: str, name: str) -> None:
    if not 0 < len(name.strip()) <= NAME_MAX_CHARS:
        raise AccountError(
            f"The {owner}'s name has {len(name.strip())} characters; 1 to {NAME_MAX_CHARS} are allowed. Give one with --name."
        )


def check_timezone(timezone: str) -> None:
    _check_known("time zone", timezone, zoneinfo.available_timezones() - MACHINE_ZONES, "Europe/Berlin")


def check_currency(currency: str) -> None:
    _check_known("currency", currency, list_currencies(), "EUR")


def check_locale(locale: str) -> None:
    try:
        if len(locale) > SETTING_MAX_CHARS:
            raise ValueError
        Locale.parse(locale)
    except (ValueError, UnknownLocaleError):
        raise AccountError(
            f"The locale {locale!r} is not known. Use a language with a country, like en_GB or de_DE."
        ) from None


def _check_known(kind: str, value: str, known: set[str], example: str) -> None:
    if value in known:
        return
    by_lower = {name.lower(): name for name in known}
    similar = [by_lower[name] for name in difflib.get_close_matches(value.lower(), by_lower, n=3, cutoff=0.6)]
    cities = [name for name in known if value and name.lower().endswith("/" + value.lower())]
    suggestions = cities or similar
    hint = f"Did you mean {' or '.join(sorted(suggestions))}?" if suggestions else f"Use one like {example}."
    raise AccountError(f"The {kind} {value!r} is not known. {hint}")
