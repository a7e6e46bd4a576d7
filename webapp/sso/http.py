"""HTTP to providers, over the checked connections of webhooks.

A host is resolved once and each of its addresses is checked, so a provider's address leads to no private network unless
WEBHOOK_ALLOW permits it. A request has a deadline as a whole, and an answer a maximum size. Redirects are not followed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..config.webhook_allow import Network
from ..language import gettext as _
from ..webhooks.answer import Answer
from ..webhooks.errors import PostError, RefusedAddress
from ..webhooks.exchange import Outgoing
from ..webhooks.post import send
from ..webhooks.urls import parse_url
from .errors import ProviderAway, ProviderFault

# Of one request. A sign-in needs up to three.
DEADLINE_SECONDS = 6.0
# The keys of large providers have 20 KB.
MAX_BYTES = 60_000


@dataclass(frozen=True)
class Reach:
    """The networks that requests may reach beside public addresses, and the time of one request."""

    allow: tuple[Network, ...]
    seconds: float = DEADLINE_SECONDS


def fetch(method: str, url: str, body: bytes, headers: Mapping[str, str], reach: Reach) -> Answer:
    """The answer to a request. Raises ProviderAway, and ProviderFault for a redirect or an answer that is too long."""
    try:
        answer = send(url, Outgoing(method, body, headers, MAX_BYTES), reach.seconds, reach.allow)
    except RefusedAddress as error:
        raise ProviderAway(refusal(url, error), "address refused") from error
    except PostError as error:
        raise ProviderAway(str(error), error.kind) from error
    if 300 <= answer.status <= 399:
        raise ProviderFault(
            _("%(place)s answered with a redirect, which is not followed. Enter the final address.", place=_place(url)),
            "redirect",
        )
    if answer.is_cut:
        raise ProviderFault(
            _("The answer of %(place)s is too long, or was cut off.", place=_place(url)), "answer too long"
        )
    return answer


def get_json(url: str, reach: Reach) -> dict[str, Any]:
    """The JSON object at a URL. Raises ProviderAway and ProviderFault."""
    answer = fetch("GET", url, b"", {"Accept": "application/json"}, reach)
    if answer.status != 200:
        raise ProviderFault(
            _("%(url)s answered with the status %(status)s instead of 200.", url=url, status=answer.status),
            f"status {answer.status}",
        )
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ProviderFault(_("The answer of %(url)s is not a JSON object.", url=url), "not JSON")
    return found


def refusal(url: str, error: RefusedAddress) -> str:
    try:
        place = parse_url(url).place
    except RefusedAddress:
        return str(error)
    return _(
        "%(place)s may not be reached: it is not a public address with https://. For a provider in your own network, the "
        "administrator of this server adds the network to WEBHOOK_ALLOW.",
        place=place,
    )


def _place(url: str) -> str:
    return parse_url(url).place
