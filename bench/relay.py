"""The relay from the outbox to Redis Streams, NATS, RabbitMQ, Kafka and webhooks.

- `throughput`: events per second from a history to each broker, and a bare producer of the same client with the same pages and
  bytes, in turn. One process; `cpu_us_per_event` is its CPU.
- `webhooks`: webhooks per second to a receiver that answers after 20 ms, and plain threads that post the same requests.
- `latency`: from COMMIT to the acknowledgement at 100 changes per second, with the Procfile's listener and relay worker.
- `memory`: the peak of a relay worker over a long history, compared with a short one.
- `writers`: commits per second with five active destinations, and without any.

The Kafka broker is Tansu on an S3 in memory, which takes three requests per batch. These variables choose what is measured:

    RELAY_CASES=throughput,latency RELAY_KINDS=redis,nats,amqp,kafka,webhook .venv/bin/python -m bench.relay
    RELAY_EVENTS=20000 RELAY_WEBHOOKS=2000 RELAY_SECONDS=10 RELAY_ROUNDS=5 RELAY_MEMORY_EVENTS=1000000
"""

from __future__ import annotations

import os

from . import relay_latency, relay_memory, relay_throughput, relay_webhooks, relay_writers
from .relay_bare import KINDS
from .relay_setup import number_of, relay_on, worker_of, write_history
from .stage import Stage


def main() -> None:
    kinds = (os.environ.get("RELAY_KINDS") or ",".join([*KINDS, "webhook"])).split(",")
    cases = (os.environ.get("RELAY_CASES") or "throughput,webhooks,latency,memory,writers").split(",")
    with Stage() as stage:
        if "throughput" in cases:
            url = stage.database("throughput")
            write_history(url, number_of("RELAY_EVENTS", 20_000))
            with relay_on(stage, url) as relay, worker_of(relay) as worker:
                for kind in kinds:
                    if kind in KINDS:
                        relay_throughput.measure(relay, worker, kind)
        if "webhooks" in cases:
            url = stage.database("webhooks")
            write_history(url, number_of("RELAY_WEBHOOKS", 2_000))
            with relay_on(stage, url) as relay, worker_of(relay) as worker:
                relay_webhooks.measure(stage, relay, worker)
        if "latency" in cases:
            relay_latency.measure(stage, kinds)
        if "memory" in cases:
            relay_memory.measure(stage)
        if "writers" in cases:
            relay_writers.measure(stage)


if __name__ == "__main__":
    from .stage import run

    run(main, receive=relay_webhooks.receive, memory=relay_memory.relay)
