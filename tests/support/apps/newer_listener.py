"""The listener of a coming version: its signals have one more field, and those about revenue one more topic."""

from __future__ import annotations

import json

import redis

import listener_worker
from webapp.signals import publisher

TOPIC = "refunds"


def newer(body: str) -> str:
    content = json.loads(body) | {"version": 2}
    if "revenue" in content["topics"]:
        content["topics"][TOPIC] = None
    return json.dumps(content)


def main() -> None:
    run = publisher._run

    def run_newer(client: redis.Redis, keys: tuple[str, str], values: tuple[str, ...]) -> int:
        now_ms, body, *others = values
        return run(client, keys, (now_ms, newer(body), *others))

    publisher._run = run_newer
    listener_worker.main()


if __name__ == "__main__":
    main()
