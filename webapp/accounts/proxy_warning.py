"""Notices a proxy that nobody named: then all clients appear as one, and the limit of one client is everybody's."""

from __future__ import annotations

import ipaddress
import threading
import time

import redis
from flask import Request

from .. import redis_client
from ..observability import logs

KEY = "doorbell:unnamed_proxy"  # the address that X-Forwarded-For came from; `flask doctor` reads it
KEPT_SECONDS = 86_400
AGAIN_SECONDS = 3600.0  # a line an hour and process

log = logs.get("sign_in")
_lock = threading.Lock()
_said = float("-inf")


def look(request: Request, trusted_proxies: int) -> None:
    """Warn when this request came through a proxy while TRUSTED_PROXIES is 0."""
    global _said
    peer = request.remote_addr or ""
    if trusted_proxies or "X-Forwarded-For" not in request.headers or not _is_near(peer):
        return
    with _lock:
        if time.monotonic() - _said < AGAIN_SECONDS:
            return
        _said = time.monotonic()
    log.warning(
        "all clients appear as one; set TRUSTED_PROXIES to the number of proxies in front",
        client=peer,
        cause="X-Forwarded-For",
    )
    try:
        redis_client.client().set(KEY, peer, ex=KEPT_SECONDS)
    except redis.RedisError:
        return  # the log line is there


def _is_near(address: str) -> bool:
    """Loopback or a private network: where a proxy is. The header is any client's to send."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return not address  # a Unix socket
    return ip.is_loopback or ip.is_private
