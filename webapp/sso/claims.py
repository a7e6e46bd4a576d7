"""The meaning of a person's claims: the verified e-mail address, the name, and the role by the rules of the connection."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

import idna

from ..accounts.admin import NAME_MAX_CHARS
from ..language import gettext as _
from ..models import EMAIL_MAX_CHARS, ROLES
from .errors import PersonRefused

# Of Entra ID, which knows no email_verified: "the owner of the e-mail's domain has been verified".
_ENTRA_HOSTS = ("login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn")
_ENTRA_VERIFIED = "xms_edov"
_EMAIL = re.compile(r"[^\s@\x00-\x1f<>]+@[^\s@\x00-\x1f<>]+")
Claims = Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """People whose `claim` is `value`, or is a list that contains it, have the `role`. A dot leads into an object."""

    claim: str
    value: str
    role: str

    def matches(self, claims: Claims) -> bool:
        found = _find(claims, self.claim)
        values = found if isinstance(found, list) else [found]
        return any(_text(one) == self.value for one in values)


def rules_of(stored: Iterable[Mapping[str, Any]]) -> tuple[Rule, ...]:
    return tuple(Rule(str(one["claim"]), str(one["value"]), str(one["role"])) for one in stored)


def stored_rules(rules: Sequence[Rule]) -> list[dict[str, str]]:
    return [asdict(rule) for rule in rules]


def role_of(claims: Claims, rules: Sequence[Rule], default_role: str | None) -> str | None:
    """The highest role of the rules that match, else the default; None for no access."""
    roles = [rule.role for rule in rules if rule.matches(claims)]
    return max(roles, key=ROLES.index) if roles else default_role


def are_missing(claims: Claims, rules: Sequence[Rule]) -> bool:
    """Whether the token lacks claims that the provider may return from its userinfo endpoint."""
    wanted = {"email", *(rule.claim.partition(".")[0] for rule in rules if rule.claim not in claims)}
    return not wanted <= claims.keys()


def merged(signed: Claims, more: Claims) -> dict[str, Any]:
    """The claims of the token and of the userinfo endpoint; the signed ones win. An address is verified by its own source."""
    is_same = _text(signed.get("email", more.get("email"))).lower() == _text(more.get("email")).lower()
    unsaid = () if is_same else ("email_verified", _ENTRA_VERIFIED)
    return {name: value for name, value in more.items() if name not in unsaid} | dict(signed)


def verified_email(claims: Claims, issuer: str) -> str:
    """The person's e-mail address. Raises PersonRefused without one, or when the provider has not verified it."""
    email = _text(claims.get("email")).strip()
    if not email or len(email) > EMAIL_MAX_CHARS or not _EMAIL.fullmatch(email):
        raise PersonRefused(
            _(
                "Your company's sign-in did not send your e-mail address. Ask the administrator of your company's sign-in to "
                "send the claim email to Doorbell."
            ),
            "no e-mail",
        )
    if not _is_verified(claims, issuer):
        raise PersonRefused(
            _(
                "Your company's sign-in has not verified the address %(email)s. Verify it there, then sign in again.",
                email=email,
            ),
            "e-mail not verified",
        )
    return email


def domain_of(email: str) -> str:
    """The domain of an address, in lower case and ASCII; "" for a text without one."""
    name, at, domain = email.strip().rpartition("@")
    domain = domain.rstrip(".").lower()
    if not name or not at:
        return ""
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return ""


def sent_name(claims: Claims) -> str:
    """The person's name as the provider has it, as one printable line; "" if it sends none."""
    parts = (_text(claims.get("given_name")), _text(claims.get("family_name")))
    return _printable(_text(claims.get("name"))) or _printable(" ".join(filter(None, parts)))


def name_from(email: str) -> str:
    """A name for a person without one: the part of the address before the @."""
    return _printable(email.partition("@")[0]) or email[:NAME_MAX_CHARS]


def _printable(text: str) -> str:
    printable = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(printable.split())[:NAME_MAX_CHARS].strip()


def _is_verified(claims: Claims, issuer: str) -> bool:
    if urlsplit(issuer).hostname in _ENTRA_HOSTS and "email_verified" not in claims:
        return _text(claims.get(_ENTRA_VERIFIED)) in ("true", "1")
    return _text(claims.get("email_verified")) == "true"


def _find(claims: Claims, path: str) -> Any:
    """A claim by its name, which may contain dots itself, such as a URL; else by its path."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for part in path.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    return found


def _text(value: Any) -> str:
    """A claim as text: a boolean as JSON writes it; "" for objects, lists and nothing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).replace("\0", "") if isinstance(value, str | int) else ""
