"""The provider as a process of the test."""

from __future__ import annotations

import json
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import requests

from ..install.oidc_provider import HOME
from ..wait import eventually

SCRIPT = Path(__file__).with_name("provider.mjs")
CLIENT_ID = "doorbell"
# With characters that a client has to encode.
CLIENT_SECRET = "s3cret+of/doorbell=%"
START_SECONDS = 30.0


class Provider:
    """A provider on `port`. Started again, it has new keys and has forgotten people and lies."""

    def __init__(self, port: int, redirect_uri: str) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        client = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "redirect_uris": [redirect_uri]}
        self._settings = {"port": port, "home": str(HOME), "clients": [client]}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = ["node", str(SCRIPT), json.dumps(self._settings)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(self._answers, START_SECONDS)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def restart(self) -> None:
        """A rotation of the keys."""
        self.stop()
        self.start()

    def person(self, login: str, **claims: Any) -> None:
        """Set what the provider states about the person who signs in there with `login`."""
        self._control({"people": {login: claims}})

    def lie(self, **lies: Any) -> None:
        """From now on send other values: of the description, the token, userinfo or the answer (provider.mjs)."""
        self._control({"lies": lies})

    def reset(self) -> None:
        """Forget people and lies."""
        self._control({"reset": True})

    def _control(self, told: dict[str, Any]) -> None:
        requests.post(f"{self.issuer}/control", json=told, timeout=10).raise_for_status()

    def _answers(self) -> bool:
        with suppress(requests.ConnectionError):
            return requests.get(f"{self.issuer}/jwks", timeout=10).ok
        return False
