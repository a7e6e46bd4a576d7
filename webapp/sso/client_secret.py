"""How the client shows its secret to the provider."""

from __future__ import annotations

import base64
from urllib.parse import quote_plus

from .discovery import Provider


def auth_method(provider: Provider) -> str:
    """How the client shows its secret: the default of OpenID Connect, unless the provider accepts only the other way."""
    offered = provider.metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return "client_secret_post" if "client_secret_basic" not in offered else "client_secret_basic"


def basic_header(client_id: str, secret: str) -> str:
    """Both parts are form-encoded first (RFC 6749, section 2.3.1). Authlib leaves that out."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"
