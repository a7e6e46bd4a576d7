"""The outcome of an attempt as one sentence, for the page of deliveries and for the log, without secrets and query strings."""

from __future__ import annotations

from http import HTTPStatus

from ..language import gettext as _
from .answer import GONE, Answer
from .errors import PostError, RefusedAddress
from .schedule import SLOW_DOWN
from .urls import parse_url


def describe(outcome: Answer | PostError) -> str:
    """One sentence or two: the answer or the fault, and what to do where the receiver has to change something."""
    if isinstance(outcome, PostError):
        return str(outcome)
    said = f"{outcome.status}{_phrase(outcome.status)}"
    if outcome.is_success:
        return _("The endpoint answered %(status)s in %(count)s ms.", status=said, count=outcome.milliseconds)
    if 300 <= outcome.status <= 399:
        return _redirected(said, outcome)
    if outcome.status == GONE:
        return _("The endpoint answered %(status)s: it wants no more webhooks, so it is disabled.", status=said)
    if outcome.status in SLOW_DOWN:
        return _("The endpoint answered %(status)s; the next attempt waits longer.", status=said)
    return _("The endpoint answered %(status)s; only 2xx is a success.", status=said)


def _phrase(status: int) -> str:
    try:
        return f" {HTTPStatus(status).phrase}"
    except ValueError:
        return ""


def _redirected(said: str, answer: Answer) -> str:
    """With the place of the redirect: scheme, host and port. Its path may hold a secret, and its text is the receiver's."""
    try:
        target = parse_url(answer.header("Location") or "")
    except RefusedAddress:
        return _(
            "The endpoint answered %(status)s. Redirects are not followed; change the URL of the endpoint.", status=said
        )
    return _(
        "The endpoint answered %(status)s and redirects to %(place)s. "
        "Redirects are not followed; change the URL of the endpoint.",
        status=said,
        place=f"{target.scheme}://{target.place}",
    )
