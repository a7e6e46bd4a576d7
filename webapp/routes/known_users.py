"""The user of a request that is answered before Flask, from its Cookie header."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..accounts.cached_user import CachedUser
from ..accounts.sessions import SessionKey
from ..accounts.user_cache import UserCache
from . import access

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# The header as WSGI names it.
PAGE_USER = "HTTP_" + access.PAGE_USER.upper().replace("-", "_")


def find(
    users: UserCache, environ: WSGIEnvironment, named: str | None = None
) -> tuple[CachedUser, SessionKey | None] | None:
    """The user and the session; None when Flask has to check the request, or refuses it.

    `named`: the user for whom the page was rendered, by the request's address; the header goes first.
    """
    found = users.find_by_cookie(environ.get("HTTP_COOKIE", ""))
    if found is None or found[0].lacks_second_factor(found[1]):
        return None
    page_user = found[0].page_user
    return found if (environ.get(PAGE_USER) or named or page_user) == page_user else None
