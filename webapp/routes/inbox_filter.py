"""The filter in the address of the inbox, and the same in its forms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from flask import abort

from ..events.notification_kinds import KINDS_BY_NAME
from ..language import gettext as _
from ..queries.inbox_page import InboxFilter
from .panels import SNAPSHOT

_ID = re.compile(r"[0-9]{1,18}")


def parse(values: Mapping[str, str]) -> tuple[InboxFilter, int | None]:
    """The filter, and the id before which the page begins. An address that no page links to ends the request with 400."""
    kind, since, before = (values.get(name, "") for name in ("kind", "since", "before"))
    if kind and kind not in KINDS_BY_NAME:
        allowed = ", ".join(KINDS_BY_NAME)
        abort(400, _("The kind '%(kind)s' is not valid. Use one of: %(allowed)s.", kind=kind[:80], allowed=allowed))
    if since and not SNAPSHOT.fullmatch(since):
        abort(400, _("This list of changes no longer exists. Open the inbox again."))
    if before and not _ID.fullmatch(before):
        abort(400, _("This page of the inbox no longer exists. Start from the newest notifications."))
    wanted = InboxFilter(values.get("show") == "unread", kind, since, values.get("group") == "order")
    return wanted, int(before) if before else None


def parse_query(query: str) -> tuple[InboxFilter, int | None]:
    """The same from the query string that a form carries."""
    return parse(dict(parse_qsl(query)))


def arguments(wanted: InboxFilter, before: int | None = None) -> dict[str, Any]:
    """The arguments of the address of this page."""
    found = {
        "show": "unread" if wanted.unread else "",
        "kind": wanted.kind,
        "since": wanted.since,
        "group": "order" if wanted.is_grouped else "",
        "before": "" if before is None else str(before),
    }
    return {name: value for name, value in found.items() if value}
