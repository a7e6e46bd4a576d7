"""The authorization code flow by Authlib's Flask client, with PKCE, state and nonce, and the checks that Authlib leaves out.

Authlib keeps a begun sign-in in the session cookie. `begin` adds the tenant and the issuer to it, so that `finish` never takes
the answer of one provider for that of another.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import FlaskIntegration
from authlib.integrations.flask_client.apps import FlaskOAuth2App
from flask import session
from joserfc.errors import JoseError

from ..config import Config
from ..language import gettext as _
from ..observability import logs
from . import claims as claim_rules
from .client_secret import auth_method, basic_header
from .connections import TenantConnection
from .discovery import Provider, ProviderCache
from .errors import PersonRefused, ProviderFault, SsoError
from .http import Reach
from .transport import ProviderAdapter, ProviderSession

NAME = "sso"
SCOPE = "openid email profile"
# From the button to the provider's answer.
MAX_SECONDS = 900
# How far the clocks of the provider and of this server may be apart.
LEEWAY_SECONDS = 60
# Of one browser, such as in several tabs; each has some 400 bytes of the cookie.
MAX_BEGUN = 3
_PREFIX = f"_state_{NAME}_"

log = logs.get("sso")


class _App(FlaskOAuth2App):
    client_cls = ProviderSession
    provider: Provider
    reach: Reach

    def fetch_jwk_set(self, force: bool = False) -> dict[str, Any]:
        """The provider's keys for signatures. Authlib forces it when a token has an unknown `kid`: the keys were rotated."""
        if force or self.provider.jwks is None:
            keys = self.provider.keys(self.reach)
            usable = [key for key in keys if key.get("use", "sig") == "sig" and key.get("kty") in ("RSA", "EC", "OKP")]
            self.provider.jwks = {"keys": usable}
        return self.provider.jwks


@dataclass(frozen=True)
class Begun:
    """A sign-in that this browser has begun."""

    state: str
    tenant_id: int
    issuer: str
    back: str


def begin(
    connection: TenantConnection, config: Config, cache: ProviderCache, redirect_uri: str, email: str, back: str
) -> str:
    """The address of the provider's sign-in. `back` is the page after it. Raises SsoError."""
    app = _app(connection, config, cache)
    extra = {"login_hint": email} if email else {}
    found = app.create_authorization_url(redirect_uri, **extra)
    url: str = found.pop("url")
    _make_room()
    mine = {"tenant": connection.tenant_id, "issuer": connection.issuer, "back": back, "at": int(time.time())}
    app.save_authorize_data(redirect_uri=redirect_uri, **mine, **found)
    return url


def find_begun(state: str) -> Begun:
    """The sign-in with this state. Raises PersonRefused when this browser has begun none, or too long ago."""
    found = FlaskIntegration(NAME).get_state_data(session, state) if state else None
    if not found or time.time() - found.get("at", 0) > MAX_SECONDS:
        raise unknown_state()
    return Begun(state, found["tenant"], found["issuer"], found["back"])


def unknown_state() -> PersonRefused:
    text = _("This sign-in was not begun in this browser, was already used, or took too long. Start again.")
    return PersonRefused(text, "unknown state")


def forget_begun(state: str) -> None:
    """A state is good for one answer."""
    session.pop(_PREFIX + state, None)


def finish(
    begun: Begun, arguments: Mapping[str, str], connection: TenantConnection, config: Config, cache: ProviderCache
) -> dict[str, Any]:
    """The verified claims of the person. Raises SsoError."""
    if connection.issuer != begun.issuer:
        raise PersonRefused(
            _("The settings of single sign-on were changed meanwhile. Start again."), "settings changed"
        )
    app = _app(connection, config, cache)
    _check_issuer(app.provider, arguments.get("iss"))
    if answered := arguments.get("error"):
        raise _answered_error(answered)
    if not arguments.get("code"):
        raise ProviderFault(_("Your company's sign-in sent an incomplete answer. Start again."), "no code")
    try:
        return _verified(app, connection)
    except OAuthError as error:
        raise _token_error(str(error.error)) from error
    except JoseError as error:
        cache.forget(connection.issuer)
        raise ProviderFault(
            _("The answer of your company's sign-in could not be verified. Nothing was changed. Start again."),
            f"token not valid: {getattr(error, 'claim', '') or type(error).__name__}",
        ) from error
    except (requests.RequestException, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ProviderFault(
            _("Your company's sign-in sent an answer that is not valid. Try again in a few minutes."),
            f"answer not valid: {type(error).__name__}",
        ) from error


def _verified(app: _App, connection: TenantConnection) -> dict[str, Any]:
    options = {
        "iss": {"essential": True, "value": connection.issuer},
        "aud": {"essential": True, "value": connection.settings.client_id},
    }
    token = app.authorize_access_token(claims_options=options, leeway=LEEWAY_SECONDS)
    found = token.get("userinfo")
    if not found or not found.get("sub"):
        raise ProviderFault(_("Your company's sign-in sent no identity (ID token). Start again."), "no id_token")
    if claim_rules.are_missing(found, connection.settings.rules) and "userinfo_endpoint" in app.server_metadata:
        more = app.userinfo(token=token)
        if more.get("sub") != found["sub"]:
            raise ProviderFault(
                _("Your company's sign-in sent the data of two people. Start again."), "subjects differ"
            )
        found = claim_rules.merged(found, more)
    return dict(found)


def _app(connection: TenantConnection, config: Config, cache: ProviderCache) -> _App:
    reach = Reach(config.webhook_allow)
    provider = cache.get(connection.issuer, reach)
    app = _App(
        FlaskIntegration(NAME),
        NAME,
        client_id=connection.settings.client_id,
        client_secret=connection.secret(config),
        client_kwargs={
            "scope": SCOPE,
            "code_challenge_method": "S256",
            "token_endpoint_auth_method": auth_method(provider),
            "adapter": ProviderAdapter(reach),
        },
        client_auth_methods=[("client_secret_basic", _basic)],
        **provider.metadata,
    )
    app.provider, app.reach = provider, reach
    return app


def _basic(client: Any, _method: str, uri: str, headers: dict[str, str], body: str) -> tuple[str, dict[str, str], str]:
    return uri, {**headers, "Authorization": basic_header(client.client_id, client.client_secret)}, body


def _make_room() -> None:
    """Forget the oldest sign-ins of this browser, because a cookie has 4 KB."""
    keys = sorted((key for key in session if key.startswith(_PREFIX)), key=lambda key: session[key]["exp"])
    for key in keys[: max(0, len(keys) - MAX_BEGUN + 1)]:
        session.pop(key)


def _check_issuer(provider: Provider, sent: str | None) -> None:
    """RFC 9207: the answer is of the provider that was asked, and of no other (a mix-up)."""
    if (sent is None and provider.sends_iss) or (sent is not None and sent != provider.issuer):
        raise PersonRefused(
            _("The answer is not of your company's sign-in. Nothing was changed. Start again."),
            "answer of another issuer",
        )


def _answered_error(error: str) -> SsoError:
    if error == "access_denied":
        text = _(
            "Your company's sign-in was cancelled, or does not let you use Doorbell. Ask its administrator for access."
        )
        return PersonRefused(text, "access_denied")
    if error in ("temporarily_unavailable", "server_error"):
        return ProviderFault(_("Your company's sign-in is not available. Try again in a few minutes."), error)
    return ProviderFault(
        _(
            "Your company's sign-in answered with the error “%(error)s”. Give it to your Doorbell administrator.",
            error=error[:60],
        ),
        f"answered {error[:60]}",
    )


def _token_error(error: str) -> SsoError:
    if error in ("invalid_client", "unauthorized_client"):
        text = _(
            "Your company's sign-in refused Doorbell's client ID or secret. Ask your Doorbell administrator to test them."
        )
        return ProviderFault(text, error)
    if error == "invalid_grant":
        return PersonRefused(_("This sign-in has expired or was already used. Start again."), error)
    return _answered_error(error)
