"""How often a sign-in may fail: by e-mail and client, by client, and by account over all clients.

- An e-mail from one client: a mistyped name does not lock an office out, nor a stranger elsewhere a colleague.
- A client over all e-mails: one password tried on many accounts.
- An account over all clients: many addresses at one account. Its tries are slowed and never refused for that, and not at all
  for a client that has signed in to it before, so strangers cannot lock anybody out.

A try counts before its password is checked, so a hundred at once are not a hundred guesses; a success is taken back.
"""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass

from .expiring_counters import ExpiringCounters

TRIES = 10  # of one e-mail from one client
CLIENT_TRIES = 40  # of one client; more than an office mistypes in a morning
ACCOUNT_TRIES = 20  # of one account from all clients, before its tries are slowed
WINDOW_SECONDS = 900
FIRST_DELAY_SECONDS = 0.5  # doubled with each further try
MAX_DELAY_SECONDS = 8.0
KNOWN_SECONDS = 30 * 86_400  # a client that signed in to the account so long ago is known
IPV6_BITS = 64  # what one customer of a provider has at least


@dataclass(frozen=True)
class Verdict:
    """`wait` seconds until another try is let through, 0 for this one; `delay` seconds to hold it back.

    `known`: the client has signed in to the account before. `first`: it is the first refusal in the window.
    """

    reason: str = ""
    tries: int = 0
    wait: int = 0
    delay: float = 0.0
    known: bool = False
    first: bool = False


def client_of(address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address  # a Unix socket has none
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((int(ip), IPV6_BITS), strict=False))
    return str(ip)


class Try:
    """One try to sign in, at these counters."""

    def __init__(self, tries: ExpiringCounters, email: str, client: str) -> None:
        self._tries = tries
        account = email.strip().lower()
        self._pair, self._known = _key("pair", account, client), _key("known", account, client)
        self._client, self._account = _key("client", client), _key("account", account)

    def count(self) -> Verdict:
        """Count the try. One that is refused does not count for the account."""
        (pair, wait), (client, client_wait) = self._tries.add([self._pair, self._client], WINDOW_SECONDS)
        if client > CLIENT_TRIES:
            return Verdict("client", CLIENT_TRIES, client_wait, first=client == CLIENT_TRIES + 1)
        if pair > TRIES:
            return Verdict("e-mail and client", TRIES, wait, first=pair == TRIES + 1)
        ((account, _wait),) = self._tries.add([self._account], WINDOW_SECONDS)
        known = self._tries.has(self._known)
        return Verdict(known=known, delay=0.0 if known else _delay(account))

    def take_back(self) -> None:
        """It was not a guess: the password was right, or was not checked."""
        self._tries.take_back([self._pair, self._client, self._account], WINDOW_SECONDS)

    def succeed(self) -> None:
        """Forget this client's failures at the account, and know the client."""
        self.take_back()
        self._tries.forget(self._pair)
        self._tries.keep(self._known, KNOWN_SECONDS)


def _delay(tries: int) -> float:
    over = tries - ACCOUNT_TRIES
    return min(MAX_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2.0 ** min(over - 1, 10)) if over > 0 else 0.0


def _key(kind: str, *parts: str) -> str:
    """Hashed, so that Redis holds no e-mail addresses and no key is longer than this."""
    return f"sign-in:{kind}:" + hashlib.sha256("\n".join(parts).encode()).hexdigest()
