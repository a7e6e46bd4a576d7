"""The content of a push: one notification, or several folded into one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import orjson
from babel.numbers import format_decimal

from ..display import notification_texts as texts
from ..events.notification_kinds import KINDS_BY_NAME
from ..language import gettext as _
from ..language import in_locale, ngettext
from ..language.locales import page_locale
from ..money import money_text

# The rest of a longer text is not readable in a notification.
_MAX_CHARS = 200


def message(items: Sequence[Any], context: Any, base_path: str, since: str) -> bytes:
    """JSON with the texts, the link and the tag, for the service worker. `items` are rows of due.py, newest first.

    The texts are in the user's language, else in the tenant's, because the browser's is not known here.
    """
    context = context._replace(locale=page_locale(context.language, context.locale))
    with in_locale(context.locale):
        title, body, href = _one(items[0], context) if len(items) == 1 else _folded(items, context, since)
    content = {
        "title": title[:_MAX_CHARS],
        "body": body[:_MAX_CHARS],
        "href": base_path + href,
        # As the tag of the same notification in a page: the newer one takes the place of the other.
        "tag": f"note-{items[0].id}",
        "kind": items[0].type,
        "count": len(items),
    }
    return orjson.dumps(content)


def _one(item: Any, context: Any) -> tuple[str, str, str]:
    if item.order_id is None:
        return texts.sentence(item.type, item.destination), item.error or "", "/inbox"
    amount = money_text(item.total_minor, context.currency, context.locale)
    if item.type == "refunded" and 0 < item.refunded_minor < item.total_minor:
        refunded = money_text(item.refunded_minor, context.currency, context.locale)
        amount = _("%(refunded)s of %(total)s", refunded=refunded, total=amount)
    href = f"/orders/{quote(item.number, safe='')}"
    return texts.sentence(item.type, item.number), f"{amount} · {item.customer}", href


def _folded(items: Sequence[Any], context: Any, since: str) -> tuple[str, str, str]:
    by_subject: dict[str, list[Any]] = {}
    for item in items:
        by_subject.setdefault(KINDS_BY_NAME[item.type].subject, []).append(item)
    lines = [_line(subject, found, context) for subject, found in by_subject.items()]
    href = f"/inbox?since={since}"
    if len(lines) == 1:
        title, amount = lines[0]
        return title, amount, href
    body = "\n".join(f"{title} · {amount}" if amount else title for title, amount in lines)
    count = format_decimal(len(items), locale=context.locale)
    return ngettext("%(num)s new notification", "%(num)s new notifications", len(items), num=count), body, href


def _line(subject: str, items: Sequence[Any], context: Any) -> tuple[str, str]:
    """The sentence and the sum of the totals of its orders."""
    totals = {item.order_id: item.total_minor for item in items if item.order_id is not None}
    subjects = len({item.order_id or item.destination_id for item in items})
    kinds = {item.type for item in items}
    amount = money_text(sum(totals.values()), context.currency, context.locale) if totals else ""
    return texts.folded(subject, sorted(kinds), len(items), subjects, context.locale, items[0].number), amount
