"""Sends pushes: at least once per notification and browser, several at a time, each with a deadline."""

from __future__ import annotations

import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import psycopg

from ..config import Config
from ..observability import logs
from ..observability.incidents import Incident
from ..postgres import session
from ..webhooks.errors import PostError
from ..webhooks.post import post
from . import due, vapid
from .encryption import KeysInvalid, encrypt
from .message import message

# At once, and so many per claim.
PARALLEL = 8
DEADLINE_SECONDS = 10.0
# A push service keeps a push for a browser that is offline.
KEEP_SECONDS = 24 * 3600
# The pause after a failure: as long as it has failed, within these limits.
PAUSE_MIN_SECONDS, PAUSE_MAX_SECONDS = 10, 3600
# The push service knows no such subscription any more (RFC 8030).
GONE = frozenset({404, 410})

_SENT = """
UPDATE push_subscriptions SET seen = %(seen)s, due_at = now(), failing_since = NULL WHERE tenant_id = %(tenant)s AND id = %(id)s
"""
_FAILED = f"""
UPDATE push_subscriptions SET failing_since = coalesce(failing_since, now()), due_at = now() + least(
    greatest(now() - coalesce(failing_since, now()), make_interval(secs => {PAUSE_MIN_SECONDS})),
    make_interval(secs => {PAUSE_MAX_SECONDS}))
WHERE tenant_id = %(tenant)s AND id = %(id)s
"""  # noqa: S608 - only our constants
_REMOVE = "DELETE FROM push_subscriptions WHERE tenant_id = %(tenant)s AND id = %(id)s AND endpoint = %(endpoint)s"

log = logs.get("push")


@dataclass(frozen=True)
class Job:
    """A push to one browser; `body` is None when the user wants none of the new notifications."""

    subscription: Any
    body: bytes | None
    seen: str


class PushSender:
    """Sends what is due. Threads and processes may run it at once. `tls` is for tests and private authorities."""

    def __init__(self, config: Config, tls: ssl.SSLContext | None = None) -> None:
        if config.vapid is None:
            raise ValueError("pushes need VAPID_PRIVATE_KEY and VAPID_SUBJECT")
        self._config, self._vapid, self._tls = config, config.vapid, tls
        self._refused = Incident("a push service", "trying again", state="refusing pushes", again="accepting them")
        self.has_subscriptions = False

    def run(self) -> int:
        """Send until none is due; returns the number of pushes sent. Raises psycopg.Error."""
        sent = 0
        url = self._config.database_url
        with session.connect(url, "doorbell push", autocommit=True) as conn, ThreadPoolExecutor(PARALLEL) as pool:
            due.forget_ended(conn)
            while jobs := [self._job(conn, row) for row in due.claim(conn, PARALLEL)]:
                for job, status in zip(jobs, pool.map(self._post, jobs), strict=True):
                    sent += self._record(conn, job, status)
            self.has_subscriptions = due.any_left(conn)
        return sent

    def _job(self, conn: psycopg.Connection[Any], row: Any) -> Job:
        items, context, seen = due.read(conn, row)
        try:
            plain = message(items, context, row.base_path, row.seen) if items else None
            return Job(row, plain and encrypt(plain, row.p256dh, row.auth), seen)
        except KeysInvalid:
            # It was checked when it was stored, so the row was changed since.
            conn.execute(_REMOVE, _key(row))
            return Job(row, None, seen)

    def _post(self, job: Job) -> int | PostError:
        """The status of the answer, 0 for a push that is not needed."""
        if job.body is None:
            return 0
        endpoint = job.subscription.endpoint
        headers = {
            "Authorization": vapid.authorization(self._vapid, endpoint),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(KEEP_SECONDS),
            "Urgency": "high",
        }
        try:
            allow = self._config.webhook_allow
            return post(endpoint, job.body, headers, DEADLINE_SECONDS, allow, tls=self._tls).status
        except PostError as error:
            return error

    def _record(self, conn: psycopg.Connection[Any], job: Job, status: int | PostError) -> bool:
        """Store the result of one push; returns whether it was sent."""
        key = _key(job.subscription)
        if status in GONE:
            conn.execute(_REMOVE, key)
            log.info("removed a push subscription that has expired", tenant=key["tenant"], status=status)
            return False
        if isinstance(status, int) and (status == 0 or 200 <= status <= 299):
            conn.execute(_SENT, key | {"seen": job.seen})
            if status:
                self._refused.over(log)
            return bool(status)
        conn.execute(_FAILED, key)
        error = status if isinstance(status, PostError) else None
        self._refused.fault(log, "push", error, tenant=key["tenant"], status=None if error else status)
        return False


def _key(row: Any) -> dict[str, Any]:
    return {"tenant": row.tenant_id, "id": row.id, "endpoint": row.endpoint}
