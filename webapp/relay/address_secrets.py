"""The variables and the secrets of an address: read from the environment, or taken out of the URL and stored encrypted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from .address import CONTROL, OPTIONS, VARIABLE, VARIABLE_OR_DOLLAR, Address, WrongAddress, parse, url_of

_SECRETS = ("username", "password", "query")


def resolve(address: Address, env: Mapping[str, str]) -> Address:
    """The address with its variables read from `env`. Raises WrongAddress naming a variable that is not set."""

    def filled(text: str, encoded: Callable[[str], str] = str) -> str:
        def value(match: re.Match[str]) -> str:
            name = match[1] or match[2]
            return encoded(_variable(name, env)) if name else "$"

        return VARIABLE_OR_DOLLAR.sub(value, text)

    return replace(
        address,
        username=filled(address.username),
        password=filled(address.password),
        path=filled(address.path, quote),
        query=filled(address.query, lambda value: quote(value, safe="")),
        options={name: filled(text) for name, text in address.options.items()},
    )


def split_secrets(url: str) -> tuple[str, dict[str, str]]:
    """The URL without its secrets, for the database and for pages, and the secrets by name, which are stored encrypted.

    Secret are passwords, user names without a password, which may be tokens, and a webhook's query; unless a variable
    replaces them. A path is not secret. Raises WrongAddress.
    """
    address = parse(url)
    secrets = {name: getattr(address, name) for name in _SECRETS if _is_secret(address, name)}
    without: dict[str, Any] = dict.fromkeys(secrets, "")
    public = _public(replace(address, **without))
    # It may be longer than the URL.
    parse(public)
    return public, secrets


def join_secrets(public_url: str, secrets: Mapping[str, Any]) -> Address:
    """The address of a stored URL and its decrypted secrets; others than those of an address may be among them."""
    return replace(parse(public_url), **{name: secrets[name] for name in _SECRETS if name in secrets})


def _is_secret(address: Address, name: str) -> bool:
    value: str = getattr(address, name)
    if name == "query":
        values = [part.partition("=")[2] for part in value.split("&")]
        return value != "" and not all(map(VARIABLE.fullmatch, values))
    if name == "username" and address.password:
        return False
    return value != "" and not VARIABLE.fullmatch(value)


def _public(address: Address) -> str:
    username, password = (
        text if VARIABLE.fullmatch(text) else quote(text.replace("$$", "$"), safe="")
        for text in (address.username, address.password)
    )
    user = username + (f":{password}" if password else "")
    defaults = OPTIONS.get(address.kind, {})
    options = {name: value for name, value in address.options.items() if value != defaults[name]}
    query = address.query.replace("$$", "$") or urlencode(options, safe=":{}$/*.,-").replace("$$", "%24")
    return url_of(address, user, address.path.replace("$$", "$"), query)


def _variable(name: str, env: Mapping[str, str]) -> str:
    value = env.get(name)
    if not value:
        raise WrongAddress(f"{name} is not set in the environment of the relay worker; the address names it")
    if CONTROL.search(value):
        raise WrongAddress(f"{name} has a line break or another control character in the environment; remove it")
    return value
