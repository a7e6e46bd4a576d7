"""A push service and the browser behind it: it keeps each push, checks its signature and decrypts it as a browser does."""

from __future__ import annotations

import base64
import json
import os
from typing import Any

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02

from webapp.push.vapid import base64url, raw_public

from .receivers import Receiver
from .webhooks import Inbox, Request, answer


class PushService:
    """Listens on the loopback address until `close`. `statuses` are those of the next answers; then each is 201."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.inbox = Inbox(lambda _request: answer(self.statuses.pop(0) if self.statuses else 201))
        self._receiver = Receiver(self.inbox)
        self.origin = f"http://127.0.0.1:{self._receiver.port}"

    def browser(self, name: str = "ana") -> PushBrowser:
        return PushBrowser(f"{self.origin}/push/{name}")

    @property
    def requests(self) -> list[Request]:
        return self.inbox.requests

    def close(self) -> None:
        self._receiver.close()


class PushBrowser:
    """A browser with a subscription at `endpoint`."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._auth = os.urandom(16)

    @property
    def subscription(self) -> dict[str, Any]:
        """As PushSubscription.toJSON() gives it."""
        keys = {"p256dh": base64url(raw_public(self._key.public_key())), "auth": base64url(self._auth)}
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": keys}

    def decrypt(self, request: Request) -> dict[str, Any]:
        """The content of a push. Raises http_ece's error when it is not for this browser."""
        assert request.headers["content-encoding"] == "aes128gcm"
        plain = http_ece.decrypt(request.body, private_key=self._key, auth_secret=self._auth, version="aes128gcm")
        content: dict[str, Any] = json.loads(plain)
        return content


def claims(request: Request, public_key: str) -> dict[str, Any]:
    """The claims of a push that is signed by the owner of this key."""
    header = request.headers["authorization"]
    assert Vapid02.verify(header)
    parts = dict(part.split("=", 1) for part in header.removeprefix("vapid ").split(","))
    assert parts["k"] == public_key
    payload = parts["t"].split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found
