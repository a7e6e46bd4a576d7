"""`flask doctor` on jobs of uploaded files that wait."""

from __future__ import annotations

import psycopg
import redis

from webapp.doctor.uploads import MAX_WAIT_SECONDS
from webapp.uploads import jobs

from ..support.doctor import examined
from ..support.uploads import Uploads
from ..support.world import Service, World


def test_a_job_that_waits_for_long_is_a_fault(
    service: Service, world: World, conn: psycopg.Connection, redis_client: redis.Redis
) -> None:
    uploads = Uploads(service, conn, redis_client, world.tenant())
    long_ago = f"now() - interval '{MAX_WAIT_SECONDS + 10} s'"
    examined(service).says("imports", "ok", "no import waits")
    uploads.queue(uploads.add())
    examined(service).says("imports", "ok", "an import has waited for")
    conn.execute(f"UPDATE uploads SET queued_at = {long_ago}")
    examined(service).says(
        "imports", "FAULT", "an import has waited for 2 min", "Start the worker of the queue doorbell"
    )
    assert jobs.claim(conn) is not None
    examined(service).says("imports", "ok", "no import waits")
    uploads.queue(uploads.add())
    conn.execute(f"UPDATE uploads SET queued_at = {long_ago} WHERE state = 'queued'")
    examined(service).says("imports", "ok", "no import waits")
    conn.execute(f"UPDATE uploads SET lease_until = {long_ago} WHERE state = 'running'")
    examined(service).says("imports", "FAULT", "an import has waited for 2 min")
