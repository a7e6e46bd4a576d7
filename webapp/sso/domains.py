"""E-mail domains of tenants. Only an operator adds one: its owner is whom the operator knows, and no page can prove it.

A tenant's admin chooses the provider, which can claim any address. So a domain of another company, or of a public mail
service, would let the admin's provider speak for people who are not the tenant's.
"""

from __future__ import annotations

import re

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..accounts import lookup_sso
from ..accounts.admin import AccountError
from ..models import Tenant
from . import connections
from .claims import domain_of

_DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))+")
# Addresses of these belong to people, not to a company.
PUBLIC = frozenset(
    """
    gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com aol.com
    icloud.com me.com mac.com proton.me protonmail.com gmx.de gmx.net gmx.com web.de t-online.de
    freenet.de mail.com mail.ru yandex.ru yandex.com zoho.com fastmail.com qq.com 163.com 126.com
    orange.fr free.fr laposte.net libero.it seznam.cz wp.pl
    """.split()  # noqa: SIM905 - a list of 35 lines would be longer
)


def checked(text: str) -> str:
    """The domain in lower case and ASCII. Raises AccountError."""
    domain = domain_of(f"x@{text.strip().removeprefix('@')}")
    if not _DOMAIN.fullmatch(domain) or len(domain) > 253:
        raise AccountError(f"The domain {text!r} is not valid. Write it like example.com.")
    if domain in PUBLIC:
        raise AccountError(
            f"The domain {domain!r} is one of a public mail service, whose addresses belong to people of many companies. "
            "Use the company's own domain."
        )
    return domain


def add(session: Session, tenant: Tenant, domain: str) -> bool:
    """Add a checked domain. Returns whether the tenant did not have it. Raises AccountError if another tenant has it."""
    owner = lookup_sso.tenant_with_domain(session, domain)
    if owner == tenant.slug:
        return False
    slug = tenant.slug
    try:
        if owner is None:
            connections.add_domain(session, tenant.id, domain)
            return True
    except IntegrityError:
        session.rollback()
        owner = lookup_sso.tenant_with_domain(session, domain)
    raise AccountError(
        f"The domain {domain!r} already belongs to the tenant {owner!r}, and a domain signs in to one tenant. To move it, "
        f"remove it there first: flask sso set {owner} --remove-domain {domain}; then add it to {slug!r}."
    )
