"""Warns of a proxy that TRUSTED_PROXIES does not count: all clients then share one address and one limit of sign-ins."""

from __future__ import annotations

import ipaddress
import threading
import time

import redis
from flask import Request

from ..observability import logs

# The address that sent X-Forwarded-For; read by `flask doctor`.
KEY = "doorbell:unnamed_proxy"
KEPT_SECONDS = 86_400
REMINDER_SECONDS = 3600.0  # one warning per hour and process

log = logs.get("sign_in")
_lock = threading.Lock()
_warned_at = float("-inf")


def check(client: redis.Redis, request: Request, trusted_proxies: int) -> None:
    """Warn if this request came through a proxy while TRUSTED_PROXIES is 0."""
    global _warned_at
    peer = request.remote_addr or ""
    if trusted_proxies or "X-Forwarded-For" not in request.headers or not _is_local(peer):
        return
    with _lock:
        if time.monotonic() - _warned_at < REMINDER_SECONDS:
            return
        _warned_at = time.monotonic()
    log.warning(
        "all clients appear as one; set TRUSTED_PROXIES to the number of proxies in front",
        client=peer,
        cause="X-Forwarded-For",
    )
    try:
        client.set(KEY, peer, ex=KEPT_SECONDS)
    except redis.RedisError:
        return  # the line is logged


def _is_local(address: str) -> bool:
    """Whether this is loopback or a private network, as a proxy's address is. Any other client can forge the header."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return not address  # a Unix socket
    return ip.is_loopback or ip.is_private
