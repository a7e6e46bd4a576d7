"""Answer: what a receiver sent back, cut to what is kept."""

from __future__ import annotations

from dataclasses import dataclass

# Standard Webhooks: the receiver wants no more requests.
GONE = 410
MAX_KEPT_BYTES = 16_384


@dataclass(frozen=True)
class Answer:
    """A receiver's answer to one POST.

    `headers` are pairs in their order. `body` has at most 16 KiB; `is_cut` is true when the receiver sent more, or ended in
    the middle. `milliseconds` is the time of the whole request, look-up and TLS included. `address` is the one that answered.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    is_cut: bool
    milliseconds: int
    address: str

    @property
    def is_success(self) -> bool:
        """Any 2xx. A redirect is a failure, because none is followed."""
        return 200 <= self.status <= 299

    def header(self, name: str) -> str | None:
        """The value of the first header of that name; upper and lower case are the same."""
        return next((value for each, value in self.headers if each.lower() == name.lower()), None)

    @property
    def text(self) -> str:
        """The body for a page or a text column, at most 16 KiB too: bytes that are not UTF-8, and NUL, are replaced."""
        text = self.body.decode("utf-8", errors="replace").replace("\0", "\ufffd")
        return text.encode()[:MAX_KEPT_BYTES].decode(errors="ignore")
