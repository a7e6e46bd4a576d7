"""Limits guesses of one-time codes per user: a slow-down first, then a pause.

Only a person with the user's password can guess. With fifty guesses per day, of a million codes of which three are valid, that
takes eighteen years on average. Passkeys and recovery codes cannot be guessed and stay open meanwhile; they have limits of
their own, per client, so that a stranger keeps no user out.
"""

from __future__ import annotations

from dataclasses import dataclass

import redis
from limits import RateLimitItem, RateLimitItemPerSecond

from ..accounts.waiting_room import WaitingRoom, WaitingRoomFull
from ..rate_limit.limiter import RateLimiter
from .account import Account

FREE_ATTEMPTS = 5  # before attempts are delayed
HOUR_ATTEMPTS, DAY_ATTEMPTS = 20, 50
FIRST_DELAY_SECONDS = 0.5  # doubled with each further attempt
MAX_DELAY_SECONDS = 8.0
# Answers of passkeys without a password before them, per client: each costs a query.
PASSKEY_ATTEMPTS, PASSKEY_SECONDS = 60, 900
# Recovery codes per user and client: each wrong one is an entry of the audit log.
RECOVERY_ATTEMPTS, RECOVERY_SECONDS = 30, 900
BUSY_SECONDS = 5


@dataclass
class CodesRefused(Exception):
    """The attempt was refused unchecked. `wait` is the seconds until the next one is allowed."""

    wait: int
    is_busy: bool = False


class CodeLimit:
    """Counts attempts before they are checked, so that a hundred concurrent guesses all count."""

    def __init__(self, client: redis.Redis) -> None:
        self.limiter = RateLimiter(client, "second-factor", "each process limits one-time codes by itself")
        self.waiting_room = WaitingRoom()

    def register(self, account: Account) -> None:
        """Count an attempt, and hold it back if there were many. Raises CodesRefused."""
        name = str(account.user_id)
        for limit in (_DAY, _HOUR):
            if self.limiter.hits(limit, name) >= limit.amount:
                raise CodesRefused(self.limiter.seconds_left(limit, name))
        self.limiter.hit(_DAY, name)
        attempts = self.limiter.hit(_HOUR, name)
        if attempts > HOUR_ATTEMPTS:
            raise CodesRefused(self.limiter.seconds_left(_HOUR, name))
        try:
            self.waiting_room.wait(name, delay(attempts))
        except WaitingRoomFull:
            self.take_back(account)
            raise CodesRefused(BUSY_SECONDS, is_busy=True) from None

    def take_back(self, account: Account) -> None:
        """Uncount an attempt that was right, or was not checked."""
        for limit in (_DAY, _HOUR):
            self.limiter.take_back(limit, str(account.user_id))

    def register_passkey(self, client: str) -> None:
        """Count an answer of a passkey. Raises CodesRefused."""
        if self.limiter.hit(_PASSKEY, client) > PASSKEY_ATTEMPTS:
            raise CodesRefused(self.limiter.seconds_left(_PASSKEY, client))

    def register_recovery_code(self, account: Account, client: str) -> None:
        """Count a recovery code. Raises CodesRefused."""
        name = (str(account.user_id), client)
        if self.limiter.hit(_RECOVERY, *name) > RECOVERY_ATTEMPTS:
            raise CodesRefused(self.limiter.seconds_left(_RECOVERY, *name))


def delay(attempts: int) -> float:
    """The seconds for which the attempt with this number in its hour is held back."""
    over = attempts - FREE_ATTEMPTS
    return min(MAX_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2.0 ** min(over - 1, 10)) if over > 0 else 0.0


def _limit(name: str, attempts: int, seconds: int) -> RateLimitItem:
    return RateLimitItemPerSecond(attempts, seconds, name)


_HOUR, _DAY = _limit("hour", HOUR_ATTEMPTS, 3600), _limit("day", DAY_ATTEMPTS, 86_400)
_PASSKEY = _limit("passkey", PASSKEY_ATTEMPTS, PASSKEY_SECONDS)
_RECOVERY = _limit("recovery", RECOVERY_ATTEMPTS, RECOVERY_SECONDS)
