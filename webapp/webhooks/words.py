"""The outcome of an attempt as one sentence, for the page of deliveries and for the log, without secrets and query strings."""

from __future__ import annotations

from http import HTTPStatus

from .answer import GONE, Answer
from .errors import PostError, RefusedAddress
from .schedule import SLOW_DOWN
from .urls import parse_url


def describe(outcome: Answer | PostError) -> str:
    """One sentence or two: the answer or the fault, and what to do where the receiver has to change something."""
    if isinstance(outcome, PostError):
        return str(outcome)
    said = f"The endpoint answered {outcome.status}{_phrase(outcome.status)}"
    if outcome.is_success:
        return f"{said} in {outcome.milliseconds} ms."
    if 300 <= outcome.status <= 399:
        return f"{said}{_redirect(outcome)}. Redirects are not followed; change the URL of the endpoint."
    if outcome.status == GONE:
        return f"{said}: it wants no more webhooks, so it is disabled."
    if outcome.status in SLOW_DOWN:
        return f"{said}; the next attempt waits longer."
    return f"{said}; only 2xx is a success."


def _phrase(status: int) -> str:
    try:
        return f" {HTTPStatus(status).phrase}"
    except ValueError:
        return ""


def _redirect(answer: Answer) -> str:
    """The place of a redirect: scheme, host and port. Its path may hold a secret, and its text is the receiver's."""
    try:
        target = parse_url(answer.header("Location") or "")
    except RefusedAddress:
        return ""
    return f" and redirects to {target.scheme}://{target.place}"
