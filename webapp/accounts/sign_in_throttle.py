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
import unicodedata
from dataclasses import dataclass

from limits import RateLimitItem, RateLimitItemPerSecond

from ..rate_limit.limiter import RateLimiter

PAIR_ATTEMPTS = 10  # per e-mail and client
CLIENT_ATTEMPTS = 40  # per client; an office mistypes less
ACCOUNT_ATTEMPTS = 20  # per account, before attempts are delayed
WINDOW_SECONDS = 900
FIRST_DELAY_SECONDS = 0.5  # doubled with each further attempt
MAX_DELAY_SECONDS = 8.0
# How long a client stays known for an account after it signed in there.
KNOWN_SECONDS = 30 * 86_400
IPV6_BITS = 64  # a provider's smallest assignment


def _limit(name: str, attempts: int, seconds: int = WINDOW_SECONDS) -> RateLimitItem:
    return RateLimitItemPerSecond(attempts, seconds, name)


PAIR, CLIENT = _limit("pair", PAIR_ATTEMPTS), _limit("client", CLIENT_ATTEMPTS)
ACCOUNT, KNOWN = _limit("account", ACCOUNT_ATTEMPTS), _limit("known", 1, KNOWN_SECONDS)


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

    def __init__(self, limiter: RateLimiter, email: str, client: str) -> None:
        self._limiter = limiter
        account = account_name(email)
        self._pair, self._client, self._account = (
            hashed_name(account, client),
            hashed_name(client),
            hashed_name(account),
        )

    def register(self) -> Verdict:
        """Count the attempt. A refused one does not count for the account."""
        pair, client = self._limiter.hit(PAIR, self._pair), self._limiter.hit(CLIENT, self._client)
        if client > CLIENT_ATTEMPTS:
            wait = self._limiter.seconds_left(CLIENT, self._client)
            return Verdict("client", CLIENT_ATTEMPTS, wait, first=client == CLIENT_ATTEMPTS + 1)
        if pair > PAIR_ATTEMPTS:
            wait = self._limiter.seconds_left(PAIR, self._pair)
            return Verdict("e-mail and client", PAIR_ATTEMPTS, wait, first=pair == PAIR_ATTEMPTS + 1)
        account = self._limiter.hit(ACCOUNT, self._account)
        known = self._limiter.hits(KNOWN, self._pair) > 0
        return Verdict(known=known, delay=0.0 if known else _delay(account))

    def take_back(self) -> None:
        """Uncount an attempt whose password was right or was not checked."""
        self._limiter.take_back(PAIR, self._pair)
        self._limiter.take_back(CLIENT, self._client)
        self._limiter.take_back(ACCOUNT, self._account)

    def succeed(self) -> None:
        """Forget the client's failures at this account and remember the client as known."""
        self.take_back()
        self._limiter.forget(PAIR, self._pair)
        self._limiter.forget(KNOWN, self._pair)
        self._limiter.hit(KNOWN, self._pair)


def _delay(attempts: int) -> float:
    over = attempts - ACCOUNT_ATTEMPTS
    return min(MAX_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2.0 ** min(over - 1, 10)) if over > 0 else 0.0


def account_name(email: str) -> str:
    """The account at which an attempt with this address counts: the same for all spellings that PostgreSQL's lower() equates.

    Python lowers some letters otherwise: "İ" is "i" for PostgreSQL, so each spelling of a name would have its own limit.
    """
    folded = unicodedata.normalize("NFKD", email.strip().casefold())
    return "".join(letter for letter in folded.casefold() if not unicodedata.combining(letter))


def hashed_name(*parts: str) -> str:
    """A hash, so that Redis stores no e-mail addresses and all keys have the same length."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
