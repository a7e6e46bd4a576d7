"""Limits failed sign-ins: per e-mail and client, per client, and per account over all clients.

- Per e-mail and client: a mistyped name does not lock out an office, and a stranger elsewhere does not lock out a colleague.
- Per client over all e-mails: this stops one password from being tried on many accounts.
- Per account over all clients: this slows many addresses that guess at one account. Such attempts are delayed, never refused.
  A client that has signed in to the account before is not delayed, so strangers cannot lock a user out.

An attempt counts before its password is checked, so a hundred concurrent guesses all count. A success is taken back.
"""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass

from .expiring_counters import ExpiringCounters

PAIR_ATTEMPTS = 10  # per e-mail and client
CLIENT_ATTEMPTS = 40  # per client; an office mistypes less
ACCOUNT_ATTEMPTS = 20  # per account, before attempts are delayed
WINDOW_SECONDS = 900
FIRST_DELAY_SECONDS = 0.5  # doubled with each further attempt
MAX_DELAY_SECONDS = 8.0
# How long a client stays known for an account after it signed in there.
KNOWN_SECONDS = 30 * 86_400
IPV6_BITS = 64  # a provider's smallest assignment


@dataclass(frozen=True)
class Verdict:
    """`wait` is the seconds until another attempt is allowed, 0 if this one is. `delay` is the seconds to hold it back.

    `known`: the client has signed in to the account before. `first`: this is the first refusal in the window.
    """

    reason: str = ""
    limit: int = 0
    wait: int = 0
    delay: float = 0.0
    known: bool = False
    first: bool = False


def client_of(address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address  # of a Unix socket: empty
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((int(ip), IPV6_BITS), strict=False))
    return str(ip)


class SignInAttempt:
    """One attempt of a client to sign in to an account."""

    def __init__(self, counters: ExpiringCounters, email: str, client: str) -> None:
        self._counters = counters
        account = email.strip().lower()
        self._pair, self._known = _key("pair", account, client), _key("known", account, client)
        self._client, self._account = _key("client", client), _key("account", account)

    def register(self) -> Verdict:
        """Count the attempt. A refused one does not count for the account."""
        (pair, wait), (client, client_wait) = self._counters.add([self._pair, self._client], WINDOW_SECONDS)
        if client > CLIENT_ATTEMPTS:
            return Verdict("client", CLIENT_ATTEMPTS, client_wait, first=client == CLIENT_ATTEMPTS + 1)
        if pair > PAIR_ATTEMPTS:
            return Verdict("e-mail and client", PAIR_ATTEMPTS, wait, first=pair == PAIR_ATTEMPTS + 1)
        ((account, _wait),) = self._counters.add([self._account], WINDOW_SECONDS)
        known = self._counters.has(self._known)
        return Verdict(known=known, delay=0.0 if known else _delay(account))

    def take_back(self) -> None:
        """Uncount an attempt whose password was right or was not checked."""
        self._counters.take_back([self._pair, self._client, self._account], WINDOW_SECONDS)

    def succeed(self) -> None:
        """Forget the client's failures at this account and remember the client as known."""
        self.take_back()
        self._counters.forget(self._pair)
        self._counters.keep(self._known, KNOWN_SECONDS)


def _delay(attempts: int) -> float:
    over = attempts - ACCOUNT_ATTEMPTS
    return min(MAX_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2.0 ** min(over - 1, 10)) if over > 0 else 0.0


def _key(kind: str, *parts: str) -> str:
    """A hashed key, so that Redis stores no e-mail addresses and all keys have the same length."""
    return f"sign-in:{kind}:" + hashlib.sha256("\n".join(parts).encode()).hexdigest()
