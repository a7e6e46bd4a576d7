"""A reader in order that prints what it handles, one JSON value per line: `python -m tests.support.apps.ordered_reader URL`.

An event is `[id, order_id, count]`; `"saved"` follows each saved position. With `--to-the-end` it ends when it has read all.
"""

from __future__ import annotations

import json
import os
import sys

import psycopg

from webapp.outbox.reader import Reader

from ..order_writers import count_of

LIMIT = 7


def say(value: object) -> None:
    # At once and whole, as a message to a broker is.
    os.write(1, json.dumps(value).encode() + b"\n")


def main(database_url: str, is_last: bool) -> None:
    reader = Reader("trial")
    with psycopg.connect(database_url, autocommit=True) as conn:
        while (diff := reader.begin(conn)) or not is_last:
            if diff is None:
                continue
            while events := diff.read(LIMIT):
                for event in events:
                    say([event.id, event.order_id, count_of(event.type, event.old_values, event.new_values)])
                diff.advance(events[-1].id)
                say("saved")
            diff.finish()


if __name__ == "__main__":
    main(sys.argv[1], "--to-the-end" in sys.argv)
