"""`flask rollups`: the aggregates for the 30-day chart and the leaderboard."""

from __future__ import annotations

import redis
from flask.cli import AppGroup

from ..events.topics import ROLLUPS
from ..rollups import refresh
from ..services import services
from ..signals import publisher
from . import echo, stop

rollups_cli = AppGroup("rollups", help="The aggregates for the 30-day chart and the leaderboard.")


@rollups_cli.command("rebuild")
def rebuild() -> None:
    """Rebuild all rollups, for example after a change of a tenant's time zone by SQL."""
    changed = refresh.rebuild(services().config.database_url)
    echo(f"Rebuilt the rollups of {len(changed)} tenant{'' if len(changed) == 1 else 's'}.")
    try:
        for tenant_id in sorted(changed):
            publisher.publish(services().redis, tenant_id, {ROLLUPS: None})
    except redis.RedisError as error:
        stop(
            f"Open boards were not notified, because Redis does not answer: {error}. They update when they are reloaded."
        )
