"""Accounts of NATS in operator mode: keys and JWTs as `nsc` makes them, with `cryptography` alone."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

OPERATOR, ACCOUNT, USER, SEED = 14 << 3, 0, 20 << 3, 18 << 3
UNLIMITED = -1


class Key:
    """A key pair of a `kind`; `name` is its public key as NATS writes it."""

    def __init__(self, kind: int) -> None:
        self.kind, self._private = kind, Ed25519PrivateKey.generate()
        self.name = _base32(bytes([kind]) + self._private.public_key().public_bytes_raw())

    @property
    def seed(self) -> str:
        prefix = bytes([SEED | self.kind >> 5, (self.kind & 31) << 3])
        return _base32(prefix + self._private.private_bytes_raw())

    def issue(self, subject: Key, kind: str, claims: dict[str, Any]) -> str:
        """A JWT of `subject`, signed by this key."""
        body = {"jti": "1", "iat": 1, "iss": self.name, "sub": subject.name, "name": kind}
        body["nats"] = {"type": kind, "version": 2, **claims}
        text = b".".join(_base64(json.dumps(part).encode()) for part in ({"typ": "JWT", "alg": "ed25519-nkey"}, body))
        return (text + b"." + _base64(self._private.sign(text))).decode()


class Accounts:
    """An operator with a system account and an account with JetStream. `settings` are lines for the server."""

    def __init__(self) -> None:
        operator, system, self._account = Key(OPERATOR), Key(ACCOUNT), Key(ACCOUNT)
        storage = {"mem_storage": UNLIMITED, "disk_storage": UNLIMITED, "streams": UNLIMITED, "consumer": UNLIMITED}
        limits = {"subs": UNLIMITED, "data": UNLIMITED, "payload": UNLIMITED, "conn": UNLIMITED, "leaf": UNLIMITED}
        everything = {"limits": limits | storage | {"imports": UNLIMITED, "exports": UNLIMITED, "wildcards": True}}
        preload = (
            f"{system.name}: {operator.issue(system, 'account', {'limits': limits})}\n"
            f"{self._account.name}: {operator.issue(self._account, 'account', everything)}"
        )
        self.settings = (
            f"operator: {operator.issue(operator, 'operator', {'system_account': system.name})}\n"
            f"system_account: {system.name}\nresolver: MEMORY\nresolver_preload: {{\n{preload}\n}}\n"
        )

    def credentials(self) -> str:
        """The text of the credentials file of a new user."""
        user = Key(USER)
        limits = {"subs": UNLIMITED, "data": UNLIMITED, "payload": UNLIMITED}
        jwt = self._account.issue(user, "user", limits)
        return (
            f"-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n"
            f"-----BEGIN USER NKEY SEED-----\n{user.seed}\n------END USER NKEY SEED------\n"
        )


def _base32(data: bytes) -> str:
    return base64.b32encode(data + binascii.crc_hqx(data, 0).to_bytes(2, "little")).decode().rstrip("=")


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
