"""The test of a connection without a person: description, keys, and whether the provider accepts the client's secret."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from ..config import Config
from ..language import gettext as _
from ..language import ngettext
from .client_secret import auth_method, basic_header
from .connections import TenantConnection
from .discovery import Provider, discover
from .errors import SsoError
from .http import Reach, fetch

GOOD, NOTE, FAULT = "good", "note", "fault"


@dataclass(frozen=True)
class ConnectionFinding:
    """One result. `kind` is one of GOOD, NOTE, which prevents no sign-in, and FAULT."""

    kind: str
    text: str


def check(connection: TenantConnection, config: Config, redirect_uri: str) -> list[ConnectionFinding]:
    """The findings in their order. The first fault ends the test, because what follows depends on it."""
    reach = Reach(config.webhook_allow)
    found: list[ConnectionFinding] = []
    try:
        provider = discover(connection.issuer, reach)
        found.append(ConnectionFinding(GOOD, _("The issuer answers, and names itself as you entered it.")))
        keys = provider.keys(reach)
        found.append(ConnectionFinding(GOOD, _published(len(keys))))
        found += _pkce(provider)
        found.append(_secret(connection, config, provider, reach, redirect_uri))
    except SsoError as error:
        found.append(ConnectionFinding(FAULT, str(error)))
    if not connection.domains:
        found.append(
            ConnectionFinding(
                FAULT, _("No e-mail domain was added yet, so no address leads here. Your administrator adds domains.")
            )
        )
    return found


def _published(count: int) -> str:
    return ngettext(
        "The provider has published %(num)s key for its signatures.",
        "The provider has published %(num)s keys for its signatures.",
        count,
    )


def _pkce(provider: Provider) -> list[ConnectionFinding]:
    offered = provider.metadata.get("code_challenge_methods_supported")
    if isinstance(offered, list) and "S256" in offered:
        return []
    return [
        ConnectionFinding(NOTE, _("The provider does not state that it checks PKCE (S256). Doorbell sends it anyway."))
    ]


def _secret(
    connection: TenantConnection, config: Config, provider: Provider, reach: Reach, redirect_uri: str
) -> ConnectionFinding:
    """Ask for the token of a code that does not exist. A provider checks the client first."""
    method = auth_method(provider)
    form = {"grant_type": "authorization_code", "code": secrets.token_urlsafe(), "redirect_uri": redirect_uri}
    form |= {"code_verifier": secrets.token_urlsafe(48)}
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    pair = (connection.settings.client_id, connection.secret(config))
    if method == "client_secret_post":
        form |= {"client_id": pair[0], "client_secret": pair[1]}
    else:
        headers["Authorization"] = basic_header(*pair)
    url = provider.metadata["token_endpoint"]
    answer = fetch("POST", url, urlencode(form).encode(), headers, reach)
    error = _error(answer.body)
    if error == "invalid_grant":
        return ConnectionFinding(GOOD, _("The provider accepts the client ID and the client secret."))
    if error in ("invalid_client", "unauthorized_client") or answer.status == 401:
        return ConnectionFinding(
            FAULT,
            _(
                "The provider does not accept the client ID or the client secret. Copy both again; a secret may have expired "
                "there."
            ),
        )
    text = _(
        "The provider answered the test of the client secret with the status %(status)s and “%(error)s”, so it is not known "
        "whether the secret is right. Try to sign in.",
        status=answer.status,
        error=error[:80] or "-",
    )
    return ConnectionFinding(NOTE, text)


def _error(body: bytes) -> str:
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    return str(found.get("error", "")) if isinstance(found, dict) else ""
