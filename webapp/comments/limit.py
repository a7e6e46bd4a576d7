"""The limit of comments per user: a stuck key or a script must not flood a team's inboxes."""

from __future__ import annotations

import redis
from limits import RateLimitItemPerSecond

from ..language import ngettext
from ..rate_limit.limiter import RateLimiter
from .errors import TooManyComments

MAX_COMMENTS = 20
WINDOW_SECONDS = 60
_LIMIT = RateLimitItemPerSecond(MAX_COMMENTS, WINDOW_SECONDS, "comments")


class CommentLimit:
    """Counts the comments of each user, in Redis or, while it is away, in this process."""

    def __init__(self, client: redis.Redis) -> None:
        self._limiter = RateLimiter(client, "comments", "each process limits comments by itself")

    def count(self, user_id: int) -> None:
        """Count one comment. Raises TooManyComments."""
        if self._limiter.hit(_LIMIT, str(user_id)) > MAX_COMMENTS:
            wait = self._limiter.seconds_left(_LIMIT, str(user_id))
            raise TooManyComments(
                ngettext(
                    "You wrote %(count)s comments within %(window)s seconds. Wait %(num)s second, then send this one again.",
                    "You wrote %(count)s comments within %(window)s seconds. Wait %(num)s seconds, then send this one again.",
                    wait,
                    count=MAX_COMMENTS,
                    window=WINDOW_SECONDS,
                ),
                wait,
            )
