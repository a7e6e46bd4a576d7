"""The live parts of the pages of users: the list with open invitations, and one user. For admins."""

from __future__ import annotations

from typing import Any

from flask import abort, request
from flask.typing import ResponseReturnValue

from ..accounts.current import current_tenant
from ..accounts.permissions import Permission
from ..accounts.role_names import ROLE_DESCRIPTIONS
from ..display import clock
from ..invitations import store
from ..models import ROLES
from ..panels.render import Render
from ..queries import tenant_users
from ..queries.day import today
from ..queries.tenant_users import QUERY_MAX_CHARS
from . import invite_form
from .access import needs
from .invite_form import UserForm
from .page_parts import part_of
from .panels import bp, fragment


def search() -> dict[str, Any]:
    """The search of the request, for the page and for its live part."""
    query = " ".join(request.args.get("q", "").replace("\0", "").split())[:QUERY_MAX_CHARS]
    return {"query": query, "max_chars": QUERY_MAX_CHARS}


def list_part() -> Render:
    tenant_id, query, now = current_tenant().id, search()["query"], clock.now()
    found = tenant_users.read(tenant_id, query)
    invitations = [] if query else store.open_ones(tenant_id)
    return part_of("panels/users.html", found=found, query=query, invitations=invitations, now=now, today=_today())


def user_part(user_id: int, form: UserForm | None = None) -> Render | None:
    """One user; None for one of another tenant. `form` is the one that was refused, if one was."""
    found = tenant_users.find(current_tenant().id, user_id)
    if found is None:
        return None
    values = {"form": form or UserForm({}), "roles": ROLES, "descriptions": ROLE_DESCRIPTIONS}
    return part_of(
        "panels/user_card.html", **found._asdict(), today=_today(), max_chars=invite_form.NAME_MAX_CHARS, **values
    )


def _today() -> object:
    return today(current_tenant().timezone, clock.now()).date


@bp.get("/users", endpoint="users")
@needs(Permission.MANAGE_USERS)
def show_users() -> ResponseReturnValue:
    return fragment(list_part())


@bp.get("/users/<int:user_id>", endpoint="user_card")
@needs(Permission.MANAGE_USERS)
def show_user(user_id: int) -> ResponseReturnValue:
    part = user_part(user_id)
    return fragment(part) if part else abort(404)
