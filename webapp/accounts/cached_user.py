"""A signed-in user as the process caches it, and the query that reads many of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import column, func, select
from sqlalchemy.orm import Session, aliased

from ..db import db
from ..language import locales
from ..models import EndedSession, Tenant, User
from . import sessions
from .permissions import PERMISSIONS, Permission, may
from .sessions import SessionKey

# The permissions that the content of shared panels and lists depends on: the ways to a first order. A test compares them with
# the templates.
SHOWN_IN_PANELS = frozenset({Permission.PLACE_ORDERS, Permission.IMPORT_ORDERS, Permission.ATTACH_TABLES})


class SessionUser(NamedTuple):
    """A user in one session. `since` is the stamp of the user's `sessions_from` when it began.

    `session_id` is None for a cookie of a version whose sessions had no ids.
    """

    user_id: int
    session_id: str | None
    since: int | None = None

    @classmethod
    def of(cls, user_id: int, session: SessionKey | None) -> SessionUser:
        return cls(user_id, session.id, session.since) if session else cls(user_id, None)


class PanelScope(NamedTuple):
    """All that a panel's content depends on beside the data. Users with equal scopes share renders."""

    tenant_id: int
    # Those of SHOWN_IN_PANELS that the user has.
    permissions: frozenset[Permission]
    # Of the page: two users of a tenant may read different languages.
    locale: str
    timezone: str
    currency: str
    shows_ranking: bool
    # The salesperson to whose figures and orders the content is limited; None: the whole team.
    only_owner: int | None


@dataclass
class CachedUser:
    """A user with the tenant as read at `read_at` (seconds of the cache's clock), for a session that had not ended then.

    Both objects are detached: for reading only.
    """

    user: User
    tenant: Tenant
    read_at: float
    used: bool = False  # by a request since `read_at`
    # By the language of the page.
    _scopes: dict[str | None, PanelScope] = field(default_factory=dict)

    @cached_property
    def page_user(self) -> str:
        """The user's id as pages send it."""
        return str(self.user.id)

    @cached_property
    def tenant_id(self) -> int:
        return self.tenant.id

    @cached_property
    def _must_set_up(self) -> bool:
        return self.tenant.requires_second_factor and self.user.second_factor_at is None

    def lacks_second_factor(self, session: SessionKey | None) -> bool:
        """Whether the company requires a second factor, the user has none, and the session is of a password."""
        return self._must_set_up and not (session is not None and session.vouched)

    @cached_property
    def _language(self) -> str | None:
        return self.user.language

    def scope(self, page_language: str, accept_language: str) -> PanelScope:
        """The scope of a page with this language, "" if the request names none, in a browser with this Accept-Language header.

        Runs once per request for a panel.
        """
        language = locales.chosen(page_language, self._language, accept_language)
        found = self._scopes.get(language)
        if found is None:
            locale = locales.page_locale(language, self.tenant.locale)
            found = self._scopes[language] = panel_scope(self.user, self.tenant, locale)
        return found


class ReadUsers(NamedTuple):
    """The result of one query: the users with a valid session, and the ids of sessions that have ended."""

    users: dict[SessionUser, CachedUser]
    ended: set[str]


def panel_scope(user: User, tenant: Tenant, locale: str) -> PanelScope:
    shown = (locale, tenant.timezone, tenant.currency, tenant.shows_ranking)
    permissions = PERMISSIONS.get(user.role, frozenset()) & SHOWN_IN_PANELS
    return PanelScope(tenant.id, permissions, *shown, only_owner(user, tenant))


def only_owner(user: User, tenant: Tenant) -> int | None:
    """The user's id, if the user sees no other figures and orders than the own ones; None for the whole team."""
    return None if tenant.team_visible or may(user, Permission.SEE_TEAM) else user.id


def read_users(asked: Collection[SessionUser], now: float, idle: timedelta | None = None) -> ReadUsers:
    """Read these users in one query; `now` becomes their `read_at`. A session that was not used for `idle` has ended."""
    with Session(db.engine) as reading:
        rows = reading.execute(_statement(asked, idle)).all()
    people = {user.id: (user, tenant) for user, tenant, _ended in rows}
    ended = set(rows[0][2] or ()) if rows else set()
    found = {}
    for key in asked:
        user, tenant = people.get(key.user_id, (None, None))
        if user is not None and tenant is not None and key.session_id not in ended and _is_valid(user, tenant, key):
            found[key] = CachedUser(user, tenant, now)
    return ReadUsers(found, ended)


def _statement(asked: Collection[SessionUser], idle: timedelta | None) -> Any:
    """Rows of user, tenant and the ids of the asked sessions that have ended (the same ids in each row)."""
    session_ids = sorted(key.session_id for key in asked if key.session_id)
    ended: Any = select(EndedSession.id).where(EndedSession.id.in_(session_ids))
    if idle is not None:
        # A session without a row is one of an earlier version, and gets one at its next page.
        unused = func.tenancy_idle_sessions(session_ids, func.now() - idle).column_valued("id")
        ended = ended.union_all(select(unused))
    ended_ids = ended.subquery()
    array = select(func.array_agg(ended_ids.c.id)).scalar_subquery()
    ids = sorted({key.user_id for key in asked})
    user = _rows_of(User, func.tenancy_session_users(ids))
    tenant = _rows_of(Tenant, func.tenancy_session_tenants(ids))
    return select(user, tenant, array).join(tenant, tenant.id == user.tenant_id)


def _rows_of(entity: Any, call: Any) -> Any:
    """The entity, read from a function of the database that returns rows of its table: the users are of several tenants."""
    columns = [column(each.name, each.type) for each in entity.__table__.columns]
    return aliased(entity, call.table_valued(*columns, name=entity.__tablename__), adapt_on_names=True)


def _is_valid(user: User, tenant: Tenant, key: SessionUser) -> bool:
    """A tenant that is going to be deleted is open to its admins only, who may keep it."""
    if tenant.deletion_at is not None and user.role != "admin":
        return False
    return user.disabled_at is None and sessions.stamp(user.sessions_from) == key.since
