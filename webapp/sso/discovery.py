"""The provider's own description of itself (OpenID Connect Discovery 1.0), checked, and kept for some minutes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cachetools import TTLCache

from ..language import gettext as _
from ..webhooks.errors import RefusedAddress
from ..webhooks.urls import parse_url
from .errors import ProviderFault
from .http import Reach, get_json

WELL_KNOWN = "/.well-known/openid-configuration"
KEPT_SECONDS = 600.0
MAX_KEPT = 200
# Signatures that only the holder of a private key can make: with HS256, the key would be the client's secret.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
# Authlib passes all of it to its session, so no other value of the provider may be in it.
_OTHERS = ("userinfo_endpoint", "token_endpoint_auth_methods_supported", "code_challenge_methods_supported")
_ISS = "authorization_response_iss_parameter_supported"


@dataclass
class Provider:
    """A checked description. `jwks` are its keys, once they were needed."""

    issuer: str
    metadata: dict[str, Any]
    # RFC 9207: the provider names itself in each answer.
    sends_iss: bool
    jwks: dict[str, Any] | None = None

    def keys(self, reach: Reach) -> list[dict[str, Any]]:
        """The public keys. Raises ProviderAway and ProviderFault."""
        found = get_json(self.metadata["jwks_uri"], reach).get("keys")
        keys = [key for key in found if isinstance(key, dict)] if isinstance(found, list) else []
        if not keys:
            raise ProviderFault(
                _("There are no keys at %(url)s, with which the provider signs.", url=self.metadata["jwks_uri"]),
                "no keys",
            )
        return keys


@dataclass
class ProviderCache:
    """Descriptions by issuer, of this process."""

    clock: Callable[[], float] = time.monotonic
    _kept: TTLCache[str, Provider] = field(init=False)

    def __post_init__(self) -> None:
        self._kept = TTLCache(MAX_KEPT, KEPT_SECONDS, self.clock)

    def get(self, issuer: str, reach: Reach) -> Provider:
        """Raises ProviderAway and ProviderFault."""
        found = self._kept.get(issuer)
        if found is None:
            found = self._kept[issuer] = discover(issuer, reach)
        return found

    def forget(self, issuer: str) -> None:
        self._kept.pop(issuer, None)


def discover(issuer: str, reach: Reach) -> Provider:
    """Read and check the description. Raises ProviderAway and ProviderFault."""
    document = get_json(issuer.rstrip("/") + WELL_KNOWN, reach)
    named = document.get("issuer")
    if named != issuer:
        raise ProviderFault(
            _(
                "The provider at %(issuer)s names itself %(named)s. Enter its name exactly so as the issuer.",
                issuer=issuer,
                named=str(named)[:200],
            ),
            "issuer differs",
        )
    metadata: dict[str, Any] = {name: _endpoint(document, name) for name in _ENDPOINTS}
    metadata |= {name: document[name] for name in _OTHERS if name in document}
    if "userinfo_endpoint" in metadata:
        metadata["userinfo_endpoint"] = _endpoint(document, "userinfo_endpoint")
    metadata["id_token_signing_alg_values_supported"] = _algorithms(document)
    return Provider(issuer, metadata | {"issuer": issuer}, document.get(_ISS) is True)


def _endpoint(document: dict[str, Any], name: str) -> str:
    """An address of the description, which can only begin with https:// or http://."""
    url = document.get(name)
    try:
        parse_url(url if isinstance(url, str) else "")
    except RefusedAddress:
        raise ProviderFault(
            _("The provider's description has no valid %(name)s. Is it a provider of OpenID Connect?", name=name),
            f"no {name}",
        ) from None
    return str(url)


def _algorithms(document: dict[str, Any]) -> list[str]:
    offered = document.get("id_token_signing_alg_values_supported")
    found = [one for one in ALGORITHMS if one in offered] if isinstance(offered, list) else ["RS256"]
    if not found:
        raise ProviderFault(
            _("The provider does not sign with a private key. Doorbell accepts RS256, PS256, ES256 and EdDSA."),
            "no algorithm",
        )
    return found
