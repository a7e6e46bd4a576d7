"""Errors of comments. Each text says what was seen, what is allowed and what to do; nothing was written."""

from __future__ import annotations


class CommentError(Exception):
    """The comment could not be written or deleted. `status` is HTTP's."""

    status = 422


class CommentInvalid(CommentError):
    """The text is empty or too long."""


class CommentNotFound(CommentError):
    """The order has no such comment, because it was deleted or never existed."""

    status = 409


class CommentForbidden(CommentError):
    """The order, or the comment, is of another user."""

    status = 403


class TooManyComments(CommentError):
    """The user writes faster than people do. `wait` is the number of seconds until the next comment is accepted."""

    status = 429

    def __init__(self, text: str, wait: int) -> None:
        super().__init__(text)
        self.wait = wait
